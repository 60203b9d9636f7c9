import { BROKEN, breakingAnLlc, LLCS, type Score, ZERO } from './cost.ts';
import { cellsOf, type Demand } from './demand.ts';
import type { Host } from './host.ts';
import { freeIn, missing, type State } from './state.ts';

/** What guests that still wait will cost at the least. */
export interface Waiting {
  /** The sizes of dedicated guests that one LLC domain could hold, the largest first. */
  readonly cosy: readonly number[];
  /** CPUs of dedicated guests. */
  readonly cpus: number;
  /** Whole cores that they break into when nobody shares one. */
  readonly cores: number;
  /** KiB by page size. */
  readonly memory: ReadonlyMap<number, number>;
}

/** By number of guests that have been placed: those that wait. */
export function waitingFrom(host: Host, demands: readonly Demand[]): Waiting[] {
  const all: Waiting[] = [{ cosy: [], cpus: 0, cores: 0, memory: new Map() }];
  for (const demand of [...demands].reverse()) all.push(withOneMore(host, all.at(-1) ?? missing(), demand));
  return all.reverse();
}

function withOneMore(host: Host, { cosy, cpus, cores, memory }: Waiting, { guest, minLlcs }: Demand): Waiting {
  const [whole] = cellsOf(guest, 1);
  const needs = new Map(memory).set(guest.pageKib, (memory.get(guest.pageKib) ?? 0) + (whole?.needKib ?? 0));
  if (guest.policy === 'shared') return { cosy, cpus, cores, memory: needs };
  const mine = guest.vcpus + (guest.emulator === 'isolate' ? 1 : 0);
  const perCore = guest.threads === 'isolate' ? 1 : host.coreSize;
  return {
    cosy: minLlcs === 1 ? [...cosy, guest.vcpus].sort((a, b) => b - a) : cosy,
    cpus: cpus + mine,
    cores: cores + Math.ceil(mine / perCore),
    memory: needs,
  };
}

/** Whether what is left of the host cannot hold them whatever is done. */
export function isShort(host: Host, state: State, waiting: Waiting): boolean {
  if (waiting.cpus > freeCpus(host, state)) return true;
  return [...waiting.memory].some(
    ([size, kib]) => kib > (state.memory.get(size) ?? []).reduce((sum, left) => sum + Math.max(0, left), 0),
  );
}

const freeCpus = (host: Host, state: State): number =>
  host.pockets.reduce((sum, { index }) => sum + freeIn(host, state, index), 0);

/**
 * Guests too large for what any LLC domain has left, the domains and the cores that have to be broken into. The last holds
 * for plans in which no more cores are shared; all others cost more before it counts.
 */
export function leastToPay(host: Host, state: State, waiting: Waiting): Score {
  let roomiest = 0;
  const opened = { cpus: 0, cores: 0 };
  const largest = { cpus: 1, cores: 1 };
  let remnants = 0;
  for (const { index, llc, pristine } of host.pockets) {
    let free = 0;
    let whole = 0;
    (state.counts[index] ?? []).forEach((cores, at) => {
      const core = host.states[at];
      if (!core || cores === 0) return;
      free += cores * core.free;
      if (core.guests === 0 && core.free === core.size) whole += cores;
      if (core.guests === 0 && core.free < core.size) remnants += cores;
      if (core.guests === 2) remnants += cores * core.free;
    });
    roomiest = Math.max(roomiest, free);
    if (pristine && !state.used[llc]) {
      largest.cpus = Math.max(largest.cpus, free);
      largest.cores = Math.max(largest.cores, whole);
    } else {
      opened.cpus += free;
      opened.cores += whole;
    }
  }
  const crowded = waiting.cosy.findIndex((size) => size <= roomiest);
  const cores = Math.max(0, waiting.cores - remnants);
  const llcs = Math.max(
    Math.ceil((waiting.cpus - opened.cpus) / largest.cpus),
    Math.ceil((cores - opened.cores) / largest.cores),
    0,
  );
  const score = [...ZERO];
  score[LLCS] = crowded < 0 ? waiting.cosy.length : crowded;
  score[BROKEN] = llcs * breakingAnLlc(host) + cores;
  return score;
}
