import { type CpuSet, differenceOf, intersectionOf, isWithin } from '../../contract/index.ts';
import type { NumaNode, Topology } from '../model.ts';
import type { Guest } from './types.ts';

/** Kept from guests on every node: for the kernel's own use and the host's processes. */
const HOST_KIB = 512 * 1024;
const HOST_SHARE = 0.05;
/** What QEMU itself needs beside a guest's memory. */
export const OVERHEAD_KIB = 250 * 1024;

/** A host as the planner sees it: what guests may use, in an order that does not depend on how CPUs are numbered. */
export interface Host {
  readonly reserved: CpuSet;
  readonly nodes: readonly HostNode[];
  readonly pockets: readonly Pocket[];
  readonly cores: readonly HostCore[];
  /** The states a core can be in; pockets count their cores by them. */
  readonly states: readonly CoreState[];
  /** By state and threads that one more guest takes of it: the state it is in then; undefined when it is used up. */
  readonly after: readonly (readonly (number | undefined)[])[];
  /** Index of the node of each CPU, reserved ones too. */
  readonly nodeOf: ReadonlyMap<number, number>;
  /** Index of the pocket of each CPU that is not reserved. */
  readonly pocketOf: ReadonlyMap<number, number>;
  /** Index of the core of each CPU that is not reserved. */
  readonly coreOf: ReadonlyMap<number, number>;
  readonly llcCount: number;
  /** The most threads that a core has. */
  readonly coreSize: number;
  /** The distance of the two nodes that are nearest to each other. */
  readonly nearest: number;
}

export interface HostNode {
  readonly index: number;
  readonly id: number;
  /** Not reserved. */
  readonly cpus: CpuSet;
  /** KiB that guests may have together, by page size; Infinity where the kernel does not tell. */
  readonly memory: (pageKib: number) => number;
  /** By node index. */
  readonly distances: readonly number[];
  readonly pockets: readonly number[];
}

/** The cores of one kind in one LLC domain. */
export interface Pocket {
  readonly index: number;
  readonly llc: number;
  /** Index of the node. */
  readonly node: number;
  /** 0 are the fastest cores. */
  readonly kind: number;
  readonly cores: readonly number[];
  /** Whether nothing of its LLC domain is reserved. */
  readonly pristine: boolean;
  /** Whether cores of another kind may be in its LLC domain, so that it is like no pocket of another one. */
  readonly mixed: boolean;
}

export interface HostCore {
  readonly index: number;
  readonly pocket: number;
  /** Its threads that guests may use. */
  readonly threads: CpuSet;
  /** Threads with the reserved ones. */
  readonly size: number;
  /** Whether shared guests may float here: the scheduler does not balance over isolated CPUs. */
  readonly pooled: boolean;
}

/** All that matters of a core to a guest that looks for a place. */
export interface CoreState {
  readonly size: number;
  readonly free: number;
  /** How many dedicated guests are on it, 2 meaning several. */
  readonly guests: 0 | 1 | 2;
  readonly pooled: boolean;
}

export function buildHost(topology: Topology, reserved: CpuSet, guests: readonly Guest[]): Host {
  const kinds = topology.kinds.length > 0 ? topology.kinds : [{ cpus: topology.cpus.online }];
  const withCpus = topology.nodes.filter((node) => differenceOf(node.cpus, reserved).length > 0);
  const cores: HostCore[] = [];
  const pockets: Pocket[] = [];
  const llcs = topology.llcs.filter((llc) => withCpus.some(({ id }) => id === llc.node));
  llcs.forEach((llc, at) => {
    const home = withCpus.find(({ id }) => id === llc.node)?.cpus ?? [];
    const whole = topology.cores.filter(({ cpus: [first = -1] }) => llc.cpus.includes(first));
    kinds.forEach((kind, kindAt) => {
      const ofKind = whole.filter(({ cpus: [first = -1] }) => kind.cpus.includes(first));
      const inside = ofKind
        // A CPU of a node that is offline is of no node: what runs there is at home nowhere.
        .map((core) => ({ size: core.cpus.length, threads: differenceOf(intersectionOf(core.cpus, home), reserved) }))
        .filter(({ threads }) => threads.length > 0);
      if (inside.length === 0) return;
      const pocket = pockets.length;
      const first = cores.length;
      for (const { size, threads } of inside)
        cores.push({
          index: cores.length,
          pocket,
          threads,
          size,
          pooled: intersectionOf(threads, topology.cpus.isolated).length === 0,
        });
      pockets.push({
        index: pocket,
        llc: at,
        node: withCpus.findIndex(({ id }) => id === llc.node),
        kind: kindAt,
        cores: inside.map((_, offset) => first + offset),
        pristine: intersectionOf(llc.cpus, reserved).length === 0,
        mixed: kinds.length > 1,
      });
    });
  });
  const states = coreStates(cores);
  const distances = withCpus.map((node) =>
    withCpus.map((other) => node.distances[topology.nodes.indexOf(other)] ?? (other === node ? 10 : 20)),
  );
  return {
    reserved,
    cores,
    pockets,
    states,
    after: states.map((state) =>
      Array.from({ length: state.free + 1 }, (_, taken) => stateAfter(states, state, taken)),
    ),
    nodeOf: new Map(withCpus.flatMap(({ cpus }, at) => cpus.map((cpu) => [cpu, at] as const)).reverse()),
    coreOf: new Map(cores.flatMap(({ threads, index }) => threads.map((cpu) => [cpu, index] as const))),
    pocketOf: new Map(cores.flatMap(({ threads, pocket }) => threads.map((cpu) => [cpu, pocket] as const))),
    llcCount: llcs.length,
    nearest: Math.min(...distances.flatMap((row, from) => row.filter((_, to) => to !== from))),
    coreSize: Math.max(1, ...topology.cores.map((core) => core.cpus.length)),
    nodes: withCpus.map((node, index) => ({
      index,
      id: node.id,
      cpus: differenceOf(node.cpus, reserved),
      memory: capacityOf(node, topology, guests),
      distances: distances[index] ?? [],
      pockets: pockets.filter((pocket) => pocket.node === index).map((pocket) => pocket.index),
    })),
  };
}

function coreStates(cores: readonly HostCore[]): CoreState[] {
  const sizes = [...new Set(cores.map(({ size }) => size))].sort((a, b) => b - a);
  return sizes.flatMap((size) =>
    [false, true].flatMap((pooled) =>
      Array.from({ length: size }, (_, taken) => size - taken).flatMap((free) =>
        ([0, 1, 2] as const).map((guests) => ({ size, free, guests, pooled })),
      ),
    ),
  );
}

const stateAfter = (states: readonly CoreState[], from: CoreState, taken: number): number | undefined =>
  indexOfState(states, { ...from, free: from.free - taken, guests: from.guests === 0 ? 1 : 2 });

/** Undefined for a core with nothing free: nobody looks for those. */
export function indexOfState(
  states: readonly CoreState[],
  { size, free, guests, pooled }: CoreState,
): number | undefined {
  const at = states.findIndex(
    (one) => one.size === size && one.free === free && one.guests === guests && one.pooled === pooled,
  );
  return at < 0 ? undefined : at;
}

/**
 * Huge pages: the free ones and those that the planned guests hold, which may be said of guests that hold none yet: never
 * more than there are. Else what is left of the node's memory.
 */
function capacityOf(node: NumaNode, topology: Topology, guests: readonly Guest[]): (pageKib: number) => number {
  const { memoryKib, hugepages } = node;
  return (pageKib) => {
    if (memoryKib === undefined && Object.keys(hugepages).length === 0) return Number.POSITIVE_INFINITY;
    if (pageKib > 4) {
      const { total, free } = hugepages[pageKib] ?? { total: 0, free: 0 };
      return Math.min(total * pageKib, free * pageKib + heldOn(node, topology, guests, pageKib));
    }
    if (memoryKib === undefined) return Number.POSITIVE_INFINITY;
    const huge = Object.entries(hugepages).reduce((sum, [size, pool]) => sum + Number(size) * pool.total, 0);
    return Math.max(0, Math.floor(memoryKib - huge - Math.max(HOST_KIB, memoryKib * HOST_SHARE)));
  };
}

function heldOn(node: NumaNode, topology: Topology, guests: readonly Guest[], pageKib: number): number {
  return guests
    .filter((guest) => guest.running && guest.pageKib === pageKib && isOn(node, guest))
    .reduce((sum, guest) => sum + guest.memoryKib / topology.nodes.filter((one) => isOn(one, guest)).length, 0);
}

/** Whether a guest has vCPUs, and so memory, on a node now. Its memory is taken to be spread evenly over such nodes. */
export const isOn = (node: { readonly cpus: CpuSet }, { current }: Guest): boolean =>
  [...current.values()].some((pin) => pin.length > 0 && isWithin(pin, node.cpus));
