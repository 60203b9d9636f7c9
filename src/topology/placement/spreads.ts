import type { CellDemand } from './demand.ts';
import type { Host } from './host.ts';
import { missing, type PocketTake, type State } from './state.ts';
import { roomIn, waysToTake } from './takes.ts';
import type { Guest } from './types.ts';

/** One way to put a cell on a node. */
export type Way = readonly PocketTake[];

export interface Ways {
  readonly ways: readonly Way[];
  /** False when there are more than these. */
  readonly complete: boolean;
}

/** Up to so many CPUs every way to spread a cell over pockets is named, above only the tidy ones. */
const SMALL_HOST = 16;
/** Beyond so many ways for one cell on one node, the rest is left out. */
const MOST_WAYS = 100;

/**
 * The ways to put a cell on a node: `snug` in one pocket, else over several of one kind of cores. Kinds are never mixed.
 * `keyOf` tells pockets apart; of those with the same key one stands for all.
 */
export function spreads(
  host: Host,
  state: State,
  guest: Guest,
  cell: CellDemand,
  node: number,
  { snug, keyOf }: { readonly snug: boolean; readonly keyOf: (pocket: number) => string },
): Ways {
  const small = host.coreOf.size <= SMALL_HOST;
  const ways: Way[] = [];
  let complete = true;
  const pockets = host.nodes[node]?.pockets ?? [];
  const kinds = new Set(pockets.map((pocket) => host.pockets[pocket]?.kind));
  for (const kind of kinds) {
    const mine = pockets
      .filter((pocket) => host.pockets[pocket]?.kind === kind)
      .map(
        (pocket): Room => ({
          pocket,
          key: keyOf(pocket),
          room: roomIn(host, state.counts[pocket] ?? [], guest.threads),
        }),
      );
    const shares = snug ? oneShare(mine, cell) : small ? allShares(mine, cell) : tidyShares(mine, cell);
    complete &&= snug || small || mine.length < 2;
    for (const share of shares) {
      const pieces = share.map(({ pocket, vcpus, extra }) =>
        waysToTake(host, state.counts[pocket] ?? missing(), guest.threads, vcpus, extra).map(
          (split): PocketTake => ({ pocket, split }),
        ),
      );
      for (const way of product(pieces)) {
        if (guest.threads === 'require' && oddCores(host, way) > 1) continue;
        if (ways.length >= MOST_WAYS) return { ways, complete: false };
        ways.push(way);
      }
    }
  }
  return { ways, complete };
}

/** Whole cores of which not every thread is taken: whoever requires siblings has one at the most, for an odd vCPU. */
const oddCores = (host: Host, way: Way): number =>
  way
    .flatMap(({ split }) => split)
    .filter(({ state, threads }) => {
      const { free = 0, size = 0, guests } = host.states[state] ?? {};
      return guests === 0 && free === size && threads < size;
    })
    .reduce((sum, { cores }) => sum + cores, 0);

interface Room {
  readonly pocket: number;
  readonly key: string;
  readonly room: number;
}

interface Share {
  readonly pocket: number;
  readonly vcpus: number;
  readonly extra: number;
}

const oneShare = (rooms: readonly Room[], { vcpus, extra }: CellDemand): Share[][] =>
  distinct(rooms.filter(({ room }) => room >= vcpus)).map(({ pocket }) => [{ pocket, vcpus, extra }]);

/** Every division of a cell over several pockets. Among pockets that are alike the first gets the most. */
function allShares(rooms: readonly Room[], cell: CellDemand): Share[][] {
  const found: Share[][] = [];
  const visit = (at: number, vcpus: number, extra: number, shares: readonly Share[]): void => {
    const here = rooms[at];
    if (!here) {
      if (vcpus === 0 && extra === 0 && shares.length > 1) found.push([...shares]);
      return;
    }
    const before = shares.findLast(({ pocket }) => rooms.find((room) => room.pocket === pocket)?.key === here.key);
    const alikeBefore = rooms.slice(0, at).some((room) => room.key === here.key);
    const most = Math.min(vcpus, here.room, alikeBefore ? (before?.vcpus ?? 0) : vcpus);
    for (let some = most; some >= 0; some -= 1)
      for (let more = extra; more >= 0; more -= 1)
        visit(
          at + 1,
          vcpus - some,
          extra - more,
          some + more > 0 ? [...shares, { pocket: here.pocket, vcpus: some, extra: more }] : shares,
        );
  };
  visit(0, cell.vcpus, cell.extra, []);
  return found;
}

/** The roomiest filled up, and the rest in any that holds it. */
function tidyShares(rooms: readonly Room[], cell: CellDemand): Share[][] {
  const byRoom = rooms.filter(({ room }) => room > 0).sort((a, b) => b.room - a.room || a.pocket - b.pocket);
  const filled: { pocket: number; vcpus: number }[] = [];
  let left = cell.vcpus;
  for (const { pocket, room } of byRoom) {
    const last = distinct(byRoom.slice(filled.length).filter((one) => one.room >= left));
    if (last.length > 0) {
      const shares = last.map((one) => [...filled, { pocket: one.pocket, vcpus: left }]);
      return shares.flatMap((share) => withEmulator(rooms, share, cell)).filter((share) => share.length > 1);
    }
    filled.push({ pocket, vcpus: room });
    left -= room;
  }
  return [];
}

/** The emulator's own CPU beside the last vCPUs, or in any other pocket. */
function withEmulator(
  rooms: readonly Room[],
  share: readonly { pocket: number; vcpus: number }[],
  cell: CellDemand,
): Share[][] {
  const bare = share.map((one) => ({ ...one, extra: 0 }));
  if (cell.extra === 0) return [bare];
  const last = bare.at(-1)?.pocket;
  const beside = bare.map((one) => (one.pocket === last ? { ...one, extra: 1 } : one));
  const elsewhere = distinct(rooms.filter(({ pocket }) => !bare.some((one) => one.pocket === pocket)));
  return [beside, ...elsewhere.map(({ pocket }) => [...bare, { pocket, vcpus: 0, extra: 1 }])];
}

const distinct = (rooms: readonly Room[]): Room[] =>
  rooms.filter((room, at) => rooms.findIndex(({ key }) => key === room.key) === at);

function* product<T>([list, ...rest]: readonly (readonly T[])[]): Generator<T[]> {
  if (!list) yield [];
  else for (const one of list) for (const others of product(rest)) yield [one, ...others];
}
