import type { CpuSet } from '../../src/contract/index.ts';
import type { Cost, Guest, Topology } from '../../src/topology/index.ts';

/** Every plan there is, priced by the words of docs/placement.md: slow, simple, and shares no code with the planner. */
export function cheapestPlan(topology: Topology, guests: readonly Guest[]): Cost {
  const choices = guests.map((guest) => seats(topology, guest));
  const least = guests.map((guest, at) => leastSpread(topology, guest, choices[at] ?? []));
  let best: number[] | undefined;
  const visit = (at: number, seated: readonly Seat[]): void => {
    const guest = guests[at];
    if (!guest) {
      const price = priceOf(topology, seated, least, guests);
      if (!best || before(price, best)) best = price;
      return;
    }
    for (const seat of choices[at] ?? []) if (isFree(topology, seat, seated)) visit(at + 1, [...seated, seat]);
    visit(at + 1, [...seated, { guest, cpus: [], emulator: [], nodes: [] }]);
  };
  visit(0, []);
  return [...(best ?? []), 0] as unknown as Cost;
}

/** How many plans there are to price, at the most. */
export const plansOf = (topology: Topology, guests: readonly Guest[]): number =>
  guests.reduce((product, guest) => product * (seats(topology, guest).length + 1), 1);

interface Seat {
  readonly guest: Guest;
  /** Of the vCPUs, in any order; empty: no place. */
  readonly cpus: CpuSet;
  readonly emulator: CpuSet;
  readonly nodes: readonly number[];
}

const nodeOf = (topology: Topology, cpu: number) => topology.nodes.findIndex(({ cpus }) => cpus.includes(cpu));
const coreOf = (topology: Topology, cpu: number) => topology.cores.findIndex(({ cpus }) => cpus.includes(cpu));
const llcOf = (topology: Topology, cpu: number) => topology.llcs.findIndex(({ cpus }) => cpus.includes(cpu));
const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)];
const widest = (topology: Topology) => Math.max(...topology.cores.map(({ cpus }) => cpus.length));

function subsets(list: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return list.flatMap((first, at) => subsets(list.slice(at + 1), size - 1).map((rest) => [first, ...rest]));
}

function seats(topology: Topology, guest: Guest): Seat[] {
  const { online } = topology.cpus;
  return subsets(online, guest.vcpus)
    .filter((cpus) => isEven(topology, guest, cpus) && keepsThreads(topology, guest, cpus))
    .flatMap((cpus) => {
      const nodes = distinct(cpus.map((cpu) => nodeOf(topology, cpu)));
      if (guest.emulator !== 'isolate') return [{ guest, cpus, emulator: [], nodes }];
      return online
        .filter((cpu) => !cpus.includes(cpu) && isEmulatorNode(topology, cpus, cpu))
        .filter(
          (cpu) => guest.threads !== 'isolate' || cpus.every((one) => coreOf(topology, one) !== coreOf(topology, cpu)),
        )
        .map((cpu) => ({ guest, cpus, emulator: [cpu], nodes }));
    });
}

/** Split evenly over its nodes, as many as it wants; or as it is now. */
function isEven(topology: Topology, { vcpus, numaNodes, current }: Guest, cpus: CpuSet): boolean {
  const nodes = distinct(cpus.map((cpu) => nodeOf(topology, cpu)));
  const counts = nodes.map((node) => cpus.filter((cpu) => nodeOf(topology, cpu) === node).length);
  const wanted = numaNodes === 'auto' || nodes.length === numaNodes;
  if (wanted && current.size > 0 && [...current.values()].every(([cpu = -1]) => cpus.includes(cpu))) return true;
  return (
    wanted &&
    counts.every((count) => [Math.floor(vcpus / nodes.length), Math.ceil(vcpus / nodes.length)].includes(count))
  );
}

/** The emulator sits beside one of the smaller cells. */
function isEmulatorNode(topology: Topology, cpus: CpuSet, emulator: number): boolean {
  const on = (node: number) => cpus.filter((cpu) => nodeOf(topology, cpu) === node).length;
  const counts = distinct(cpus.map((cpu) => nodeOf(topology, cpu))).map(on);
  return on(nodeOf(topology, emulator)) === Math.min(...counts);
}

function keepsThreads(topology: Topology, guest: Guest, cpus: CpuSet): boolean {
  const cores = distinct(cpus.map((cpu) => coreOf(topology, cpu)));
  if (guest.threads === 'isolate') return cores.length === cpus.length;
  if (guest.threads === 'prefer') return true;
  const sizes = cores.map((core) => topology.cores[core]?.cpus.length ?? 0);
  const nodes = distinct(cpus.map((cpu) => nodeOf(topology, cpu)));
  const partly = nodes.every(
    (node) =>
      cores.filter((core, at) => {
        const mine = cpus.filter((cpu) => coreOf(topology, cpu) === core);
        return nodeOf(topology, mine[0] ?? -1) === node && mine.length < (sizes[at] ?? 0);
      }).length <= 1,
  );
  return sizes.every((size) => size > 1) && partly;
}

function leastSpread(topology: Topology, guest: Guest, all: readonly Seat[]): { nodes: number; llcs: number } {
  const alone = all.filter((seat) => memoryFits(topology, [seat]));
  const nodes = Math.min(...alone.map((seat) => seat.nodes.length));
  const llcs = alone
    .filter((seat) => seat.nodes.length === nodes)
    .map(({ cpus, emulator }) => distinct([...cpus, ...emulator].map((cpu) => llcOf(topology, cpu))).length);
  return { nodes: guest.numaNodes === 'auto' ? nodes : guest.numaNodes, llcs: Math.min(...llcs) };
}

function isFree(topology: Topology, seat: Seat, seated: readonly Seat[]): boolean {
  const all = ({ cpus, emulator }: Seat) => [...cpus, ...emulator];
  const meets = (some: CpuSet, others: CpuSet) =>
    others.some((cpu) => some.some((one) => coreOf(topology, one) === coreOf(topology, cpu)));
  const collides = seated.some((other) => {
    if (all(other).some((cpu) => all(seat).includes(cpu))) return true;
    if (seat.guest.threads === 'isolate' && meets(seat.cpus, all(other))) return true;
    return other.guest.threads === 'isolate' && meets(all(seat), other.cpus);
  });
  return !collides && wholeCoresAreWhole(topology, [...seated, seat]) && memoryFits(topology, [...seated, seat]);
}

/** Whoever requires siblings got cores that nobody was on; a leftover thread may be taken after that. */
function wholeCoresAreWhole(topology: Topology, seated: readonly Seat[]): boolean {
  const claims = seated
    .filter(({ guest }) => guest.threads === 'require')
    .flatMap(({ cpus }) => distinct(cpus.map((cpu) => coreOf(topology, cpu))));
  return distinct(claims).length === claims.length;
}

const OVERHEAD_KIB = 250 * 1024;

function memoryFits(topology: Topology, seated: readonly Seat[]): boolean {
  return topology.nodes.every(({ memoryKib = 0 }, node) => {
    const room = Math.floor(memoryKib - Math.max(512 * 1024, memoryKib * 0.05));
    const need = seated
      .filter(({ nodes, guest }) => nodes.includes(node) && guest.memoryKib > 0)
      .reduce((sum, { nodes, guest }) => sum + (guest.memoryKib + OVERHEAD_KIB) / nodes.length, 0);
    return need <= room + 1;
  });
}

function priceOf(
  topology: Topology,
  seated: readonly Seat[],
  least: readonly { nodes: number; llcs: number }[],
  guests: readonly Guest[],
): number[] {
  const price = [0, 0, 0, 0, 0, 0, 0];
  const pay = (at: number, more: number) => {
    price[at] = (price[at] ?? 0) + more;
  };
  seated.forEach(({ guest, cpus, emulator, nodes }, at) => {
    if (cpus.length === 0) {
      pay(0, guest.priority + 1);
      return;
    }
    const llcs = distinct([...cpus, ...emulator].map((cpu) => llcOf(topology, cpu))).length;
    const small = guest.threads !== 'isolate' && guest.vcpus <= widest(topology);
    pay(1, nodes.length - (least[at]?.nodes ?? 0));
    pay(2, Math.max(0, llcs - (least[at]?.llcs ?? 0)));
    if (small && distinct(cpus.map((cpu) => coreOf(topology, cpu))).length > 1) pay(3, 1);
    if (guest.current.size === 0) return;
    const pins = [...guest.current.values()].flat();
    pay(5, guest.vcpus - mostKept(topology, guest, cpus, nodes));
    if (!guest.running) return;
    const homes = distinct(pins.map((cpu) => nodeOf(topology, cpu)));
    const leaves = (node: number) =>
      guest.memoryKib / homes.length - (nodes.includes(node) ? guest.memoryKib / nodes.length : 0);
    pay(4, Math.round(homes.reduce((sum, node) => sum + Math.max(0, leaves(node)), 0)));
  });
  const owners = topology.cores.map((_, core) =>
    guests.filter((guest) =>
      seated.some(
        (seat) =>
          seat.guest === guest && [...seat.cpus, ...seat.emulator].some((cpu) => coreOf(topology, cpu) === core),
      ),
    ),
  );
  pay(3, owners.filter((some) => some.length > 1).length);
  const all = seated.flatMap(({ cpus, emulator }) => [...cpus, ...emulator]);
  pay(6, distinct(all.map((cpu) => llcOf(topology, cpu))).length * (topology.cores.length + 1));
  pay(6, distinct(all.map((cpu) => coreOf(topology, cpu))).length);
  return price;
}

/**
 * The first vCPUs are on one node, the next on another; the larger cells come first. In the best order, how many stay?
 * All of them where nothing changes, however they are divided.
 */
function mostKept(topology: Topology, guest: Guest, cpus: CpuSet, nodes: readonly number[]): number {
  if ([...guest.current.values()].every(([cpu = -1]) => cpus.includes(cpu))) return guest.vcpus;
  const cell = (vcpu: number) => {
    const larger = guest.vcpus % nodes.length;
    const least = Math.floor(guest.vcpus / nodes.length);
    return vcpu < larger * (least + 1)
      ? Math.floor(vcpu / (least + 1))
      : larger + Math.floor((vcpu - larger * (least + 1)) / least);
  };
  const sizeOf = (node: number) => cpus.filter((cpu) => nodeOf(topology, cpu) === node).length;
  const orders = permutations(nodes).filter((order) =>
    order.every((node, at) => sizeOf(node) <= sizeOf(order[at - 1] ?? node)),
  );
  return Math.max(
    ...orders.map(
      (order) =>
        [...guest.current].filter(
          ([vcpu, [cpu = -1]]) => cpus.includes(cpu) && nodeOf(topology, cpu) === order[cell(vcpu)],
        ).length,
    ),
  );
}

const permutations = (list: readonly number[]): number[][] =>
  list.length === 0
    ? [[]]
    : list.flatMap((one) => permutations(list.filter((other) => other !== one)).map((rest) => [one, ...rest]));

function before(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}
