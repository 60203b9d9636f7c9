import type { CpuSet } from '../../contract/index.ts';

/** What a guest asks of its host. Sizes in KiB. */
export interface Guest {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryKib: number;
  /** 4, or the size of the huge pages that back it. */
  readonly pageKib: number;
  /** Dedicated: one CPU for each vCPU, no other guest's. Shared: its vCPUs float over what dedicated guests leave of a node. */
  readonly policy: 'dedicated' | 'shared';
  /** Siblings where they fit; siblings or nothing; one vCPU a core and nobody else on that core. */
  readonly threads: 'prefer' | 'require' | 'isolate';
  /** On how many nodes it is spread; auto: as few as will do. */
  readonly numaNodes: number | 'auto';
  /** Where its emulator threads run: on the reserved CPUs, on a CPU of their own, on the vCPUs' CPUs. */
  readonly emulator: 'reserved' | 'isolate' | 'share';
  readonly ioThreads: number;
  /** Who is placed when not all can be: the higher first. */
  readonly priority: number;
  readonly running: boolean;
  /** Stays where it is, also when that costs others their place. */
  readonly frozen?: boolean;
  /** Where its vCPUs are pinned now; empty when they are not. */
  readonly current: ReadonlyMap<number, CpuSet>;
  /** Where its emulator threads are pinned now, if that is known. */
  readonly currentEmulator?: CpuSet;
}

export interface PlacementOptions {
  /** CPUs that are the host's own, or the rule that picks them. Default `auto`. */
  readonly reserve?: CpuSet | 'auto';
  /** Sticky, the default: who is well placed stays. Optimise: moves are a cost, not a ban. */
  readonly stability?: 'sticky' | 'optimise';
  /** How many shared vCPUs may float over one CPU. Default 4. */
  readonly overcommit?: number;
  /** How many nodes, caches and shared cores a plan has to save for each running guest that it moves. Default 0: any gain. */
  readonly minGain?: number;
}

/**
 * What a plan costs: vectors compared number by number, the smaller is the better plan.
 * 0 unplaced priorities, 1 nodes beyond the least, 2 LLC domains beyond the least, 3 cores shared between guests or small
 * guests on several cores, 4 KiB of running guests' memory moved, 5 pins changed, 6 free LLC domains and cores broken into,
 * 7 always 0: what is left to choose falls to the lowest CPUs, guests by name.
 */
export type Cost = readonly [number, number, number, number, number, number, number, number];

export interface Placement {
  /** Whether every guest has a place. */
  readonly feasible: boolean;
  /** Whether no better plan exists; false when the search ended before it could tell. */
  readonly optimal: boolean;
  readonly cost: Cost;
  readonly reserved: CpuSet;
  /** By name, in the order of names. */
  readonly guests: ReadonlyMap<string, GuestPlace>;
  /** Guests without a place, and what each lacks. */
  readonly missing: readonly { readonly guest: string; readonly reason: string }[];
  /** What an operator should know besides. */
  readonly notes: readonly string[];
  /** How many partial plans were looked at. */
  readonly states: number;
}

export interface GuestPlace {
  /** By vCPU number: one CPU each when dedicated, the node's pool when shared. */
  readonly vcpus: readonly CpuSet[];
  readonly emulator: CpuSet;
  /** By IO thread number less one. */
  readonly ioThreads: readonly CpuSet[];
  /** The guest's own NUMA cells, one a node. */
  readonly cells: readonly PlacedCell[];
  /** Whether it stays where it was. */
  readonly kept: boolean;
  readonly why: string;
}

export interface PlacedCell {
  /** The host's node number. */
  readonly node: number;
  /** Its vCPUs by number. */
  readonly vcpus: CpuSet;
  readonly memoryKib: number;
}
