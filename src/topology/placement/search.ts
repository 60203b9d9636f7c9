import { isShort, leastToPay, waitingFrom } from './bounds.ts';
import { add, compare, type Score, worthOf, ZERO } from './cost.ts';
import type { Demand } from './demand.ts';
import type { Host } from './host.ts';
import { tiersFor } from './options.ts';
import type { Rules } from './rules.ts';
import { apply, type Option, type State } from './state.ts';

export interface Found {
  /** One for each guest that has a place, in the order they were asked for. */
  readonly options: readonly Option[];
  readonly unplaced: readonly Demand[];
  readonly score: Score;
}

export interface Search {
  /** Undefined when none was found below the limit. */
  readonly best: Found | undefined;
  /** Whether nothing better exists than it, or than the limit. */
  readonly proven: boolean;
  readonly states: number;
}

export interface Limits {
  /** How many places to look at once there is a plan, or a guest without a place. */
  readonly budget: number;
  /** Whether guests may go without a place, at the price of their priority. */
  readonly maySkip: boolean;
  /** Only plans that cost less than this are looked for. */
  readonly below: Score | undefined;
  /** A whole plan's real price: never less than what the counts tell. */
  readonly priceOf: (found: Found) => Score;
  /** What pricing one counts against the budget. */
  readonly priceWork: number;
}

/**
 * Branch and bound over the guests in order, each with its best option first, so that the first plan found is that of
 * best-fit. A branch is left when the price it has, and the least it still has to pay, is no better than the best plan's.
 */
export function search(host: Host, start: State, demands: readonly Demand[], rules: Rules, limits: Limits): Search {
  const waiting = waitingFrom(host, demands);
  const leastFrom = (at: number, state: State): Score => {
    const those = waiting[at];
    return those && !limits.maySkip ? add(state.score, leastToPay(host, state, those)) : state.score;
  };
  let best: Found | undefined;
  let limit = limits.below;
  let unsettled: Score | undefined;
  let states = 0;
  let weighed = 0;
  let exhausted = true;
  let stuck = false;
  const isSpent = () => weighed >= limits.budget && (limit !== undefined || stuck);

  /** `barred`: places of a twin that were tried for the one before it already, with the two the other way round. */
  const visit = (at: number, state: State, found: Omit<Found, 'score'>, barred: ReadonlySet<string>): void => {
    if (isSpent()) {
      exhausted = false;
      return;
    }
    states += 1;
    weighed += 1;
    const those = waiting[at];
    if (those && !limits.maySkip && isShort(host, state, those)) {
      stuck = true;
      return;
    }
    if (limit && compare(leastFrom(at, state), limit) >= 0) return;
    const demand = demands[at];
    if (!demand) {
      weighed += limits.priceWork;
      const score = limits.priceOf({ ...found, score: state.score });
      if (compare(score, state.score) > 0 && (!unsettled || compare(state.score, unsettled) < 0))
        unsettled = state.score;
      if (limit && compare(score, limit) >= 0) return;
      best = { ...found, score };
      limit = score;
      return;
    }
    const next = demands[at + 1];
    const tried = new Set(barred);
    const descend = (after: State, then: Omit<Found, 'score'>) =>
      visit(at + 1, after, then, next && areTwins(demand, next) ? new Set(tried) : NOTHING);
    const least = limit ? leastFrom(at + 1, state) : state.score;
    let goesOn = limits.maySkip;
    for (const tier of tiersFor(host, state, demand, rules)) {
      // On the way back from where the budget ended nobody would go into these any more.
      if (isSpent()) {
        exhausted = false;
        return;
      }
      if (limit && compare(add(least, tier.least), limit) >= 0) continue;
      const choice = tier.choice();
      if (!choice.complete) exhausted = false;
      weighed += choice.work;
      for (const option of choice.options) {
        const place = placeOf(option);
        if (barred.has(place)) continue;
        goesOn = true;
        if (isSpent()) break;
        descend(apply(host, state, option), { ...found, options: [...found.options, option] });
        tried.add(place);
      }
    }
    stuck ||= !goesOn;
    if (limits.maySkip) descend(without(state, demand), { ...found, unplaced: [...found.unplaced, demand] });
  };
  visit(0, start, { options: [], unplaced: [] }, NOTHING);

  const cheapest = limit !== undefined && compare(leastFrom(0, start), limit) >= 0;
  const settled = limit === undefined || unsettled === undefined || compare(unsettled, limit) >= 0;
  return { best, proven: cheapest || (exhausted && settled), states };
}

const without = (state: State, { guest }: Demand): State => ({
  ...state,
  score: add(state.score, [worthOf(guest), ...ZERO.slice(1)]),
});

const NOTHING: ReadonlySet<string> = new Set();

/** Guests that differ by name alone. */
function areTwins({ guest: a }: Demand, { guest: b }: Demand): boolean {
  return (
    a.current.size === 0 &&
    b.current.size === 0 &&
    a.vcpus === b.vcpus &&
    a.memoryKib === b.memoryKib &&
    a.pageKib === b.pageKib &&
    a.policy === b.policy &&
    a.threads === b.threads &&
    a.numaNodes === b.numaNodes &&
    a.emulator === b.emulator &&
    a.priority === b.priority
  );
}

const placeOf = ({ cells }: Option): string =>
  cells
    .map(({ node, takes }) => {
      const parts = takes.map(({ pocket, split }) => {
        const cores = split.map((take) => `${take.state}*${take.cores}*${take.threads}`);
        return `${pocket}:${cores.join('+')}`;
      });
      return `${node}=${parts.join(',')}`;
    })
    .join(' ');
