import { type Assignment, compare, LLCS, movedPins, NODES, PINS, SHARED, scoreOf, UNPLACED } from './cost.ts';
import { stayers } from './current.ts';
import type { Demand } from './demand.ts';
import { type Draft, draft } from './draft.ts';
import type { Host } from './host.ts';
import { placesOf } from './places.ts';
import type { PlacementOptions } from './types.ts';

type Goal = Pick<Required<PlacementOptions>, 'stability' | 'overcommit' | 'minGain'>;

/**
 * A plan that planning again leaves as it is once it is carried out, whether its guests run by then or not. The search may
 * end early, so the plan it finds is carried out in mind and planned again until nothing better comes of it. That ends:
 * where everybody is at home a move has its price, so a plan with moves is better only by what counts before the moves.
 */
export function settle(host: Host, demands: readonly Demand[], goal: Goal): Draft {
  let chosen = planOnce(host, demands, goal);
  if (goal.stability === 'sticky' && chosen.unplaced.length === 0) return chosen;
  for (let next = improved(host, demands, chosen, goal); next; next = improved(host, demands, chosen, goal))
    chosen = { ...seenFrom(host, demands, next), proven: false };
  return chosen;
}

/** The plan in which everybody may move, if it is better than one in which guests stay. */
export function withMoves(host: Host, demands: readonly Demand[], still: Draft, goal: Goal): Draft {
  const mayGain = still.score.slice(0, PINS + 1).some((price) => price > 0);
  if (!mayGain || demands.every(({ guest }) => guest.current.size === 0)) return still;
  const free = draft(host, demands, stayers(host, demands, false, goal.overcommit), goal.overcommit, still);
  return pays(host, still, free, goal.minGain) ? free : { ...still, proven: free.proven, states: free.states };
}

function planOnce(host: Host, demands: readonly Demand[], goal: Goal): Draft {
  const { stability, overcommit } = goal;
  const still = draft(host, demands, stayers(host, demands, true, overcommit), overcommit);
  return stability === 'sticky' ? still : withMoves(host, demands, still, goal);
}

/** A guest more is worth any move; else each running guest that moves has to bring so many nodes, caches or cores. */
function pays(host: Host, still: Draft, free: Draft, minGain: number): boolean {
  const saved = (at: number) => (still.score[at] ?? 0) - (free.score[at] ?? 0);
  if (saved(UNPLACED) > 0) return true;
  return saved(NODES) + saved(LLCS) + saved(SHARED) >= minGain * (moves(host, free) - moves(host, still));
}

const moves = (host: Host, { plan }: Draft): number =>
  plan.filter((one) => one.demand.guest.running && movedPins(host, one) > 0).length;

function improved(host: Host, demands: readonly Demand[], chosen: Draft, goal: Goal): Draft | undefined {
  for (const running of [false, true]) {
    const there = carriedOut(host, demands, chosen, running);
    const next = planOnce(host, there, goal);
    if (compare(next.score, seenFrom(host, there, chosen).score) < 0) return next;
    if (next.proven) return undefined;
  }
  return undefined;
}

/** The guests as they are once a plan is carried out; who has no place is switched off. */
function carriedOut(host: Host, demands: readonly Demand[], { plan }: Draft, running: boolean): Demand[] {
  const places = placesOf(host, plan);
  return demands.map((demand): Demand => {
    const { currentEmulator: _, ...guest } = demand.guest;
    const there = places.get(guest.name);
    if (!there) return { ...demand, guest: { ...guest, running: false, current: new Map() } };
    const current = new Map(there.vcpus.entries());
    return {
      ...demand,
      guest: { ...guest, running: guest.running || running, current, currentEmulator: there.emulator },
    };
  });
}

/** A plan with the price that it has for guests who are elsewhere. */
function seenFrom(host: Host, demands: readonly Demand[], { plan, unplaced, ...rest }: Draft): Draft {
  const byName = new Map(demands.map((demand) => [demand.guest.name, demand]));
  const here = (demand: Demand) => byName.get(demand.guest.name) ?? demand;
  const seated = plan.map((one): Assignment => ({ ...one, demand: here(one.demand) }));
  const seatless = unplaced.map(here);
  return { ...rest, plan: seated, unplaced: seatless, score: scoreOf(host, seated, seatless) };
}
