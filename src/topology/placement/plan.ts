import { type CpuSet, differenceOf, formatCpuSet, Problem, unionOf } from '../../contract/index.ts';
import type { Topology } from '../model.ts';
import { baseOf } from './base.ts';
import { compare, LLCS, NODES, published, type Score, SHARED, scoreOf, UNPLACED } from './cost.ts';
import type { Demand } from './demand.ts';
import { type Draft, demandsOf, draft, pageSizes, rulesFor } from './draft.ts';
import { whyNot } from './explain.ts';
import { buildHost, type Host } from './host.ts';
import { placesOf } from './places.ts';
import { autoReserve } from './reserve.ts';
import type { Guest, Placement, PlacementRequest } from './types.ts';

/**
 * Where each guest's vCPUs, emulator threads and memory go, by the rules and at the price that docs/placement.md tells.
 * Pure, and the same in whatever order the guests come. A plan that lacks guests is returned too, with what each lacks.
 * Throws `Problem` NoSuchCpu or DuplicateGuest.
 */
export function planPlacement(request: PlacementRequest): Placement {
  const { topology, stability, overcommit } = request;
  const guests = [...request.guests].sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = guests.find((guest, at) => guest.name === guests[at - 1]?.name);
  if (twice) throw new Problem('DuplicateGuest', `two guests are called ${twice.name}`);
  const reserved = request.reserve === 'auto' ? autoReserve(topology) : known(request.reserve, topology);
  const host = buildHost(topology, reserved, guests);
  const demands = demandsOf(host, guests, overcommit);

  const sticky = draft(host, demands, true, overcommit);
  const mayMove =
    guests.some(({ current }) => current.size > 0) && (stability === 'optimise' || couldGain(sticky.score));
  const free = mayMove ? draft(host, demands, false, overcommit) : sticky;
  const chosen = stability === 'optimise' ? better(host, sticky, free) : sticky;
  return describe(host, request, demands, chosen, {
    proven: stability === 'optimise' ? free.proven : sticky.proven,
    notes: notesOn(host, topology, guests, stability === 'sticky' && gains(free, sticky) ? free : undefined),
  });
}

function known(reserve: CpuSet, { cpus }: Topology): CpuSet {
  const strange = differenceOf(reserve, unionOf(cpus.online, cpus.offline));
  if (strange.length > 0)
    throw new Problem(
      'NoSuchCpu',
      `cannot reserve ${formatCpuSet(strange)}: this host has the CPUs ${formatCpuSet(cpus.online)}`,
    );
  return reserve;
}

const couldGain = (score: Score): boolean => [UNPLACED, NODES, LLCS, SHARED].some((at) => (score[at] ?? 0) > 0);

const gains = (free: Draft, sticky: Draft): boolean => compare(free.score, sticky.score, SHARED + 1) < 0;

/** Who stays breaks into nothing in the one and everybody does in the other: priced alike. Moves only for a gain. */
function better(host: Host, sticky: Draft, free: Draft): Draft {
  const score = scoreOf(
    host,
    sticky.plan,
    sticky.unplaced.map(({ guest }) => guest),
    [],
  );
  return compare(free.score, score) < 0 ? free : { ...sticky, score };
}

function describe(
  host: Host,
  { overcommit }: PlacementRequest,
  demands: readonly Demand[],
  { plan, unplaced, score, states }: Draft,
  { proven, notes }: { readonly proven: boolean; readonly notes: readonly string[] },
): Placement {
  const { state } = baseOf(host, plan, pageSizes(demands));
  const rules = rulesFor(host, demands, [], overcommit);
  const asked = (guest: Guest) => demandsOf(host, [guest], overcommit)[0] ?? demands[0];
  return {
    feasible: unplaced.length === 0,
    optimal: proven,
    cost: published(score),
    reserved: host.reserved,
    guests: placesOf(host, plan),
    missing: missingOf(unplaced, (demand) => whyNot(host, state, demand, rules, asked)),
    notes,
    states,
  };
}

/** Guests that ask for the same lack the same. */
function missingOf(unplaced: readonly Demand[], reasonOf: (demand: Demand) => string): Placement['missing'] {
  const reasons = new Map<string, string>();
  return unplaced
    .map((demand) => {
      const { name, ...asks } = demand.guest;
      const key = JSON.stringify({ ...asks, current: [] });
      const reason = reasons.get(key) ?? reasonOf(demand);
      reasons.set(key, reason);
      return { guest: name, reason };
    })
    .sort((a, b) => (a.guest < b.guest ? -1 : 1));
}

function notesOn(host: Host, topology: Topology, guests: readonly Guest[], improved: Draft | undefined): string[] {
  const notes: string[] = [];
  if (topology.nodes.every((node) => node.memoryKib === undefined))
    notes.push('this host does not tell its memory: only CPUs were counted');
  if (host.reserved.length === 0 && guests.some(({ emulator }) => emulator === 'reserved'))
    notes.push('no CPU is reserved for the host: emulator threads run on the CPUs of their guests');
  const pinless = guests.filter((guest) => guest.running && guest.current.size === 0).map(({ name }) => name);
  if (pinless.length > 0) notes.push(`running, and not said where: ${pinless.join(', ')}; their moves are not counted`);
  if (improved) {
    const moved = improved.plan.filter(({ demand, cpus }) =>
      cpus.some((cpu, vcpu) => (demand.guest.current.get(vcpu) ?? [cpu])[0] !== cpu),
    );
    const names = moved.map(({ demand }) => demand.guest.name).sort();
    notes.push(`stability: optimise would be better: it moves ${names.join(', ') || 'nobody'}`);
  }
  return notes;
}
