import { type CpuSet, sameCpus } from '../../contract/index.ts';
import type { Demand } from './demand.ts';
import type { Host } from './host.ts';
import type { Cost, Guest } from './types.ts';

/**
 * The planner's own vector: the published one, with two tie-breaks in it that are no promise: how far apart a guest's
 * nodes are, and guests on the slower kind of cores.
 */
export type Score = readonly number[];
export const ZERO: Score = [0, 0, 0, 0, 0, 0, 0, 0, 0];
export const [UNPLACED, NODES, APART, LLCS, SHARED, SLOW, MEMORY, PINS, BROKEN] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;

export const published = (score: Score): Cost => {
  const at = (index: number) => score[index] ?? 0;
  return [at(UNPLACED), at(NODES), at(LLCS), at(SHARED), at(MEMORY), at(PINS), at(BROKEN), 0];
};

export const add = (a: Score, b: Score): Score => a.map((value, at) => value + (b[at] ?? 0));

/** Negative when `a` is the better. `length`: how many numbers of it count. */
export function compare(a: Score, b: Score, length = ZERO.length): number {
  for (let at = 0; at < length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const worthOf = (guest: Guest): number => guest.priority + 1;

/** Where a guest is put, CPU by CPU: what plans are priced by. */
export interface Assignment {
  readonly demand: Demand;
  /** By vCPU; empty for a shared guest. */
  readonly cpus: readonly number[];
  /** The CPU of its isolated emulator threads. */
  readonly emulator: CpuSet;
  readonly cells: readonly AssignedCell[];
}

export interface AssignedCell {
  /** Index of the node. */
  readonly node: number;
  readonly vcpus: CpuSet;
  readonly memoryKib: number;
}

/** The price of a whole plan, counted anew from its CPUs. */
export function scoreOf(host: Host, plan: readonly Assignment[], unplaced: readonly Demand[]): Score {
  const pocketOf = (cpu: number) => host.pockets[host.pocketOf.get(cpu) ?? -1];
  const guestsOn = new Map<number, Set<string>>();
  for (const { demand, cpus, emulator } of plan)
    for (const cpu of [...cpus, ...emulator]) {
      const core = host.coreOf.get(cpu) ?? -1;
      guestsOn.set(core, (guestsOn.get(core) ?? new Set()).add(demand.guest.name));
    }
  const score = [...ZERO];
  const pay = (at: number, price: number) => {
    score[at] = (score[at] ?? 0) + price;
  };
  for (const { guest } of unplaced) pay(UNPLACED, worthOf(guest));
  for (const one of plan) {
    const { demand, cpus, emulator, cells } = one;
    const { guest, minNodes, minLlcs } = demand;
    const all = [...cpus, ...emulator];
    const nodes = cells.map(({ node }) => node);
    pay(NODES, Math.max(0, cells.length - minNodes));
    pay(APART, distanceAmong(host, nodes));
    if (all.length > 0) pay(LLCS, Math.max(0, new Set(all.map((cpu) => pocketOf(cpu)?.llc)).size - minLlcs));
    if (isScattered(host, guest, new Set(cpus.map((cpu) => host.coreOf.get(cpu))).size)) pay(SHARED, 1);
    if (all.some((cpu) => (pocketOf(cpu)?.kind ?? 0) > 0)) pay(SLOW, 1);
    pay(MEMORY, movedKib(host, guest, cells));
    pay(PINS, movedPins(host, one));
  }
  pay(SHARED, [...guestsOn.values()].filter((names) => names.size > 1).length);
  pay(BROKEN, brokenBy(host, plan));
  return score;
}

/** A guest that one core could hold, on several. */
export const isScattered = (host: Host, guest: Guest, cores: number): boolean =>
  guest.policy === 'dedicated' && guest.threads !== 'isolate' && guest.vcpus <= host.coreSize && cores > 1;

/** How much farther a guest's nodes are from each other than nodes have to be. */
export function distanceAmong(host: Host, nodes: readonly number[]): number {
  let sum = 0;
  for (let a = 0; a < nodes.length; a += 1)
    for (let b = a + 1; b < nodes.length; b += 1)
      sum += (host.nodes[nodes[a] ?? -1]?.distances[nodes[b] ?? -1] ?? host.nearest) - host.nearest;
  return sum;
}

/** Memory that leaves the nodes where a running guest has it now. */
export function movedKib(host: Host, guest: Guest, cells: readonly { node: number; memoryKib: number }[]): number {
  if (!guest.running || guest.current.size === 0) return 0;
  const now = homesOf(host, guest);
  const stays = cells
    .filter(({ node }) => now.includes(node))
    .reduce((sum, { memoryKib }) => sum + Math.min(memoryKib, guest.memoryKib / now.length), 0);
  const moved = Math.round(guest.memoryKib - stays);
  // What does not divide into whole pages is no move.
  return moved < guest.pageKib * cells.length ? 0 : moved;
}

/** The nodes that a guest has vCPUs on now. */
export function homesOf({ nodeOf }: Host, { current }: Guest): number[] {
  const homes = [...current.values()].map(([first = -1, ...rest]) => {
    const node = nodeOf.get(first);
    return rest.every((cpu) => nodeOf.get(cpu) === node) ? node : undefined;
  });
  return [...new Set(homes)].filter((node) => node !== undefined);
}

/** Pins that change, the emulator's own CPU among them; none for a guest that is pinned nowhere yet. */
export function movedPins(host: Host, { demand: { guest }, cpus, emulator, cells }: Assignment): number {
  if (guest.current.size === 0) return 0;
  if (guest.policy === 'shared')
    return movedFloats(
      host,
      guest,
      cells.map(({ node }) => node),
    );
  const moved = cpus.filter((cpu, vcpu) => !sameCpus(guest.current.get(vcpu) ?? [], [cpu])).length;
  return moved + (sameCpus(guest.currentEmulator ?? emulator, emulator) || emulator.length === 0 ? 0 : 1);
}

/** A shared vCPU has moved when none of the CPUs where it floats now is on its guest's nodes. */
export function movedFloats(host: Host, guest: Guest, nodes: readonly number[]): number {
  const isThere = (cpu: number) => nodes.includes(host.pockets[host.pocketOf.get(cpu) ?? -1]?.node ?? -1);
  return [...guest.current.values()].filter((pin) => !pin.some(isThere)).length;
}

/** Free LLC domains that are free no longer, weighed above all cores, and whole free cores. */
function brokenBy(host: Host, plan: readonly Assignment[]): number {
  const cpus = new Set(plan.flatMap((one) => [...one.cpus, ...one.emulator]));
  const cores = host.cores.filter((core) => core.threads.some((cpu) => cpus.has(cpu)));
  const pristine = cores.map((core) => host.pockets[core.pocket]).filter((pocket) => pocket?.pristine);
  const llcs = new Set(pristine.map((pocket) => pocket?.llc)).size;
  return llcs * breakingAnLlc(host) + cores.filter((core) => core.threads.length === core.size).length;
}

export const breakingAnLlc = (host: Host): number => host.cores.length + 1;
