import { compare, LLCS, NODES, type Score, ZERO } from './cost.ts';
import type { CellDemand, Demand } from './demand.ts';
import type { Host } from './host.ts';
import { priced, snugness } from './price.ts';
import { roomFor } from './rooms.ts';
import type { Rules } from './rules.ts';
import { spreads, type Way, type Ways } from './spreads.ts';
import { apply, type CellOption, floats, missing, type Option, poolOn, type State } from './state.ts';

/** Places for a guest that cost the same at the least: on so many nodes, in one pocket each or in several. */
export interface Tier {
  readonly least: Score;
  readonly choice: () => Choice;
}

export interface Choice {
  /** The best first. */
  readonly options: readonly Option[];
  /** False when there are more ways than these. */
  readonly complete: boolean;
  /** How much was looked at for it. */
  readonly work: number;
}

/** No guest is tried in more ways than this, in one tier. */
const MOST_OPTIONS = 200;

/** Where a guest can go now, the cheapest tier first. Of pockets and nodes that are alike, only the first is named. */
export function tiersFor(host: Host, state: State, demand: Demand, rules: Rules): Tier[] {
  const shared = demand.guest.policy === 'shared';
  const hasRoom = roomFor(host, state, demand.guest);
  return demand.spans
    .filter((span) => hasRoom(demand.cells(span)))
    .flatMap((span) =>
      (shared ? [true] : [true, false]).map((snug): Tier => {
        const least = [...ZERO];
        least[NODES] = span - demand.minNodes;
        least[LLCS] = shared ? 0 : Math.max(0, span + (snug ? 0 : 1) - demand.minLlcs);
        return { least, choice: () => choiceOf(host, state, demand, rules, span, snug) };
      }),
    );
}

export function optionsFor(host: Host, state: State, demand: Demand, rules: Rules): readonly Option[] {
  return tiersFor(host, state, demand, rules).flatMap(({ choice }) => choice().options);
}

function choiceOf(host: Host, state: State, demand: Demand, rules: Rules, span: number, snug: boolean): Choice {
  const cells = demand.cells(span);
  const seats = seatsOf(host, state, demand, cells, rules, snug);
  const movable = demand.guest.current.size === 0;
  const found: { option: Option; rank: Score }[] = [];
  let complete = seats.every((those) => those.every((seat) => seat.complete));
  let looks = 0;
  let mayLook = 0;
  let mayFind = 0;
  const isEnough = () => found.length >= mayFind || looks >= mayLook;
  const isTaken = host.nodes.map(() => false);
  /** `far`: of each node from all that it has already, together. */
  const place = (at: number, placed: readonly CellOption[], far: readonly number[]): void => {
    looks += 1;
    const cell = cells[at];
    if (!cell) {
      if (!snug && placed.every(isSnug)) return;
      const option = priced(host, state, demand, placed);
      if (leavesFloatingRoom(host, state, option, rules.overcommit))
        found.push({ option, rank: [...option.delta, ...snugness(host, state, option, rules)] });
      return;
    }
    const before = movable && at > 0 && sameDemand(cell, cells[at - 1]) ? placed.at(-1) : undefined;
    const seen = new Set<string>();
    for (const { node, key, ways } of rules.distant ? nearestFirst(seats[at] ?? [], far) : (seats[at] ?? [])) {
      if (isTaken[node] || seen.has(key) || (before && node < before.node)) continue;
      seen.add(key);
      isTaken[node] = true;
      const next = rules.distant && at + 1 < cells.length ? farther(host, far, node) : far;
      for (const takes of ways) {
        if (!sameKind(host, placed, takes)) continue;
        if (isEnough()) {
          complete = false;
          break;
        }
        place(at + 1, [...placed, { cell, node, takes }], next);
      }
      isTaken[node] = false;
      if (isEnough() && !complete) return;
    }
  };
  // Each node has its share of the looks as the first one, so that those who come late are not left out.
  const firsts = seats.every((those) => those.length > 0) ? nodesToStartFrom(seats[0] ?? []) : [];
  firsts.forEach((seat, at) => {
    mayLook = share(rules.looks, at + 1, firsts.length);
    mayFind = share(MOST_OPTIONS, at + 1, firsts.length);
    const [cell] = cells;
    const far = farther(host, [], seat.node);
    isTaken[seat.node] = true;
    for (const takes of seat.ways) {
      if (!cell) continue;
      if (isEnough()) complete = false;
      else place(1, [{ cell, node: seat.node, takes }], far);
    }
    isTaken[seat.node] = false;
  });
  found.sort((a, b) => compare(a.rank, b.rank, a.rank.length));
  return { options: found.map(({ option }) => option), complete, work: looks + span * host.nodes.length };
}

const share = (all: number, parts: number, of: number): number => Math.ceil((all * parts) / of);

const nodesToStartFrom = (seats: readonly Seat[]): Seat[] =>
  seats.filter(({ key }, at) => seats.findIndex((one) => one.key === key) === at);

const farther = (host: Host, far: readonly number[], from: number): readonly number[] =>
  (host.nodes[from]?.distances ?? []).map((distance, to) => distance + (far[to] ?? 0));

/** Where the looks may not do for all, the nearest to those that it has already are looked at first. */
const nearestFirst = (seats: readonly Seat[], far: readonly number[]): readonly Seat[] =>
  [...seats].sort((a, b) => (far[a.node] ?? 0) - (far[b.node] ?? 0) || a.node - b.node);

interface Seat {
  readonly node: number;
  /** Of nodes with the same key the first stands for all. */
  readonly key: string;
  readonly ways: readonly Way[];
  readonly complete: boolean;
}

/** By cell: the nodes where it could be, and how. Cells that ask for the same share the answer. */
function seatsOf(
  host: Host,
  state: State,
  demand: Demand,
  cells: readonly CellDemand[],
  rules: Rules,
  snug: boolean,
): (readonly Seat[])[] {
  const seats: (readonly Seat[])[] = [];
  const tightness = snug ? [true] : cells.length > 1 ? [true, false] : [false];
  cells.forEach((cell, at) => {
    const before = seats[at - 1];
    if (before && (sameDemand(cell, cells[at - 1]) || before.length === 0)) {
      seats.push(before);
      return;
    }
    const alike = new Map<string, number>();
    const here = host.nodes.flatMap(({ index }): Seat[] => {
      const key = rules.distant ? String(index) : nodeKey(host, state, rules, index);
      const before = alike.get(key) ?? 0;
      alike.set(key, before + 1);
      // Of nodes that are alike, no more can matter than there are cells.
      if (before >= cells.length) return [];
      const found = tightness.map((tight) => waysOn(host, state, demand, cell, index, rules, tight));
      const ways = found.flatMap((one) => one.ways);
      if (ways.length === 0) return [];
      return [{ node: index, key, ways, complete: found.every((one) => one.complete) }];
    });
    seats.push(here);
  });
  return seats;
}

const isSnug = ({ takes }: CellOption): boolean => takes.every(({ pocket }) => pocket === takes[0]?.pocket);

const sameDemand = (a: CellDemand, b: CellDemand | undefined): boolean =>
  a.vcpus === b?.vcpus && a.extra === b.extra && a.needKib === b.needKib;

/** Fast and slow cores are never mixed in one guest. */
function sameKind(host: Host, placed: readonly CellOption[], way: Way): boolean {
  const kindOf = (takes: Way | undefined) => host.pockets[takes?.[0]?.pocket ?? -1]?.kind;
  return placed.length === 0 || kindOf(placed[0]?.takes) === kindOf(way);
}

function leavesFloatingRoom(host: Host, state: State, option: Option, overcommit: number): boolean {
  const nodes = option.cells.map(({ node }) => node);
  const matters =
    option.demand.guest.policy === 'shared' || nodes.some((node) => (state.floating[node]?.vcpus ?? 0) > 0);
  if (!matters) return true;
  const next = apply(host, state, option);
  return nodes.every((node) => floats(host, next, node, overcommit));
}

export function nodeKey(host: Host, state: State, rules: Rules, node: number): string {
  const { pockets } = host.nodes[node] ?? missing();
  const keys = pockets.map((pocket) => pocketKey(state, rules, pocket)).sort();
  const floating = state.floating[node] ?? missing();
  let key = `${keys.join(' ')} ${floating.vcpus} ${floating.most}`;
  for (const left of state.memory.values()) key += ` ${left[node]}`;
  return key;
}

export const pocketKey = (state: State, rules: Rules, pocket: number): string =>
  rules.peculiar.has(pocket) ? `${pocket}` : (state.keys[pocket] ?? missing());

const NOWHERE: Ways = { ways: [], complete: true };
const FLOATING: Ways = { ways: [[]], complete: true };

function waysOn(
  host: Host,
  state: State,
  demand: Demand,
  cell: CellDemand,
  node: number,
  rules: Rules,
  snug: boolean,
): Ways {
  const { policy, pageKib, threads } = demand.guest;
  if ((state.memory.get(pageKib)?.[node] ?? 0) < cell.needKib) return NOWHERE;
  if (policy === 'shared') return poolOn(host, state, node) >= cell.vcpus ? FLOATING : NOWHERE;
  let key = `${node} ${snug} ${threads} ${cell.vcpus} ${cell.extra}`;
  for (const pocket of host.nodes[node]?.pockets ?? []) key += ` ${state.keys[pocket]}`;
  const known = rules.ways.get(key);
  if (known) return known;
  const keyOf = (pocket: number) => pocketKey(state, rules, pocket);
  const found = spreads(host, state, demand.guest, cell, node, { snug, keyOf });
  rules.ways.set(key, found);
  return found;
}
