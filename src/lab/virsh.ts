import { parseGuest, valueAt } from '../domain-xml/index.ts';
import type { Output } from '../laws/fake-command.ts';
import type { HostFiles } from '../laws/fake-files.ts';
import { defineDomain, fakeVirsh } from '../laws/fake-libvirt.ts';
import { runningGuests, settleGuests } from './running-guests.ts';

export const LIBVIRT = '9.0.0';
const CONFIG = '/etc/libvirt/qemu';

/**
 * virsh of a host in the lab: what modules are tried on, and around it what a terminal and the transport say besides: several
 * commands in one argument, lists, a guest's XML on stdin. What it did to running guests shows in /proc and in cgroups too.
 */
export function labVirsh(argv: readonly string[], files: HostFiles, stdin = ''): Output {
  const words = argv.slice(1);
  const own = words.filter((word, at) => !/^(-q|-r|-c|--quiet|--readonly)$/.test(word) && words[at - 1] !== '-c');
  if (own.some((word) => word === '--version' || word === '-v')) return said(`${LIBVIRT}\n`);
  const lines = own.length === 1 ? (own[0] ?? '').split(';').map(wordsIn) : [own];
  const outputs = lines.filter((line) => line.length > 0).map((line) => oneCommand(line, files, stdin));
  settleGuests(files);
  return {
    status: outputs.at(-1)?.status ?? 0,
    stdout: outputs.map(({ stdout }) => stdout).join(''),
    stderr: outputs.map(({ stderr }) => stderr).join(''),
  };
}

const said = (stdout: string): Output => ({ status: 0, stdout, stderr: '' });
const failed = (why: string): Output => ({ status: 1, stdout: '', stderr: `error: ${why}\n` });

const wordsIn = (line: string): string[] =>
  [...line.trim().matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word);

function oneCommand([command = '', ...given]: readonly string[], files: HostFiles, stdin: string): Output {
  const words = given.filter((word) => word !== '--domain');
  const guest = words.find((word) => !word.startsWith('--'));
  switch (command) {
    case 'echo':
      return said(words.join(' '));
    case 'version':
      return said(`Using library: libvirt ${LIBVIRT}\n`);
    case 'list':
      return said(listed(words, files));
    case 'define':
      return define(stdin, files);
    case 'domstats':
      return said(runningGuests(files).map(statsOf).join('\n'));
    case 'domname':
    case 'domuuid': {
      const found = known(files).find(({ name, uuid }) => name === guest || uuid === guest);
      return found
        ? said(`${command === 'domname' ? found.name : found.uuid}\n`)
        : failed(`failed to get domain '${guest}'`);
    }
    default:
      return fakeVirsh(['virsh', command, guest ?? '', ...words.filter((word) => word !== guest)], files);
  }
}

interface Known {
  readonly name: string;
  readonly uuid: string;
  readonly persistent: boolean;
  readonly runs: boolean;
}

function known(files: HostFiles): Known[] {
  const uuidOf = (name: string, text: string) => valueAt(parseGuest(name, text).root, 'uuid')?.trim() ?? name;
  const running = new Map(runningGuests(files).map(({ name, xml }) => [name, uuidOf(name, xml)]));
  const defined = new Map(
    (files.names(CONFIG) ?? []).flatMap((file): [string, string][] => {
      const name = /^(.+)\.xml$/.exec(file)?.[1];
      return name === undefined ? [] : [[name, uuidOf(name, files.read(`${CONFIG}/${file}`)?.toString() ?? '')]];
    }),
  );
  return [...new Set([...running.keys(), ...defined.keys()])].sort().map((name) => ({
    name,
    uuid: running.get(name) ?? defined.get(name) ?? name,
    persistent: defined.has(name),
    runs: running.has(name),
  }));
}

/** As virsh does: those that run, unless asked for others. */
function listed(flags: readonly string[], files: HostFiles): string {
  const is = (flag: string) => flags.includes(flag);
  const found = known(files).filter(
    ({ persistent, runs }) =>
      (is('--all') || runs !== is('--inactive')) &&
      (!is('--persistent') || persistent) &&
      (!is('--transient') || !persistent),
  );
  const lines = found.map(({ name, uuid, runs }) =>
    is('--uuid') ? uuid : is('--name') ? name : ` -   ${name}   ${runs ? 'running' : 'shut off'}`,
  );
  return lines.map((line) => `${line}\n`).join('');
}

function define(xml: string, files: HostFiles): Output {
  const name = /<name>([^<]+)<\/name>/.exec(xml)?.[1] ?? '';
  const result = defineDomain({ do: 'define', guest: name, xml }, files);
  return result.ok === true ? said('') : failed(result.ok === false ? result.message : 'not done');
}

const statsOf = ({ name, vcpus }: { readonly name: string; readonly vcpus: number }): string =>
  [
    `Domain: '${name}'`,
    `  vcpu.current=${vcpus}`,
    `  vcpu.maximum=${vcpus}`,
    ...Array.from(
      { length: vcpus },
      (_, vcpu) => `  vcpu.${vcpu}.state=1\n  vcpu.${vcpu}.time=0\n  vcpu.${vcpu}.delay=0`,
    ),
    '',
  ].join('\n');
