import { formatCpuSet, parseCpuSet } from '../contract/index.ts';
import { emulatorPinOf, ioThreadsOf, parseGuest, pinsOf, valueAt, vcpusOf } from '../domain-xml/index.ts';
import type { HostFiles } from '../laws/fake-files.ts';

const STATES = '/run/libvirt/qemu';
const MACHINES = '/sys/fs/cgroup/machine.slice';
const ONLINE = '/sys/devices/system/cpu/online';

/** A guest that runs: what libvirt keeps of it, and its process. */
interface Running {
  readonly name: string;
  readonly id: number;
  readonly pid: number;
  /** Its `<domain>`. */
  readonly xml: string;
  readonly vcpus: number;
}

export function runningGuests(files: HostFiles): Running[] {
  return (files.names(STATES) ?? []).flatMap((file): Running[] => {
    const text = file.endsWith('.xml') ? files.read(`${STATES}/${file}`)?.toString() : undefined;
    const xml = /<domain\b[\s\S]*<\/domain>/.exec(text ?? '')?.[0];
    if (xml === undefined) return [];
    const name = file.slice(0, -'.xml'.length);
    const id = Number(/^<domain\b[^>]* id=["'](\d+)/.exec(xml)?.[1]);
    return [{ name, id, pid: pidOf(id), xml, vcpus: vcpusOf(parseGuest(name, xml).root) }];
  });
}

const pidOf = (id: number): number => 2000 + id * 100;

/**
 * What follows from which guests run and how: the state that libvirt keeps around a guest's XML, its process with a thread for
 * each vCPU, and its cgroups. Brings them into line with the XML, and does nothing where they are.
 */
export function settleGuests(files: HostFiles): void {
  const put = (path: string, text: string): void => {
    if (files.read(path)?.toString() !== text) files.put(path, text);
  };
  const wanted = new Set<string>();
  const guests = runningGuests(files);
  for (const [at, guest] of guests.entries()) {
    const path = `${STATES}/${guest.name}.xml`;
    let running = guest;
    if (!files.read(path)?.toString().includes('<domstatus')) {
      const others = guests.filter((_, other) => other !== at).map((other) => other.id);
      const id = others.includes(guest.id) ? Math.max(...others) + 1 : guest.id;
      const xml = guest.xml.replace(/^(<domain\b[^>]*? id=["'])\d+/, `$1${id}`);
      running = { ...guest, id, pid: pidOf(id), xml };
      guests[at] = running;
      put(path, stateOf(running));
    }
    for (const [at, text] of Object.entries(tracesOf(running, files))) {
      put(at, text);
      wanted.add(at);
    }
  }
  const there = [`${STATES}/*.pid`, '/proc/[0-9]*/task/[0-9]*/*', `${MACHINES}/*.scope/libvirt/*/cpuset.cpus`];
  for (const path of there.flatMap(files.glob)) if (!wanted.has(path)) removeUp(path, files);
}

/** A file, and the folders that are empty without it. */
function removeUp(path: string, files: HostFiles): void {
  files.remove(path);
  for (let up = parent(path); /\.scope|^\/proc\/\d/.test(up) && files.names(up)?.length === 0; up = parent(up))
    files.remove(up);
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** Source: qemuDomainObjPrivateXMLFormat in libvirt's src/qemu/qemu_domain.c, of which modules read no more than this. */
const stateOf = ({ pid, xml, vcpus }: Running): string =>
  [
    `<domstatus state='running' reason='booted' pid='${pid}'>`,
    '  <vcpus>',
    ...Array.from({ length: vcpus }, (_, vcpu) => `    <vcpu id='${vcpu}' pid='${pid + 1 + vcpu}'/>`),
    '  </vcpus>',
    xml,
    '</domstatus>',
    '',
  ].join('\n');

interface Thread {
  readonly cgroup: string;
  readonly comm: string;
  readonly cpus: string;
}

function tracesOf({ name, id, pid, xml, vcpus }: Running, files: HostFiles): Record<string, string> {
  const online = files.read(ONLINE)?.toString().trim() ?? '0';
  const scope = `${MACHINES}/machine-qemu\\x2d${id}\\x2d${name.replaceAll('-', '\\x2d')}.scope/libvirt`;
  const traces: Record<string, string> = { [`${STATES}/${name}.pid`]: `${pid}` };
  for (const [at, { cgroup, comm, cpus }] of threadsOf(name, xml, vcpus).entries()) {
    const task = `/proc/${pid}/task/${pid + at}`;
    const on = cpus || online;
    traces[`${scope}/${cgroup}/cpuset.cpus`] = `${cpus}\n`;
    traces[`${task}/comm`] = `${comm}\n`;
    traces[`${task}/status`] = `Name:\t${comm}\nTgid:\t${pid}\nPid:\t${pid + at}\nCpus_allowed_list:\t${on}\n`;
    traces[`${task}/stat`] = statOf(pid + at, comm, parseCpuSet(on)[0] ?? 0);
    traces[`${task}/schedstat`] = '0 0 0\n';
  }
  return traces;
}

function threadsOf(name: string, xml: string, vcpus: number): Thread[] {
  const { root } = parseGuest(name, xml);
  const pins = pinsOf(root);
  const emulator = emulatorPinOf(root);
  const pinOf = (id: number) => valueAt(root, `cputune/iothreadpin[iothread=${id}]/@cpuset`);
  return [
    { cgroup: 'emulator', comm: 'qemu-system-x86', cpus: emulator ? formatCpuSet(emulator) : '' },
    ...Array.from({ length: vcpus }, (_, vcpu) => ({
      cgroup: `vcpu${vcpu}`,
      comm: `CPU ${vcpu}/KVM`,
      cpus: formatCpuSet(pins.get(vcpu) ?? []),
    })),
    ...ioThreadsOf(root).map((one) => ({
      cgroup: `iothread${one}`,
      comm: `IO iothread${one}`,
      cpus: pinOf(one) ?? '',
    })),
  ];
}

/** proc(5): the name, its state, and as field 39 the CPU that it ran on last. */
const statOf = (tid: number, comm: string, cpu: number): string =>
  `${tid} (${comm}) S ${Array.from({ length: 35 }, () => '0').join(' ')} ${cpu} 0 0 0 0 0\n`;
