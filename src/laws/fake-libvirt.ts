import { createHash } from 'node:crypto';
import { type Document, type Element, parseXmlDocument, serializeToWellFormedString } from 'slimdom';
import { type Action, type ActionResult, parseCpuSet, type Reading } from '../contract/index.ts';
import type { Output } from './fake-command.ts';
import type { HostFiles } from './fake-files.ts';

/** Where libvirt keeps the XML of guests that are defined and, in a form of its own, of those that run. */
const PLACES = { config: '/etc/libvirt/qemu', live: '/run/libvirt/qemu' } as const;
type Plane = keyof typeof PLACES;

/** A file of libvirt's that it can read, as it would print it: a file with a mistake is passed over. */
interface Known {
  readonly path: string;
  readonly full: string;
  readonly name: string;
  readonly uuid: string;
}

function known(files: HostFiles, plane: Plane): Known[] {
  return (files.names(PLACES[plane]) ?? []).flatMap((file): Known[] => {
    const path = `${PLACES[plane]}/${file}`;
    const full = file.endsWith('.xml') ? domainText(files.read(path)?.toString()) : undefined;
    const root = full === undefined ? undefined : domainOf(full)?.documentElement;
    const name = root && childOf(root, 'name')?.textContent;
    if (full === undefined || !root || !name || file !== `${name}.xml`) return [];
    if (plane === 'live' && !root.hasAttribute('id')) return [];
    return [{ path, full, name, uuid: childOf(root, 'uuid')?.textContent?.trim() ?? name }];
  });
}

/** Of a guest that runs, libvirt keeps more around its XML than it prints. */
const STATE = /^([\s\S]*?<domstatus\b[\s\S]*?)(<domain\b[\s\S]*<\/domain>)([\s\S]*)$/;

const domainText = (text: string | undefined): string | undefined => {
  const inner = text === undefined ? undefined : STATE.exec(text)?.[2];
  return inner === undefined ? text : `${inner}\n`;
};

function store(path: string, document: Document, files: HostFiles): void {
  const xml = serializeToWellFormedString(document);
  const [, head = '', , tail = '\n'] = STATE.exec(files.read(path)?.toString() ?? '') ?? [];
  files.put(path, `${head}${xml}${tail}`);
}

function domainOf(text: string): Document | undefined {
  try {
    const document = parseXmlDocument(text);
    return document.documentElement?.nodeName === 'domain' ? document : undefined;
  } catch {
    return undefined;
  }
}

const childOf = (element: Element, name: string): Element | undefined =>
  element.children.find((child) => child.nodeName === name);

/** Without --security-info. */
const plain = (full: string): string => full.replaceAll(/(<graphics\b[^>]*?) passwd=("[^"]*"|'[^']*')/g, '$1');

/** What `domains` reads. */
export function readDomains(files: HostFiles): Reading {
  const found = (['config', 'live'] as const).flatMap((plane) =>
    known(files, plane).map(({ name, full }) => [`${name}/${plane}`, { is: 'text', text: plain(full) }] as const),
  );
  return { is: 'files', files: Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

const refuse = (message: string): ActionResult => ({ ok: false, message, status: 1 });

/** What transport/guests.sh does with virsh. */
export function defineDomain(action: Action & { do: 'define' }, files: HostFiles): ActionResult {
  const old = known(files, 'config').find(({ name }) => name === action.guest);
  const digest = createHash('sha256')
    .update(plain(old?.full ?? '').replace(/\n+$/, ''))
    .digest('hex');
  if (action.over !== undefined && action.over !== digest) return refuse('somebody else has changed its XML');
  const document = domainOf(action.xml);
  const root = document?.documentElement;
  if (!document || !root) return refuse('(domain_definition): not well-formed');
  const uuid = childOf(root, 'uuid')?.textContent?.trim();
  if (old && uuid !== old.uuid) return refuse(`domain '${action.guest}' already exists with uuid ${old.uuid}`);
  for (const [type, passwd] of secretsOf(old?.full ?? '')) {
    const graphics = elements(root, 'graphics').find((one) => one.getAttribute('type') === type);
    if (!graphics) return refuse('it has a password in its XML that this change would lose');
    graphics.setAttribute('passwd', passwd);
  }
  const wrong = refusalOf(root);
  if (wrong !== undefined) return refuse(wrong);
  dropRemarks(root);
  dropStrangePins(root);
  files.put(`${PLACES.config}/${action.guest}.xml`, `${serializeToWellFormedString(document)}\n`);
  return { ok: true };
}

const elements = (root: Element, name: string): Element[] =>
  root.children.flatMap((child) => [...(child.nodeName === name ? [child] : []), ...elements(child, name)]);

function secretsOf(full: string): [string, string][] {
  const root = domainOf(full)?.documentElement;
  return (root ? elements(root, 'graphics') : [])
    .filter((one) => one.hasAttribute('passwd'))
    .map((one) => [one.getAttribute('type') ?? '', one.getAttribute('passwd') ?? '']);
}

function refusalOf(root: Element): string | undefined {
  for (const driver of elements(root, 'driver'))
    if (driver.getAttribute('io') === 'native' && !/^(none|directsync)$/.test(driver.getAttribute('cache') ?? ''))
      return 'unsupported configuration: native I/O needs either no disk cache or directsync cache mode, QEMU will fallback to aio=threads';
  return undefined;
}

/** libvirt keeps remarks in metadata only. */
function dropRemarks(element: Element): void {
  for (const node of [...element.childNodes]) {
    if (node.nodeType === 8) element.removeChild(node);
    else if (node.nodeType === 1 && node.nodeName !== 'metadata') dropRemarks(node as Element);
  }
}

const vcpusOf = (root: Element): number => Number(childOf(root, 'vcpu')?.textContent ?? 1);

/** Pins of vCPUs that are not there go without a word. */
function dropStrangePins(root: Element): void {
  for (const pin of elements(root, 'vcpupin'))
    if (Number(pin.getAttribute('vcpu')) >= vcpusOf(root)) pin.parentNode?.removeChild(pin);
}

const failed = (stderr: string): Output => ({ status: 1, stdout: '', stderr: `error: ${stderr}\n` });

/** Pins: how many arguments go before the CPUs, the element, its key. */
const PINS: Readonly<Record<string, string | undefined>> = {
  vcpupin: 'vcpu',
  iothreadpin: 'iothread',
  emulatorpin: undefined,
};

/** `virsh -q -c qemu:///system COMMAND GUEST … [--live] [--config]`, of a libvirt that keeps its guests in files. */
export function fakeVirsh(argv: readonly string[], files: HostFiles): Output {
  const [command = '', guest = '', ...rest] = argv.slice(1).filter((word) => !/^(-q|-c|qemu:\/\/\/system)$/.test(word));
  const planes = (['live', 'config'] as const).filter((plane) => rest.includes(`--${plane}`));
  const words = rest.filter((word) => !word.startsWith('--'));
  const of = (plane: Plane) => known(files, plane).find(({ name, uuid }) => name === guest || uuid === guest);
  const there = of('live') ?? of('config');
  if (!there) return failed(`failed to get domain '${guest}'`);
  if (command === 'dumpxml') {
    const shown = (rest.includes('--inactive') && of('config')) || there;
    return { status: 0, stdout: rest.includes('--security-info') ? shown.full : plain(shown.full), stderr: '' };
  }
  if (command === 'domstate') return { status: 0, stdout: of('live') ? 'running\n' : 'shut off\n', stderr: '' };
  if (command in LIFE) return live(command, there, of('live') !== undefined, rest, files);
  if (command === 'iothreadadd' || command === 'iothreaddel')
    return planes.map(of).every((one) => one && setIoThread(command, words[0] ?? '', one, files))
      ? { status: 0, stdout: '', stderr: '' }
      : failed('invalid argument: an IOThread is already using iothread_id or is not there');
  if (command === 'numatune') {
    const one = of('live');
    return one ? moveMemory(rest[rest.indexOf('--nodeset') + 1] ?? '', one, files) : failed('domain is not running');
  }
  if (!(command in PINS)) return failed(`unknown command: '${command}'`);
  for (const plane of planes) {
    const one = of(plane);
    if (!one) return failed('Requested operation is not valid: domain is not running');
    const wrong = pin(command, words, one, files);
    if (wrong !== undefined) return failed(wrong);
  }
  return { status: 0, stdout: '', stderr: '' };
}

function pin(command: string, words: readonly string[], { path, full }: Known, files: HostFiles): string | undefined {
  const document = parseXmlDocument(full);
  const root = document.documentElement as Element;
  const key = PINS[command];
  const [id = '', cpus = id] = words;
  const count = vcpusOf(root);
  if (key === 'vcpu' && Number(id) >= count)
    return `invalid argument: vcpu ${id} is out of range of live cpu count ${count}`;
  const online = files.read('/sys/devices/system/cpu/online')?.toString();
  const last = online === undefined ? Number.POSITIVE_INFINITY : Math.max(...parseCpuSet(online));
  if (parseCpuSet(cpus).some((cpu) => cpu > last))
    return `CPU ${cpus} in cpulist '${cpus}' exceed the maxcpu ${last + 1}`;
  const tune = childOf(root, 'cputune') ?? root.appendChild(document.createElement('cputune'));
  const old = tune.children.find(
    (one) => one.nodeName === command && (key === undefined || one.getAttribute(key) === id),
  );
  const element = old ?? tune.appendChild(document.createElement(command));
  if (key !== undefined) element.setAttribute(key, id);
  element.setAttribute('cpuset', cpus);
  store(path, document, files);
  return undefined;
}

/** libvirt names all IO threads once one is named by hand, and none when only the first ones are left. */
function setIoThread(command: string, id: string, { path, full }: Known, files: HostFiles): boolean {
  const document = parseXmlDocument(full);
  const root = document.documentElement as Element;
  const count = childOf(root, 'iothreads');
  const list = childOf(root, 'iothreadids');
  const named = list?.children.map((one) => Number(one.getAttribute('id')));
  const now = named ?? Array.from({ length: Number(count?.textContent ?? 0) }, (_, at) => at + 1);
  if (now.includes(Number(id)) === (command === 'iothreadadd')) return false;
  const then = command === 'iothreadadd' ? [...now, Number(id)] : now.filter((one) => one !== Number(id));
  list?.remove();
  const total = count ?? root.appendChild(document.createElement('iothreads'));
  total.textContent = String(then.length);
  if (command === 'iothreadadd') {
    const ids = document.createElement('iothreadids');
    for (const one of then) ids.appendChild(document.createElement('iothread')).setAttribute('id', String(one));
    root.insertBefore(ids, total.nextSibling);
  }
  store(path, document, files);
  return true;
}

/** Only what was started restrictive can be moved; the kernel refuses nodes that are not there. */
function moveMemory(nodeset: string, { path, full }: Known, files: HostFiles): Output {
  const document = parseXmlDocument(full);
  const tune = childOf(document.documentElement as Element, 'numatune');
  const memory = tune && childOf(tune, 'memory');
  if (memory?.getAttribute('mode') !== 'restrictive')
    return failed(
      'Requested operation is not valid: change of nodeset for running domain requires restrictive numa mode',
    );
  memory.setAttribute('nodeset', nodeset);
  store(path, document, files);
  return { status: 0, stdout: '', stderr: '' };
}

const LIFE = { start: 0, destroy: 0, undefine: 0, autostart: 0 };

function live(command: string, guest: Known, runs: boolean, rest: readonly string[], files: HostFiles): Output {
  const done = { status: 0, stdout: '', stderr: '' };
  const running = `${PLACES.live}/${guest.name}.xml`;
  const autostart = `${PLACES.config}/autostart/${guest.name}.xml`;
  if (command === 'start') {
    if (runs) return failed('Domain is already active');
    files.put(running, guest.full.replace(/<domain\b/, "<domain id='7'"));
  } else if (command === 'destroy') {
    if (!runs) return failed('Requested operation is not valid: domain is not running');
    files.remove(running);
  } else if (command === 'undefine') files.remove(guest.path);
  else if (rest.includes('--disable')) files.remove(autostart);
  else files.link(autostart, `${PLACES.config}/${guest.name}.xml`);
  return done;
}
