import type { CpuSet } from '../../contract/index.ts';
import { type Assignment, ZERO } from './cost.ts';
import { type Demand, overheadKib } from './demand.ts';
import { type Host, indexOfState } from './host.ts';
import { keyOf, missing, type State } from './state.ts';

/** A host with the guests that stay. */
export interface Base {
  readonly kept: readonly Assignment[];
  readonly state: State;
  /** By core. */
  readonly cores: readonly BaseCore[];
}

export interface BaseCore {
  /** The threads that are left. */
  readonly left: CpuSet;
  /** Its state; undefined when nothing is left. */
  readonly state: number | undefined;
}

/** `waiting`: guests that will be looked for a place. */
export function baseOf(host: Host, kept: readonly Assignment[], waiting: readonly Demand[] = []): Base {
  const owner = new Map(kept.flatMap((one) => cpusOf(one).map((cpu) => [cpu, one] as const)));
  const counts = host.pockets.map(() => host.states.map(() => 0));
  const used = Array.from({ length: host.llcCount }, () => false);
  const cores = host.cores.map((core): BaseCore => {
    const { pocket, threads } = core;
    const here = new Set(threads.flatMap((cpu) => owner.get(cpu) ?? []));
    const alone = [...here].some((one) => isAlone(one) && threads.some((cpu) => one.cpus.includes(cpu)));
    const left = alone ? [] : threads.filter((cpu) => !owner.has(cpu));
    const guests = here.size === 0 ? 0 : here.size === 1 ? 1 : 2;
    const state = indexOfState(host.states, { ...core, free: left.length, guests });
    const those = counts[pocket] ?? missing();
    if (state !== undefined) those[state] = (those[state] ?? 0) + 1;
    if (here.size > 0) used[host.pockets[pocket]?.llc ?? missing()] = true;
    return { left, state };
  });
  return {
    kept,
    cores,
    state: {
      counts,
      keys: counts.map((those, pocket) => keyOf(host, pocket, those, used)),
      used,
      memory: memoryLeft(host, kept, waiting),
      floating: floatingOn(host, kept),
      score: ZERO,
    },
  };
}

/** Whether nobody else may be on the cores of its vCPUs; on its emulator's core others may. */
export const isAlone = ({ demand: { guest } }: Assignment): boolean =>
  guest.policy === 'dedicated' && guest.threads === 'isolate';

export const cpusOf = ({ cpus, emulator }: Assignment): CpuSet => [...cpus, ...emulator];

function memoryLeft(host: Host, kept: readonly Assignment[], waiting: readonly Demand[]): Map<number, number[]> {
  const sizes = [...kept.map(({ demand }) => demand), ...waiting].map(({ guest }) => guest.pageKib);
  const memory = new Map([...new Set(sizes)].map((size) => [size, host.nodes.map((node) => node.memory(size))]));
  for (const { demand, cells } of kept) {
    const left = memory.get(demand.guest.pageKib) ?? missing();
    for (const { node, memoryKib } of cells)
      left[node] = (left[node] ?? 0) - memoryKib - overheadKib(demand.guest, cells.length);
  }
  return memory;
}

function floatingOn(host: Host, kept: readonly Assignment[]): { vcpus: number; most: number }[] {
  const cells = kept.filter(({ demand }) => demand.guest.policy === 'shared').flatMap((one) => one.cells);
  return host.nodes.map(({ index }) => {
    const here = cells.filter(({ node }) => node === index).map(({ vcpus }) => vcpus.length);
    return { vcpus: here.reduce((sum, vcpus) => sum + vcpus, 0), most: Math.max(0, ...here) };
  });
}
