import {
  type Assignment,
  compare,
  LLCS,
  movedPins,
  NODES,
  PINS,
  published,
  SHARED,
  scoreOf,
  UNPLACED,
} from './cost.ts';
import { bringHome, stayers } from './current.ts';
import type { Demand } from './demand.ts';
import { type Draft, draft } from './draft.ts';
import type { Host } from './host.ts';
import { occupancyOf } from './occupancy.ts';
import { placesOf } from './places.ts';
import type { GuestPlace, PlacementOptions } from './types.ts';

type Goal = Pick<Required<PlacementOptions>, 'stability' | 'overcommit' | 'minGain'>;

/**
 * A plan that planning again leaves as it is once it is carried out, whether its guests run by then or not. The search may
 * end early, so the plan it finds is carried out in mind and planned again until nothing better comes of it. That ends:
 * where everybody is at home a move has its price, so a plan with moves is better only by what counts before the moves.
 */
export function settle(host: Host, demands: readonly Demand[], goal: Goal): Draft {
  const first = planOnce(host, demands, goal);
  if (goal.stability === 'sticky' && first.unplaced.length === 0) return first;
  const planned = new Set([whereAndHow(demands)]);
  let chosen = first;
  for (;;) {
    const next = improved(host, demands, chosen, goal, planned);
    if (!next) return chosen;
    chosen = { ...seenFrom(host, demands, next), proven: false };
  }
}

/** The plan in which everybody may move, if it is better than one in which guests stay. */
export function withMoves(host: Host, demands: readonly Demand[], still: Draft, goal: Goal): Draft {
  const mayGain = still.score.slice(0, PINS + 1).some((price) => price > 0);
  if (!mayGain || demands.every(({ guest }) => guest.current.size === 0)) return still;
  const { overcommit, minGain } = goal;
  const found = draft(host, demands, stayers(host, demands, false, overcommit), overcommit, still);
  const { plan, regular } = bringHome(host, found.plan, overcommit);
  const proven = found.proven && regular;
  const free = { ...found, plan, score: scoreOf(host, plan, found.unplaced), proven };
  return pays(host, still, free, minGain) ? free : { ...still, proven, states: found.states };
}

function planOnce(host: Host, demands: readonly Demand[], goal: Goal): Draft {
  const { stability, overcommit } = goal;
  const still = draft(host, demands, stayers(host, demands, true, overcommit), overcommit);
  return stability === 'sticky' ? still : withMoves(host, demands, still, goal);
}

/**
 * A guest more is worth any move; else each running guest that moves has to bring so many nodes, caches or cores. What only
 * breaks ties among new places moves nobody.
 */
function pays(host: Host, still: Draft, free: Draft, minGain: number): boolean {
  const [now, then] = [published(still.score), published(free.score)];
  if (compare(then, now, now.length) > 0) return false;
  const saved = (at: number) => (still.score[at] ?? 0) - (free.score[at] ?? 0);
  if (saved(UNPLACED) > 0) return true;
  return saved(NODES) + saved(LLCS) + saved(SHARED) >= minGain * (moves(host, free) - moves(host, still));
}

const moves = (host: Host, { plan }: Draft): number =>
  plan.filter((one) => one.demand.guest.running && movedPins(host, one) > 0).length;

/** `planned`: from where nothing better is to be found, as earlier plans have shown. */
function improved(
  host: Host,
  demands: readonly Demand[],
  chosen: Draft,
  goal: Goal,
  planned: Set<string>,
): Draft | undefined {
  for (const there of waysToCarryOut(host, demands, chosen)) {
    const key = whereAndHow(there);
    if (planned.has(key)) continue;
    planned.add(key);
    const next = planOnce(host, there, goal);
    const left = chosen.unplaced.filter((demand) => !there.some(({ guest }) => guest.name === demand.guest.name));
    const now = seenFrom(host, there, { ...chosen, unplaced: left.length > 0 ? [] : chosen.unplaced });
    const better = compare(next.score, now.score) < 0 && crowded(host, demands, next) <= crowded(host, demands, chosen);
    if (better) return { ...next, unplaced: [...next.unplaced, ...left] };
    if (next.proven) return undefined;
  }
  return undefined;
}

/**
 * How many guests have no memory where they are put. None that comes, but who has no place and runs on where it is, as one way
 * to carry out a plan has it, is beside those who came there by then.
 */
function crowded(host: Host, demands: readonly Demand[], draft: Draft): number {
  const { plan } = seenFrom(host, demands, draft);
  const occupancy = occupancyOf(host, plan);
  return plan.filter((one) => !occupancy.holds(one)).length;
}

/**
 * The guests as they may be once a plan is carried out: running or not; and who has no place switched off, left as they
 * were, or asked about no more. What is proven for the first of these holds for all of them.
 */
function* waysToCarryOut(host: Host, demands: readonly Demand[], { plan }: Draft): Generator<readonly Demand[]> {
  const places = placesOf(host, plan);
  const placed = demands.filter(({ guest }) => places.has(guest.name));
  const pinned = demands.some(({ guest }) => !places.has(guest.name) && guest.current.size > 0);
  for (const running of [false, true]) {
    const there = (those: readonly Demand[]) => those.map((demand) => carriedOut(demand, places, running));
    yield there(demands);
    if (pinned) yield demands.map((demand) => (placed.includes(demand) ? carriedOut(demand, places, running) : demand));
    if (placed.length < demands.length) yield there(placed);
  }
}

/** Who has no place is switched off. */
function carriedOut(demand: Demand, places: ReadonlyMap<string, GuestPlace>, running: boolean): Demand {
  const { currentEmulator: _, ...guest } = demand.guest;
  const there = places.get(guest.name);
  if (!there) return { ...demand, guest: { ...guest, running: false, current: new Map() } };
  const current = new Map(there.vcpus.entries());
  return {
    ...demand,
    guest: { ...guest, running: guest.running || running, current, currentEmulator: there.emulator },
  };
}

const whereAndHow = (demands: readonly Demand[]): string =>
  JSON.stringify(demands.map(({ guest }) => [guest.name, guest.running, [...guest.current], guest.currentEmulator]));

/** A plan with the price that it has for guests who are elsewhere. */
function seenFrom(host: Host, demands: readonly Demand[], { plan, unplaced, ...rest }: Draft): Draft {
  const byName = new Map(demands.map((demand) => [demand.guest.name, demand]));
  const here = (demand: Demand) => byName.get(demand.guest.name) ?? demand;
  const seated = plan.map((one): Assignment => ({ ...one, demand: here(one.demand) }));
  const seatless = unplaced.map(here);
  return { ...rest, plan: seated, unplaced: seatless, score: scoreOf(host, seated, seatless) };
}
