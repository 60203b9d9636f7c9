import { type CpuSet, differenceOf, formatCpuSet, Problem, unionOf } from '../../contract/index.ts';
import type { Topology } from '../model.ts';
import { baseOf } from './base.ts';
import { compare, movedPins, published, SHARED } from './cost.ts';
import type { Demand } from './demand.ts';
import { type Draft, demandsOf, LEAST_LOOKS, rulesFor } from './draft.ts';
import { whyNot } from './explain.ts';
import { buildHost, type Host } from './host.ts';
import { placesOf } from './places.ts';
import { autoReserve } from './reserve.ts';
import { settle, withMoves } from './settle.ts';
import type { Guest, Placement, PlacementOptions } from './types.ts';

/**
 * Where each guest's vCPUs, emulator threads and memory go, by the rules and at the price that docs/placement.md tells.
 * Pure, and the same in whatever order the guests come; planned again once it is carried out, it moves nobody. A plan that
 * lacks guests is returned too, with what each lacks. Throws `Problem` NoSuchCpu or DuplicateGuest.
 */
export function planPlacement(
  topology: Topology,
  asked: readonly Guest[],
  { reserve = 'auto', stability = 'sticky', overcommit = 4, minGain = 0 }: PlacementOptions = {},
): Placement {
  const guests = [...asked].sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = guests.find((guest, at) => guest.name === guests[at - 1]?.name);
  if (twice) throw new Problem('DuplicateGuest', `two guests are called ${twice.name}`);
  const reserved = reserve === 'auto' ? autoReserve(topology) : known(reserve, topology);
  const host = buildHost(topology, reserved, guests);
  const demands = demandsOf(host, guests, overcommit);
  const goal = { stability, overcommit, minGain };

  const chosen = settle(host, demands, goal);
  const other = stability === 'sticky' ? withMoves(host, demands, chosen, goal) : chosen;
  return {
    feasible: chosen.unplaced.length === 0,
    optimal: chosen.proven,
    cost: published(chosen.score),
    reserved,
    guests: placesOf(host, chosen.plan),
    missing: missingOf(host, demands, chosen, overcommit, pageSizes(topology)),
    notes: notesOn(host, topology, guests, chosen, gains(other, chosen) ? other : undefined),
    states: chosen.states,
  };
}

function known(reserve: CpuSet, { cpus }: Topology): CpuSet {
  const strange = differenceOf(reserve, unionOf(cpus.online, cpus.offline));
  if (strange.length > 0)
    throw new Problem(
      'NoSuchCpu',
      `cannot reserve ${formatCpuSet(strange)}: this host has the CPUs ${formatCpuSet(cpus.online)}`,
      'reserve some of those; `kvmplay topology` shows them by nodes and caches',
    );
  return reserve;
}

const gains = (free: Draft, sticky: Draft): boolean => compare(free.score, sticky.score, SHARED + 1) < 0;

/** Of huge pages, the largest first. */
const pageSizes = ({ nodes }: Topology): number[] =>
  [...new Set(nodes.flatMap(({ hugepages }) => Object.keys(hugepages).map(Number)))].sort((a, b) => b - a);

/** Guests that ask for the same lack the same. */
function missingOf(
  host: Host,
  demands: readonly Demand[],
  { plan, unplaced }: Draft,
  overcommit: number,
  sizes: readonly number[],
): Placement['missing'] {
  // Whether a guest would fit in other pages is asked too.
  const otherwise = unplaced.flatMap((demand) =>
    [...sizes, 4].map((pageKib) => ({ ...demand, guest: { ...demand.guest, pageKib } })),
  );
  const { state } = baseOf(host, plan, [...unplaced, ...otherwise]);
  const rules = { ...rulesFor(host, demands, [], overcommit), looks: LEAST_LOOKS };
  const reasons = new Map<string, string>();
  return unplaced
    .map((demand) => {
      const { name, ...asks } = demand.guest;
      const key = JSON.stringify({ ...asks, current: [] });
      const reason = reasons.get(key) ?? whyNot(host, state, demand, rules, sizes);
      reasons.set(key, reason);
      return { guest: name, reason };
    })
    .sort((a, b) => (a.guest < b.guest ? -1 : 1));
}

function notesOn(
  host: Host,
  topology: Topology,
  guests: readonly Guest[],
  { plan }: Draft,
  improved: Draft | undefined,
): string[] {
  const notes: string[] = [];
  if (topology.nodes.every((node) => node.memoryKib === undefined))
    notes.push('this host does not tell its memory: only CPUs were counted');
  if (host.reserved.length === 0 && guests.some(({ emulator }) => emulator === 'reserved'))
    notes.push('no CPU is reserved for the host: emulator threads run on the CPUs of their guests');
  const pinless = guests.filter((guest) => guest.running && guest.current.size === 0).map(({ name }) => name);
  if (pinless.length > 0) notes.push(`running, and not said where: ${pinless.join(', ')}; their moves are not counted`);
  const thawed = plan.filter((one) => one.demand.guest.frozen && movedPins(host, one) > 0);
  for (const { demand } of thawed)
    notes.push(`${demand.guest.name} is frozen, but where it is no guest of its kind may be: it would move`);
  if (improved) {
    const moved = improved.plan.filter((one) => movedPins(host, one) > 0);
    const names = moved.map(({ demand }) => demand.guest.name).sort();
    notes.push(`stability: optimise would be better: it moves ${names.join(', ') || 'nobody'}`);
  }
  return notes;
}
