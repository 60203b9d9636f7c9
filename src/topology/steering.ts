import {
  type CpuSet,
  dir,
  glob,
  intersectionOf,
  matches,
  matchesText,
  nearest,
  type Probes,
  Problem,
  type Seen,
} from '../contract/index.ts';
import type { Interrupt, Nic, Topology } from './model.ts';

/** What is to be sent where; what is empty chooses any, all of it nothing but the interrupts of NICs. */
export interface Chosen {
  /** Names and shell patterns, of what NICs stand under as well: bonds, bridges, VLANs. */
  readonly devices: readonly string[];
  readonly drivers: readonly string[];
  /** Shell patterns of the names in /proc/interrupts. */
  readonly names: readonly string[];
  readonly irqs: CpuSet;
  readonly cpus: CpuSet;
  /** One CPU for each queue, else all for each. */
  readonly spread: boolean;
}

export interface Steered extends Interrupt {
  readonly nic?: string;
  readonly to: CpuSet;
}

/** A NIC that is chosen, its turn among them, and the CPUs of its own node or all. */
export interface NicChoice {
  readonly nic: Nic;
  readonly turn: number;
  readonly cpus: CpuSet;
  /** Interrupts that it has and that nobody has requested: it is down. */
  readonly idle: readonly number[];
}

const NET = '/sys/class/net';

/** How NICs stand under others: bonds, bridges, VLANs, and virtual functions. */
export const linkProbes: Probes = {
  'steering.names': dir(NET),
  'steering.lower': glob(`${NET}/*/lower_*/ifindex`),
  'steering.slaves': glob(`${NET}/*/bonding/slaves`),
  'steering.ports': glob(`${NET}/*/brif/*/port_no`),
  'steering.functions': glob(`${NET}/*/device/physfn/net/*/ifindex`),
};

/**
 * Which interrupts go to which CPUs: each queue of a NIC to one, in turn by the number of the queue, on the node of the NIC
 * where any of the CPUs is; every NIC begins at another one. What belongs to no NIC goes by its own number. It depends on
 * nothing that comes and goes, and irq_affinity.sh does the same. Throws `Problem` UnknownDevice.
 */
export function steer(
  topology: Topology,
  seen: Seen,
  chosen: Chosen,
): { readonly irqs: readonly Steered[]; readonly nics: readonly NicChoice[]; readonly devices: readonly string[] } {
  const { interrupts } = topology;
  const wanted = ({ irq, name }: Interrupt) =>
    (chosen.names.length === 0 || chosen.names.some((pattern) => matchesText(pattern, name))) &&
    (chosen.irqs.length === 0 || chosen.irqs.includes(irq));
  const target = (turn: number, cpus: CpuSet): CpuSet =>
    chosen.spread ? cpus.slice(turn % cpus.length, (turn % cpus.length) + 1) : cpus;
  const byNic = chosen.devices.length > 0 || chosen.drivers.length > 0;
  if (!byNic && (chosen.names.length > 0 || chosen.irqs.length > 0)) {
    const irqs = interrupts.filter(wanted).map((one) => ({ ...one, to: target(one.irq, chosen.cpus) }));
    return { irqs, nics: [], devices: [] };
  }
  const links = readLinks(seen);
  const devices = physicalWords(chosen.devices.length > 0 ? chosen.devices : ['*'], topology.nics, links);
  const nics = topology.nics
    .filter(({ driver = '-' }) => chosen.drivers.length === 0 || chosen.drivers.some((one) => matches(one, driver)))
    .filter(({ name }) => [name, ...links.physical(name)].some((one) => devices.some((word) => matches(word, one))))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((nic, turn): NicChoice => {
      const home = topology.nodes.find(({ id }) => id === nic.node)?.cpus ?? [];
      const near = intersectionOf(chosen.cpus, home);
      const idle = nic.irqs.filter((irq) => !interrupts.some((one) => one.irq === irq));
      return { nic, turn, cpus: near.length > 0 ? near : chosen.cpus, idle };
    });
  const irqs = nics.flatMap(({ nic, turn, cpus }) =>
    interruptsOf(nic, interrupts)
      .filter(wanted)
      .map((one) => ({ ...one, nic: nic.name, to: target(turn + queueOf(one.name), cpus) })),
  );
  return { irqs, nics, devices };
}

/** By name where the device does not tell its own: `eth0`, `eth0-TxRx-3`, also on a line that several share. */
function interruptsOf({ name, irqs }: Nic, all: readonly Interrupt[]): readonly Interrupt[] {
  if (irqs.length > 0) return all.filter(({ irq }) => irqs.includes(irq));
  return all.filter((one) => one.name.split(/[\s,]+/).some((part) => part === name || part.startsWith(`${name}-`)));
}

/** The number that the name ends with: `eth0-TxRx-3`, `virtio1-input.3`, `mlx5_comp3@pci:0000:3b:00.0`. */
const queueOf = (name: string): number => Number(/(\d+)$/.exec(name.split('@')[0] ?? '')?.[1] ?? 0);

/**
 * Whether the kernel keeps it to the CPUs of its queue (managed affinity) and refuses any other: queues of disks. That of a
 * driver that is not known here shows when it is written to.
 */
export const isManaged = (name: string): boolean =>
  /^nvme\d+q[1-9]\d*$|^virtio\d+-req(uest)?\b|^(megasas|mpt[23]sas|smartpqi|hpsa|aacraid|pm80xx|fnic|qla2xxx)\d*-?(msix|.*q)\d+/.test(
    name,
  );

interface Links {
  readonly names: readonly string[];
  /** What stands right under a device. */
  readonly below: (name: string) => readonly string[];
  /** The physical function of a virtual one. */
  readonly physical: (name: string) => readonly string[];
}

function readLinks(seen: Seen): Links {
  const below = new Map<string, string[]>();
  const physical = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, path: string, name: string | undefined) => {
    const upper = path.split('/')[4] ?? '';
    if (name) to.set(upper, [...(to.get(upper) ?? []), name]);
  };
  for (const path of seen.files('steering.lower').keys()) add(below, path, path.split('/')[5]?.slice('lower_'.length));
  for (const path of seen.files('steering.ports').keys()) add(below, path, path.split('/')[6]);
  for (const [path, slaves] of seen.files('steering.slaves'))
    for (const slave of slaves.trim().split(/\s+/)) add(below, path, slave);
  for (const path of seen.files('steering.functions').keys()) add(physical, path, path.split('/')[8]);
  return {
    names: (seen.names('steering.names') ?? []).filter((name) => name !== 'bonding_masters'),
    below: (name) => below.get(name) ?? [],
    physical: (name) => physical.get(name) ?? [],
  };
}

/** The words that choose NICs with hardware: those that do stay as they are, others are followed down to such. */
function physicalWords(words: readonly string[], nics: readonly Nic[], links: Links): string[] {
  const hardware = new Set(nics.map(({ name }) => name));
  const down = (name: string, seen: ReadonlySet<string>): string[] => {
    if (hardware.has(name)) return [name];
    if (seen.has(name)) return [];
    return links.below(name).flatMap((lower) => down(lower, new Set([...seen, name])));
  };
  const found = words.flatMap((word) => {
    const isPattern = /[*?[]/.test(word);
    const named = links.names.filter((name) => matches(word, name));
    if (named.length === 0 && !isPattern) throw unknownDevice(word, links.names);
    const under = named.filter((name) => !hardware.has(name)).flatMap((name) => down(name, new Set()));
    return [...(isPattern || hardware.has(word) ? [word] : []), ...under.sort()];
  });
  return [...new Set(found)];
}

function unknownDevice(name: string, all: readonly string[]): Problem {
  const best = nearest(name, all);
  const hint = best === undefined ? undefined : `did you mean ${best}?`;
  return new Problem('UnknownDevice', `there is no network device ${name} here`, hint);
}
