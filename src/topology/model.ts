import type { CpuSet, HostReserve } from '../contract/index.ts';

/**
 * A host as its kernel shows it. Everything is in terms of online CPUs unless it says otherwise, lists ascend by their
 * first CPU (nodes and devices by their name), and `undefined` means that this kernel does not tell. Plain data.
 */
export interface Topology {
  /** What the host calls itself, where it was asked for and is told. */
  readonly hostname?: string;
  /** The processor's name, where it was asked for and is told. */
  readonly model?: string;
  readonly cpus: Cpus;
  readonly sockets: readonly Socket[];
  /** Books and drawers (s390): what holds several sockets. */
  readonly shelves: readonly Shelf[];
  /** Empty where the kernel does not tell dies from sockets. */
  readonly dies: readonly Group[];
  /** Cores that share a cache or a bus inside a die (`cluster_cpus`); empty where the kernel does not tell. */
  readonly clusters: readonly Group[];
  /** Physical cores, each with its threads. */
  readonly cores: readonly Group[];
  readonly caches: readonly Cache[];
  /** What shares a last-level cache and a node: inside one, threads talk and remember cheaply. A partition of the online CPUs. */
  readonly llcs: readonly Llc[];
  readonly nodes: readonly NumaNode[];
  /** Kinds of cores, the fast ones first; empty where all are alike. */
  readonly kinds: readonly Kind[];
  /** `smt/control`: on, off, forceoff, notsupported, notimplemented. */
  readonly smt?: string;
  readonly nics: readonly Nic[];
  readonly disks: readonly Device[];
  readonly interrupts: readonly Interrupt[];
  /** What `host_reserve` left on the host; undefined where nobody has said so. */
  readonly reserve?: HostReserve;
  /** Guests that run, by name. */
  readonly guests: readonly RunningGuest[];
}

export interface Cpus {
  readonly online: CpuSet;
  /** Present and not online. */
  readonly offline: CpuSet;
  /** Out of the scheduler's balancing (`isolcpus`). */
  readonly isolated: CpuSet;
  /** Without the scheduler's tick (`nohz_full`). */
  readonly tickless: CpuSet;
}

export interface Group {
  readonly cpus: CpuSet;
}

export interface Socket extends Group {
  /** The kernel's number of the package where those are unique, else its place in the list. */
  readonly id: number;
}

export interface Shelf extends Group {
  readonly kind: 'book' | 'drawer';
}

export interface Cache extends Group {
  readonly level: number;
  readonly type: 'unified' | 'data' | 'instruction';
  readonly sizeKib: number | undefined;
}

export interface Llc extends Group {
  readonly node: number;
  /** What its CPUs share. */
  readonly shares: 'l3' | 'cluster' | 'l2' | 'node';
}

export interface NumaNode extends Group {
  readonly id: number;
  readonly memoryKib: number | undefined;
  readonly freeKib: number | undefined;
  /** To each node of the list, in its order; 10 is here. Empty where the kernel does not tell. */
  readonly distances: readonly number[];
  /** By page size in KiB. */
  readonly hugepages: Readonly<Record<number, Hugepages>>;
}

export interface Hugepages {
  readonly total: number;
  readonly free: number;
  readonly surplus: number;
}

export interface Kind extends Group {
  readonly name: string;
}

export interface Device {
  readonly name: string;
  readonly node: number | undefined;
}

export interface Nic extends Device {
  readonly irqs: readonly number[];
  readonly driver?: string;
}

export interface Interrupt {
  readonly irq: number;
  /** The drivers' own words: `eth0-TxRx-3`. */
  readonly name: string;
  /** Where it may go. */
  readonly allowed: CpuSet;
  /** Where the kernel sends it now. */
  readonly effective: CpuSet;
  /** How often it came, by CPU; CPUs that it never came to are left out. */
  readonly counts: ReadonlyMap<number, number>;
}

/** A guest that runs, as libvirt holds it there. */
export interface RunningGuest {
  readonly name: string;
  readonly memoryKib: number;
  /** Where each of its vCPUs may run: every CPU that guests may have where it is not pinned. In the order of their numbers. */
  readonly vcpus: readonly RunningVcpu[];
  /** Where everything else of its process may run. */
  readonly emulator: CpuSet;
  readonly iothreads: readonly { readonly iothread: number; readonly cpus: CpuSet }[];
  /** The nodes that its memory is bound to; undefined where it is not bound. */
  readonly memoryNodes: CpuSet | undefined;
  /** Its memory is backed by huge pages. */
  readonly hugepages: boolean;
}

export interface RunningVcpu extends Group {
  readonly vcpu: number;
  /** The guest says so; else it may be anywhere. */
  readonly pinned: boolean;
}
