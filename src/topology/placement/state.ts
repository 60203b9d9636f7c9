import { add, type Score } from './cost.ts';
import type { CellDemand, Demand } from './demand.ts';
import type { Host } from './host.ts';
import type { Counts, Split } from './takes.ts';

/** What is left of a host after some guests have their places. Never changed, only replaced. */
export interface State {
  /** By pocket. */
  readonly counts: readonly Counts[];
  /** By pocket: pockets with the same key are alike in all that counts. */
  readonly keys: readonly string[];
  /** By LLC domain: whether a dedicated guest is on it. */
  readonly used: readonly boolean[];
  /** KiB left, by page size and node index. */
  readonly memory: ReadonlyMap<number, readonly number[]>;
  /** Shared vCPUs, by node index: all, and the most of one guest. */
  readonly floating: readonly { readonly vcpus: number; readonly most: number }[];
  readonly score: Score;
}

/** One way to place a guest. */
export interface Option {
  readonly demand: Demand;
  readonly cells: readonly CellOption[];
  /** What it adds to the price. */
  readonly delta: Score;
}

export interface CellOption {
  readonly cell: CellDemand;
  /** Index of the node. */
  readonly node: number;
  /** Nothing of any for a shared guest. */
  readonly takes: readonly PocketTake[];
}

export interface PocketTake {
  readonly pocket: number;
  readonly split: Split;
}

export function apply(host: Host, state: State, option: Option): State {
  const counts = [...state.counts];
  const keys = [...state.keys];
  const used = [...state.used];
  const floating = [...state.floating];
  const { pageKib, policy } = option.demand.guest;
  const left = [...(state.memory.get(pageKib) ?? [])];
  for (const { cell, node, takes } of option.cells) {
    left[node] = (left[node] ?? 0) - cell.needKib;
    if (policy === 'shared') {
      const now = floating[node] ?? missing();
      floating[node] = { vcpus: now.vcpus + cell.vcpus, most: Math.max(now.most, cell.vcpus) };
    }
    for (const { pocket, split } of takes) {
      counts[pocket] = countsAfter(host, counts[pocket] ?? [], split);
      used[host.pockets[pocket]?.llc ?? -1] = true;
    }
  }
  for (const { takes } of option.cells)
    for (const { pocket } of takes) keys[pocket] = keyOf(host, pocket, counts[pocket] ?? [], used);
  return {
    counts,
    keys,
    used,
    floating,
    memory: new Map(state.memory).set(pageKib, left),
    score: add(state.score, option.delta),
  };
}

export function keyOf(host: Host, index: number, counts: Counts, used: readonly boolean[]): string {
  const { kind, pristine, mixed, llc } = host.pockets[index] ?? missing();
  return `${kind}/${mixed ? llc : pristine && !used[llc]}/${counts}`;
}

function countsAfter(host: Host, counts: Counts, split: Split): Counts {
  const next = [...counts];
  for (const { state, cores, threads, alone } of split) {
    next[state] = (next[state] ?? 0) - cores;
    const to = alone ? undefined : host.after[state]?.[threads];
    if (to !== undefined) next[to] = (next[to] ?? 0) + cores;
  }
  return next;
}

export function freeIn(host: Host, state: State, pocket: number): number {
  let free = 0;
  (state.counts[pocket] ?? []).forEach((cores, at) => {
    if (cores > 0) free += cores * (host.states[at]?.free ?? 0);
  });
  return free;
}

/** CPUs on a node over which shared guests may float. */
export function poolOn(host: Host, state: State, node: number): number {
  const pockets = host.nodes[node]?.pockets ?? [];
  return pockets.reduce((sum, pocket) => sum + poolIn(host, state.counts[pocket] ?? []), 0);
}

const poolIn = (host: Host, counts: Counts): number =>
  counts.reduce((sum, cores, at) => {
    const core = host.states[at];
    return core?.pooled ? sum + cores * core.free : sum;
  }, 0);

/** Whether the guests that float on a node have room enough there. */
export function floats(host: Host, state: State, node: number, overcommit: number): boolean {
  const load = state.floating[node] ?? missing();
  return load.vcpus === 0 || hasFloatingRoom(load, poolOn(host, state, node), overcommit);
}

export const hasFloatingRoom = (
  { vcpus, most }: { readonly vcpus: number; readonly most: number },
  pool: number,
  overcommit: number,
): boolean => most <= pool && vcpus <= pool * overcommit + 1e-9;

export const missing = (): never => {
  throw new Error('an index out of the host');
};
