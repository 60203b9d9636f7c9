import { baseOf } from './base.ts';
import { concretise } from './concretise.ts';
import { type Assignment, LLCS, type Score, scoreOf } from './cost.ts';
import { allowedSpans, cellsOf, type Demand } from './demand.ts';
import type { Host } from './host.ts';
import { optionsFor } from './options.ts';
import type { Rules } from './rules.ts';
import { type Found, type Search, search } from './search.ts';
import type { Option } from './state.ts';
import type { Guest } from './types.ts';

/** How many places are weighed before the best plan so far is taken; never so few that there is none. */
const BUDGET = 10_000;
const PER_GUEST = 100;
const PRICE_PER_GUEST = 4;

/** A whole plan, before it is put into words. */
export interface Draft {
  readonly plan: readonly Assignment[];
  readonly unplaced: readonly Demand[];
  readonly score: Score;
  /** Whether nothing better exists in which the same guests stay. */
  readonly proven: boolean;
  readonly states: number;
}

/** The best plan that is found in which `kept` stay where they are; the `incumbent` when none costs less than that. */
export function draft(
  host: Host,
  demands: readonly Demand[],
  kept: readonly Assignment[],
  overcommit: number,
  incumbent?: Draft,
): Draft {
  const staying = new Set(kept.map(({ demand }) => demand));
  const others = demands.filter((demand) => !staying.has(demand));
  const hopeless = others.filter(({ spans }) => spans.length === 0);
  const movers = others.filter(({ spans }) => spans.length > 0);
  const base = baseOf(host, kept, movers);
  const rules = rulesFor(host, demands, movers, overcommit);
  const planOf = (options: readonly Option[]) => [...kept, ...concretise(host, base, options, rules)];
  const price = ({ options, unplaced }: Pick<Found, 'options' | 'unplaced'>): Score =>
    scoreOf(host, planOf(options), [...unplaced, ...hopeless]);
  const start = { ...base.state, score: price({ options: [], unplaced: [] }) };
  const pinned = movers.some(({ guest }) => guest.current.size > 0);
  const limits = {
    budget: Math.max(BUDGET, PER_GUEST * movers.length),
    below: incumbent?.score,
    priceOf: (found: Found) => (pinned ? price(found) : found.score),
    priceWork: pinned ? PRICE_PER_GUEST * demands.length : 0,
  };
  let found: Search = { best: undefined, proven: false, states: incumbent?.states ?? 0 };
  for (const order of ORDERS) {
    const maySkip = order === 'dearest first';
    if (incumbent && (found.proven || maySkip) && incumbent.unplaced.length === hopeless.length) break;
    const its = { ...rules, first: order === 'floating first' };
    const next = search(host, start, inOrder(host, movers, order), its, { ...limits, maySkip });
    found = { ...next, states: found.states + next.states };
    if (found.best) break;
  }
  const { best, proven, states } = found;
  if (incumbent && !best) return { ...incumbent, proven, states };
  const { options, unplaced } = best ?? { options: [], unplaced: movers };
  return {
    plan: planOf(options),
    unplaced: [...unplaced, ...hopeless],
    score: price({ options, unplaced }),
    proven,
    states,
  };
}

/**
 * Who wants cores for itself goes before who takes what is left of one; of those who want whole cores, who fills or breaks
 * one goes before whose emulator needs a thread of another.
 */
function pickiness(host: Host, { threads, emulator, vcpus }: Guest): number {
  if (threads === 'isolate') return 0;
  if (threads === 'prefer') return 3;
  return emulator === 'isolate' && vcpus % host.coreSize === 0 ? 2 : 1;
}

/**
 * In which order guests are placed. Those who float come last; where that leaves them no pool with memory beside it, they
 * come first. When nothing holds all, those of high priority come before larger ones.
 */
const ORDERS = ['floating last', 'floating first', 'dearest first'] as const;

function inOrder(host: Host, demands: readonly Demand[], order: (typeof ORDERS)[number]): Demand[] {
  const floating = (guest: Guest) => (order === 'floating first' ? -1 : 1) * Number(guest.policy === 'shared');
  return [...demands].sort(
    (a, b) =>
      floating(a.guest) - floating(b.guest) ||
      pickiness(host, a.guest) - pickiness(host, b.guest) ||
      (order === 'dearest first' ? b.guest.priority - a.guest.priority : 0) ||
      b.minNodes - a.minNodes ||
      b.guest.vcpus - a.guest.vcpus ||
      b.guest.memoryKib - a.guest.memoryKib ||
      (a.guest.name < b.guest.name ? -1 : 1),
  );
}

/** `movers`: who may be given another place. */
export function rulesFor(host: Host, demands: readonly Demand[], movers: readonly Demand[], overcommit: number): Rules {
  const pins = new Set(movers.flatMap(({ guest }) => [...guest.current.values()].flat()));
  const peculiar = host.pockets.filter(({ cores }) =>
    cores.some((core) => host.cores[core]?.threads.some((cpu) => pins.has(cpu))),
  );
  return {
    overcommit,
    peculiar: new Set(peculiar.map(({ index }) => index)),
    distant: demands.some(({ spans }) => spans.some((span) => span > 1)) && hasDistances(host),
    first: false,
  };
}

/** Whether it matters which nodes a guest of several nodes gets. */
const hasDistances = (host: Host): boolean =>
  new Set(host.nodes.flatMap((node) => node.distances.filter((_, to) => to !== node.index))).size > 1;

/** What each guest asks for, and the least that it could be spread were it alone. Guests that ask for the same share the answer. */
export function demandsOf(host: Host, guests: readonly Guest[], overcommit: number): Demand[] {
  const alone = new Map<string, Pick<Demand, 'minNodes' | 'minLlcs' | 'spans'>>();
  return guests.map((guest): Demand => {
    const { vcpus, memoryKib, pageKib, policy, threads, numaNodes, emulator } = guest;
    const key = [vcpus, memoryKib, pageKib, policy, threads, numaNodes, emulator].join(' ');
    const least = alone.get(key) ?? leastSpread(host, guest, overcommit);
    alone.set(key, least);
    const cells = least.spans.map((span) => cellsOf(guest, span));
    return { guest, cells: (nodes) => cells[least.spans.indexOf(nodes)] ?? cellsOf(guest, nodes), ...least };
  });
}

function leastSpread(host: Host, guest: Guest, overcommit: number): Pick<Demand, 'minNodes' | 'minLlcs' | 'spans'> {
  const allowed = allowedSpans(host, guest);
  const bare = {
    guest: { ...guest, current: new Map() },
    minNodes: 0,
    minLlcs: 0,
    spans: allowed,
    cells: (nodes: number) => cellsOf(guest, nodes),
  };
  const base = baseOf(host, [], [bare]);
  const rules = { overcommit, peculiar: new Set<number>(), distant: false, first: false };
  for (const span of allowed) {
    const options = optionsFor(host, base.state, { ...bare, spans: [span] }, rules);
    if (options.length === 0) continue;
    const minLlcs = Math.min(...options.map(({ delta }) => delta[LLCS] ?? 0));
    return { minNodes: span, minLlcs, spans: allowed.filter((one) => one >= span) };
  }
  return { minNodes: allowed[0] ?? 1, minLlcs: 0, spans: [] };
}
