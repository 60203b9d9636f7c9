import { type CpuSet, cpuSet, parseCpuSet } from '../../src/contract/index.ts';
import {
  type Guest,
  type Placement,
  type PlacementOptions,
  planPlacement,
  type Topology,
} from '../../src/topology/index.ts';

export interface Machine {
  readonly nodes?: number;
  readonly llcs?: number;
  readonly cores?: number;
  readonly threads?: number;
  /** `next`: a core's threads have numbers in a row; `far`: its second thread follows all first threads. */
  readonly numbering?: 'next' | 'far';
  readonly gib?: number;
  readonly hugepages?: Readonly<Record<number, number>>;
  readonly distance?: (a: number, b: number) => number;
}

/** A regular machine: so many nodes, LLC domains a node, cores a domain, threads a core. A node is a socket. */
export function machine(spec: Machine): Topology {
  const { nodes = 1, llcs = 1, cores = 1, threads = 1, numbering = 'next', gib = 64 } = spec;
  const all = nodes * llcs * cores;
  const core = (index: number): CpuSet =>
    Array.from({ length: threads }, (_, thread) =>
      numbering === 'next' ? index * threads + thread : index + thread * all,
    );
  const span = (from: number, count: number): CpuSet =>
    cpuSet(Array.from({ length: count }, (_, at) => core(from + at)).flat());
  const online = span(0, all);
  const nodeCpus = (node: number) => span(node * llcs * cores, llcs * cores);
  const llcCpus = (llc: number) => span(llc * cores, cores);
  const range = (count: number) => Array.from({ length: count }, (_, at) => at);
  const distance = spec.distance ?? ((a, b) => (a === b ? 10 : 20));
  return {
    cpus: { online, offline: [], isolated: [], tickless: [] },
    sockets: range(nodes).map((id) => ({ id, cpus: nodeCpus(id) })),
    shelves: [],
    dies: [],
    clusters: [],
    cores: range(all).map((index) => ({ cpus: core(index) })),
    caches: range(nodes * llcs).map((llc) => ({ level: 3, type: 'unified', cpus: llcCpus(llc), sizeKib: 32768 })),
    llcs: range(nodes * llcs).map((llc) => ({ cpus: llcCpus(llc), node: Math.floor(llc / llcs), shares: 'l3' })),
    nodes: range(nodes).map((id) => ({
      id,
      cpus: nodeCpus(id),
      memoryKib: gib * 1024 ** 2,
      freeKib: gib * 1024 ** 2,
      distances: range(nodes).map((other) => distance(id, other)),
      hugepages: Object.fromEntries(
        Object.entries(spec.hugepages ?? {}).map(([size, total]) => [size, { total, free: total, surplus: 0 }]),
      ),
    })),
    kinds: [],
    nics: [],
    disks: [],
    interrupts: [],
    guests: [],
  };
}

export const guest = (name: string, vcpus: number, more: Partial<Guest> = {}): Guest => ({
  name,
  vcpus,
  memoryKib: 0,
  pageKib: 4,
  policy: 'dedicated',
  threads: 'prefer',
  numaNodes: 'auto',
  emulator: 'reserved',
  ioThreads: 0,
  priority: 0,
  running: false,
  current: new Map(),
  ...more,
});

/** A guest that runs on these CPUs, one vCPU each. */
export const busy = (list: string, more: Partial<Guest> = {}): Guest => {
  const cpus = parseCpuSet(list);
  return guest(`busy-${list}`, cpus.length, {
    running: true,
    current: new Map(cpus.map((cpu, at) => [at, [cpu]])),
    ...more,
  });
};

export const place = (topology: Topology, guests: readonly Guest[], more: PlacementOptions = {}): Placement =>
  planPlacement(topology, guests, { reserve: [], ...more });

/** The guests as they are once a plan has been carried out. */
export const applied = (guests: readonly Guest[], placement: Placement): Guest[] =>
  guests.map((one) => {
    const there = placement.guests.get(one.name);
    if (!there) return one;
    return {
      ...one,
      running: true,
      current: new Map(there.vcpus.map((cpus, vcpu) => [vcpu, cpus])),
      currentEmulator: there.emulator,
    };
  });
