import {
  type CpuSet,
  differenceOf,
  formatCpuSet,
  type GuestXml,
  intersectionOf,
  isWithin,
  type Probes,
  Problem,
  reserveOf,
  reserveProbes,
  type Seen,
} from '../../src/contract/index.ts';
import {
  attributeOf,
  childOf,
  type Element,
  emulatorPinOf,
  ioThreadsOf,
  kibAt,
  parseGuest,
  pinsOf,
  vcpusOf,
} from '../../src/domain-xml/index.ts';
import {
  buildTopology,
  type Guest,
  type GuestPlace,
  planPlacement,
  type Topology,
  topologyProbes,
} from '../../src/topology/index.ts';

/** How a guest's place is found: what the planner is asked for, in its words. */
export const POLICIES = {
  cache: { policy: 'dedicated', threads: 'prefer' },
  node: { policy: 'shared', threads: 'prefer' },
  isolate: { policy: 'dedicated', threads: 'isolate' },
} as const;
export type Policy = keyof typeof POLICIES;

export const placementProbes = (): Probes => ({ ...topologyProbes(), ...reserveProbes });

export interface Places {
  readonly of: ReadonlyMap<string, GuestPlace>;
  readonly notes: readonly string[];
}

/**
 * Where the chosen guests go. All others stay where they are pinned, and their CPUs are taken into account; one that is not
 * pinned may run anywhere, and is told of. Throws `Problem` NoPlace, with what each guest lacks that has none.
 */
export function placeGuests(
  policy: Policy,
  chosen: readonly GuestXml[],
  all: ReadonlyMap<string, GuestXml>,
  seen: Seen,
): Places {
  const topology = buildTopology(seen);
  const reserve = reserveOf(seen);
  const asked = new Set(chosen.map(({ name }) => name));
  const others = [...all.values()].filter(({ name }) => !asked.has(name)).map(guestOf);
  const stay = others.flatMap((guest) => staying(guest, topology) ?? []);
  const placement = planPlacement(
    topology,
    [...chosen.map((xml) => ({ ...guestOf(xml), ...POLICIES[policy] })), ...stay],
    reserve && { reserve: differenceOf(topology.cpus.online, reserve.guests) },
  );
  const lacking = placement.missing.filter(({ guest }) => asked.has(guest));
  if (lacking.length > 0)
    throw new Problem(
      'NoPlace',
      `no place for ${lacking.map(({ guest, reason }) => `${guest} (${reason})`).join('; ')}`,
      'see `kvmplay place` for what would do: other CPUs for the host, another policy, fewer guests',
    );
  const places = new Map([...placement.guests].filter(([name]) => asked.has(name)));
  return { of: places, notes: notesOn(places, policy, others, stay) };
}

function notesOn(
  places: ReadonlyMap<string, GuestPlace>,
  policy: Policy,
  others: readonly Guest[],
  stay: readonly Guest[],
): string[] {
  const moves = [...places].filter(([, { kept }]) => !kept).map(([name, { why }]) => `${name}: ${why}`);
  const floating = others.filter(({ name, running }) => running && !stay.some((one) => one.name === name));
  const floats = floating.map(({ name }) => name).join(', ');
  const loose = floats === '' ? [] : [`not pinned to a node, so that they may run on any CPU: ${floats}`];
  if (POLICIES[policy].policy === 'shared') return [...moves, ...loose];
  const shared = [...places].flatMap(([name, { vcpus }]) =>
    stay.flatMap((other) => {
      const common = intersectionOf(cpusOf(vcpus), cpusOf([...other.current.values()]));
      return common.length === 0
        ? []
        : [`${name} shares CPU ${formatCpuSet(common)} with ${other.name}, which is pinned there`];
    }),
  );
  return [...moves, ...loose, ...shared];
}

const cpusOf = (sets: readonly CpuSet[]): CpuSet => [...new Set(sets.flat())].sort((a, b) => a - b);

/** A guest as the planner takes it. Where it is: as it runs, else as it is defined. */
export function guestOf({ name, live, config }: GuestXml): Guest {
  const defined = parseGuest(name, config ?? live ?? '').root;
  const now = live === undefined ? defined : parseGuest(name, live).root;
  const memory = childOf(defined, 'memory');
  const emulator = emulatorPinOf(now);
  return {
    name,
    vcpus: vcpusOf(defined),
    memoryKib: (memory && kibAt(memory)) ?? 0,
    pageKib: pageKibOf(defined),
    policy: 'dedicated',
    threads: 'prefer',
    numaNodes: 'auto',
    emulator: 'reserved',
    ioThreads: ioThreadsOf(defined).length,
    priority: 0,
    running: live !== undefined,
    current: pinsOf(now),
    ...(emulator && { currentEmulator: emulator }),
  };
}

const USUAL_HUGE_KIB = 2048;
const BASE_KIB = 4;

function pageKibOf(domain: Element): number {
  const huge = childOf(childOf(domain, 'memoryBacking'), 'hugepages');
  const page = childOf(huge, 'page');
  if (page && attributeOf(page, 'size') !== undefined) return kibAt(page, 'size') ?? USUAL_HUGE_KIB;
  return huge ? USUAL_HUGE_KIB : BASE_KIB;
}

/** A guest that is not to be moved: on CPUs of its own, or floating over some; undefined when it is pinned nowhere. */
export function staying(guest: Guest, { nodes }: Topology): Guest | undefined {
  const pins = Array.from({ length: guest.vcpus }, (_, vcpu) => guest.current.get(vcpu) ?? []);
  if (!pins.every((pin) => pin.length > 0 && nodes.some(({ cpus }) => isWithin(pin, cpus)))) return undefined;
  const alone = pins.every(({ length }) => length === 1) && new Set(pins.flat()).size === guest.vcpus;
  return { ...guest, frozen: true, policy: alone ? 'dedicated' : 'shared' };
}
