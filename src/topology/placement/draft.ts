import { baseOf } from './base.ts';
import { concretise } from './concretise.ts';
import { type Assignment, LLCS, type Score, scoreOf } from './cost.ts';
import { bareDemand, cellsOf, type Demand } from './demand.ts';
import type { Host } from './host.ts';
import { optionsFor, tiersFor } from './options.ts';
import type { Rules } from './rules.ts';
import { type Found, type Search, search } from './search.ts';
import { missing, type Option, type State } from './state.ts';
import type { Guest } from './types.ts';

/** How many places are weighed before the best plan so far is taken: fewer on large hosts, where each takes longer. */
const BUDGET = 10_000;
const LEAST_BUDGET = 2000;
const CPUS_TO_WEIGH = 320_000;
const PRICE_PER_GUEST = 4;
/** How many of them for one guest before the next has its turn. */
const MOST_LOOKS = 2000;
export const LEAST_LOOKS = 100;

const budgetOn = ({ coreOf }: Host): number =>
  Math.max(LEAST_BUDGET, Math.min(BUDGET, Math.ceil(CPUS_TO_WEIGH / coreOf.size)));

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
  const base = baseOf(host, kept, others);
  const hopeless = withoutPlace(host, base.state, others, rulesFor(host, demands, others, overcommit));
  const movers = others.filter((demand) => !hopeless.includes(demand));
  const rules = rulesFor(host, demands, movers, overcommit);
  const planOf = (options: readonly Option[]) => [...kept, ...concretise(host, base, options, rules)];
  const price = ({ options, unplaced }: Pick<Found, 'options' | 'unplaced'>): Score =>
    scoreOf(host, planOf(options), [...unplaced, ...hopeless]);
  const start = { ...base.state, score: price({ options: [], unplaced: [] }) };
  const pinned = movers.some(({ guest }) => guest.current.size > 0);
  const limits = {
    budget: budgetOn(host),
    below: incumbent?.score,
    priceOf: (found: Found) => (pinned ? price(found) : found.score),
    priceWork: pinned ? PRICE_PER_GUEST * demands.length : 0,
  };
  let found: Search = { best: undefined, proven: false, states: incumbent?.states ?? 0 };
  const mixed = new Set(movers.map(({ guest }) => guest.policy)).size > 1;
  for (const order of ORDERS) {
    const maySkip = order === 'dearest first';
    if (order === 'floating first' && (found.proven || !mixed)) continue;
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

/** Who has no place even before any of the others has one: what they take gives nobody a place. Guests that ask for the same share the answer. */
function withoutPlace(host: Host, state: State, demands: readonly Demand[], rules: Rules): Demand[] {
  const known = new Map<string, boolean>();
  return demands.filter((demand) => {
    const key = asksOf(demand.guest);
    const isHopeless =
      known.get(key) ??
      tiersFor(host, state, demand, rules).every(({ choice }) => {
        const { options, complete } = choice();
        return options.length === 0 && complete;
      });
    known.set(key, isHopeless);
    return isHopeless;
  });
}

/**
 * Who wants cores for itself goes before who takes what is left of one; of those who want whole cores, who fills or breaks
 * one goes before whose emulator needs a thread of another.
 */
function pickiness(host: Host, { threads, emulator, vcpus }: Guest): number {
  if (threads === 'prefer') return 3;
  if (emulator === 'isolate' && (threads === 'isolate' || vcpus % host.coreSize === 0)) return 2;
  return threads === 'isolate' ? 0 : 1;
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
  const pins = new Set(movers.flatMap(({ guest }) => [...guest.current.values(), guest.currentEmulator ?? []].flat()));
  const peculiar = host.pockets.filter(({ cores }) =>
    cores.some((core) => host.cores[core]?.threads.some((cpu) => pins.has(cpu))),
  );
  return {
    overcommit,
    peculiar: new Set(peculiar.map(({ index }) => index)),
    distant: demands.some(({ spans }) => spans.some((span) => span > 1)) && hasDistances(host),
    looks: Math.max(LEAST_LOOKS, Math.min(MOST_LOOKS, Math.ceil((2 * budgetOn(host)) / Math.max(1, movers.length)))),
    ways: new Map(),
    first: false,
  };
}

/** Whether it matters which nodes a guest of several nodes gets. */
const hasDistances = (host: Host): boolean =>
  new Set(host.nodes.flatMap((node) => node.distances.filter((_, to) => to !== node.index))).size > 1;

/** What each guest asks for, and the least that it could be spread were it alone. Guests that ask for the same share the answer. */
export function demandsOf(host: Host, guests: readonly Guest[], overcommit: number): Demand[] {
  const alone = new Map<string, Pick<Demand, 'minNodes' | 'minLlcs' | 'spans'>>();
  const bare = guests.map((guest) => bareDemand(host, { ...guest, current: new Map() }));
  const { state } = baseOf(host, [], bare);
  return guests.map((guest, at): Demand => {
    const key = asksOf(guest);
    const least = alone.get(key) ?? leastSpread(host, state, bare[at] ?? missing(), overcommit);
    alone.set(key, least);
    const cells = least.spans.map((span) => cellsOf(guest, span));
    return { guest, cells: (nodes) => cells[least.spans.indexOf(nodes)] ?? cellsOf(guest, nodes), ...least };
  });
}

const asksOf = ({ vcpus, memoryKib, pageKib, policy, threads, numaNodes, emulator }: Guest): string =>
  [vcpus, memoryKib, pageKib, policy, threads, numaNodes, emulator].join(' ');

function leastSpread(
  host: Host,
  state: State,
  bare: Demand,
  overcommit: number,
): Pick<Demand, 'minNodes' | 'minLlcs' | 'spans'> {
  const allowed = bare.spans;
  const rules = {
    overcommit,
    peculiar: new Set<number>(),
    distant: false,
    looks: MOST_LOOKS,
    ways: new Map(),
    first: false,
  };
  for (const span of allowed) {
    const options = optionsFor(host, state, { ...bare, spans: [span] }, rules);
    if (options.length === 0) continue;
    const minLlcs = Math.min(...options.map(({ delta }) => delta[LLCS] ?? 0));
    return { minNodes: span, minLlcs, spans: allowed.filter((one) => one >= span) };
  }
  return { minNodes: allowed[0] ?? 1, minLlcs: 0, spans: [] };
}
