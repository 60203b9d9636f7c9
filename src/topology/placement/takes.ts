import type { Host } from './host.ts';
import type { Guest } from './types.ts';

/** So many cores in a state, and of each so many threads. */
export interface Take {
  readonly state: number;
  readonly cores: number;
  readonly threads: number;
  /** Whether the rest of the core is lost to others. */
  readonly alone: boolean;
  /** Whether emulator threads alone come here: no vCPU may be on what is left of a core. */
  readonly aside?: true;
}

/** One way to take CPUs from a pocket: whole cores first, then what is left of a core, then the emulator's CPU. */
export type Split = readonly Take[];

/** A pocket's cores by state: the index is the state's. */
export type Counts = readonly number[];

/** Every way worth a thought to take `vcpus` (and `extra` for emulator threads) from a pocket, the tidiest first. */
export function waysToTake(
  host: Host,
  counts: Counts,
  threads: Guest['threads'],
  vcpus: number,
  extra: number,
): Split[] {
  if (threads === 'isolate') return isolated(host, counts, vcpus, extra);
  if (threads === 'require') return siblings(host, counts, vcpus, extra);
  return packings(host, counts, vcpus + extra);
}

/** How many vCPUs a pocket has room for. */
export function roomIn(host: Host, counts: Counts, threads: Guest['threads']): number {
  return host.states.reduce((sum, state, at) => {
    const cores = counts[at] ?? 0;
    const whole = state.free === state.size && state.guests === 0;
    if (threads === 'prefer') return sum + cores * state.free;
    if (threads === 'isolate') return sum + (whole ? cores : 0);
    return sum + (whole && state.size > 1 ? cores * state.free : 0);
  }, 0);
}

/** Whole free cores, one thread of each, the smallest first. The emulator takes any thread of other cores. */
function isolated(host: Host, counts: Counts, vcpus: number, extra: number): Split[] {
  const wholes = [...host.states.entries()].filter(([, { free, size, guests }]) => free === size && guests === 0);
  const found: Take[][] = [];
  const visit = (depth: number, left: number, takes: Take[]): void => {
    const [at] = wholes[depth] ?? [];
    if (at === undefined) {
      if (left === 0) found.push(takes);
      return;
    }
    for (let cores = Math.min(left, counts[at] ?? 0); cores >= 0; cores -= 1)
      visit(depth + 1, left - cores, cores > 0 ? [...takes, { state: at, cores, threads: 1, alone: true }] : takes);
  };
  visit(0, vcpus, []);
  return found.reverse().flatMap((split) => withEmulator(host, counts, split, extra));
}

const withEmulator = (host: Host, counts: Counts, split: Split, extra: number): Split[] =>
  extra === 0
    ? [split]
    : packings(host, remaining(counts, split), extra).map((more) => [
        ...split,
        ...more.map((take): Take => ({ ...take, aside: true })),
      ]);

/** Whole free cores with several threads; an odd vCPU sits in such a core too. The emulator takes any thread, beside it first. */
function siblings(host: Host, counts: Counts, vcpus: number, extra: number): Split[] {
  const wholes = host.states.map((state, at) =>
    state.free === state.size && state.guests === 0 && state.size > 1 ? (counts[at] ?? 0) : 0,
  );
  return packings(host, wholes, vcpus).flatMap((split) => {
    if (extra === 0) return [split];
    const elsewhere = withEmulator(host, counts, split, extra);
    const last = split.at(-1);
    const open = last && last.threads < (host.states[last.state]?.free ?? 0) ? last : undefined;
    return open ? [[...split.slice(0, -1), { ...open, threads: open.threads + 1 }], ...elsewhere] : elsewhere;
  });
}

function remaining(counts: Counts, split: Split): Counts {
  const left = [...counts];
  for (const { state, cores } of split) left[state] = (left[state] ?? 0) - cores;
  return left;
}

/**
 * Cores used up whole, and at most one in part: two cores used in part could as well be one. Cores nobody is on come
 * first, then remainders nobody shares, then cores with other guests.
 */
function packings(host: Host, counts: Counts, cpus: number): Split[] {
  const order = host.states.map((_, at) => at).filter((at) => (counts[at] ?? 0) > 0);
  const found: Take[][] = [];
  const visit = (depth: number, left: number, takes: Take[]): void => {
    if (left === 0) {
      found.push(takes);
      return;
    }
    const at = order[depth];
    if (at === undefined) {
      for (const partly of order) {
        const used = takes.some((take) => take.state === partly && take.cores === counts[partly]);
        if ((host.states[partly]?.free ?? 0) > left && !used)
          found.push([...takes, { state: partly, cores: 1, threads: left, alone: false }]);
      }
      return;
    }
    const free = host.states[at]?.free ?? 1;
    for (let cores = Math.min(counts[at] ?? 0, Math.floor(left / free)); cores >= 0; cores -= 1)
      visit(
        depth + 1,
        left - cores * free,
        cores > 0 ? [...takes, { state: at, cores, threads: free, alone: false }] : takes,
      );
  };
  visit(0, cpus, []);
  return found;
}
