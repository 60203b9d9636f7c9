import { type CpuSet, cpuSet, intersectionOf, isWithin } from '../../contract/index.ts';
import { cpusOf, isAlone } from './base.ts';
import { type AssignedCell, type Assignment, compare, movedPins, scoreOf } from './cost.ts';
import { type Demand, emulatorCell } from './demand.ts';
import type { Host } from './host.ts';
import { type Occupancy, occupancyOf } from './occupancy.ts';
import { missing } from './state.ts';

/** The guests that can stay where they are: those that break no rule there, beside those that stay before them. */
export function stayers(host: Host, demands: readonly Demand[], sticky: boolean, overcommit: number): Assignment[] {
  const kept: Assignment[] = [];
  const occupancy = occupancyOf(host, kept);
  for (const demand of [...demands].sort(firstToStay)) {
    if (!sticky && demand.guest.frozen !== true) continue;
    const there = assignmentNow(host, demand);
    if (!there || !mayBeAt(host, there, occupancy, overcommit)) continue;
    kept.push(there);
    occupancy.add(there);
  }
  const inNeed = kept.filter(({ demand, emulator }) => wantsOwnCpu(demand) && emulator.length === 0);
  return inNeed.reduce((all, one) => giveEmulatorACpu(host, all, one, occupancy, overcommit), kept);
}

/** A plan with everybody who moved for nothing where they were, and whether each could have been there from the start. */
export function bringHome(
  host: Host,
  plan: readonly Assignment[],
  overcommit: number,
): { plan: readonly Assignment[]; regular: boolean } {
  const settled = new Map(plan.map((one) => [one.demand, one]));
  const occupancy = occupancyOf(host, plan);
  let score = scoreOf(host, plan, []);
  let regular = true;
  for (const one of plan.filter((each) => movedPins(host, each) > 0)) {
    const pinned = assignmentNow(host, one.demand);
    if (!pinned) continue;
    const there = pinned.emulator.length > 0 ? pinned : { ...pinned, emulator: one.emulator };
    if (!isBeside(host, there)) continue;
    regular &&= isRegular(there);
    occupancy.remove(one);
    const back = mayBeAt(host, there, occupancy, overcommit)
      ? scoreOf(host, [...settled.set(one.demand, there).values()], [])
      : undefined;
    const better = back !== undefined && compare(back, score) < 0;
    if (better) score = back;
    settled.set(one.demand, better ? there : one);
    occupancy.add(better ? there : one);
  }
  return { plan: [...settled.values()], regular };
}

/** Whether its vCPUs are dealt to nodes as the search deals them: evenly, in a row. */
const isRegular = ({ demand, cells }: Assignment): boolean =>
  demand.cells(cells.length).every(({ firstVcpu, vcpus }, at) => {
    const mine = cells[at]?.vcpus ?? [];
    return mine.length === vcpus && mine[0] === firstVcpu && mine.at(-1) === firstVcpu + vcpus - 1;
  });

const wantsOwnCpu = ({ guest }: Demand): boolean => guest.policy === 'dedicated' && guest.emulator === 'isolate';

const firstToStay = ({ guest: a }: Demand, { guest: b }: Demand): number =>
  Number(b.frozen === true) - Number(a.frozen === true) ||
  Number(a.policy === 'shared') - Number(b.policy === 'shared') ||
  Number(b.running) - Number(a.running) ||
  b.priority - a.priority ||
  (a.name < b.name ? -1 : 1);

/** Where it is pinned now, when every vCPU has a place that its policy allows: one CPU, or some of one node. */
function assignmentNow(host: Host, demand: Demand): Assignment | undefined {
  const { guest } = demand;
  const pins = Array.from({ length: guest.vcpus }, (_, vcpu) => guest.current.get(vcpu) ?? []);
  const homes = pins.map((pin) => homeOf(host, pin));
  if (homes.includes(-1)) return undefined;
  if (guest.policy === 'dedicated' && pins.some((pin) => pin.length !== 1)) return undefined;
  const nodes = [...new Set(homes)];
  const memory = demand.cells(nodes.length);
  const cells = nodes.map((node, at): AssignedCell => {
    const vcpus = cpuSet(homes.flatMap((home, vcpu) => (home === node ? [vcpu] : [])));
    return { node, vcpus, memoryKib: memory[at]?.memoryKib ?? 0 };
  });
  const cpus = guest.policy === 'dedicated' ? pins.flat() : [];
  const known = guest.currentEmulator ?? [];
  const near = nodes.some((node) => isWithin(known, host.nodes[node]?.cpus ?? []));
  const isApart = known.length === 1 && near && !cpus.includes(known[0] ?? -1);
  const emulator = wantsOwnCpu(demand) && isApart ? known : [];
  return { demand, cpus, emulator, cells };
}

/** The node on whose CPUs, none of them reserved, all of a pin is. */
function homeOf({ nodeOf, coreOf }: Host, pin: CpuSet): number {
  const home = nodeOf.get(pin[0] ?? -1) ?? -1;
  return pin.every((cpu) => nodeOf.get(cpu) === home && coreOf.has(cpu)) ? home : -1;
}

/** Whether a guest breaks no rule there, beside those who are there already. */
function mayBeAt(host: Host, there: Assignment, occupancy: Occupancy, overcommit: number): boolean {
  const { guest, spans } = there.demand;
  const all = cpusOf(there);
  const isFree = new Set(all).size === all.length && all.every((cpu) => !occupancy.ownerOf(cpu));
  if (guest.frozen === true && isFree) return true;
  if (!isFree || !spans.includes(there.cells.length) || !isOfOneKind(host, there)) return false;
  if (!keepsThreadPolicy(host, there) || !leavesOthersAlone(host, there, occupancy)) return false;
  occupancy.add(there);
  const fits = occupancy.holds(there);
  const floats = occupancy.floatsBeside(there, overcommit);
  occupancy.remove(there);
  return fits && floats;
}

/** Whether its emulator's own CPU is on one of its nodes. */
const isBeside = (host: Host, { emulator, cells }: Assignment): boolean =>
  emulator.every((cpu) => cells.some(({ node }) => host.nodeOf.get(cpu) === node));

const isOfOneKind = (host: Host, { cpus }: Assignment): boolean =>
  new Set(cpus.map((cpu) => host.pockets[host.pocketOf.get(cpu) ?? -1]?.kind)).size <= 1;

function keepsThreadPolicy(host: Host, { demand: { guest }, cpus, emulator }: Assignment): boolean {
  if (guest.policy === 'shared' || guest.threads === 'prefer') return true;
  const cores = [...new Set(cpus.map((cpu) => host.coreOf.get(cpu) ?? -1))]
    .map((at) => host.cores[at] ?? missing())
    .map((core) => ({ core, mine: intersectionOf(core.threads, cpus), extra: intersectionOf(core.threads, emulator) }));
  if (guest.threads === 'isolate')
    return cores.every(
      ({ core, mine, extra }) => mine.length + extra.length === 1 && core.threads.length === core.size,
    );
  const partly = cores
    .filter(({ core, mine }) => mine.length < core.size)
    .map(({ core }) => host.pockets[core.pocket]?.node);
  const whole = cores.every(({ core }) => core.size > 1 && core.threads.length === core.size);
  return whole && new Set(partly).size === partly.length;
}

/** Who is alone on a core stays alone, who was there and who comes; nor do two share one that both required whole. */
function leavesOthersAlone(host: Host, there: Assignment, { ownerOf }: Occupancy): boolean {
  const needsWhole = ({ demand: { guest } }: Assignment) => guest.policy === 'dedicated' && guest.threads === 'require';
  return cpusOf(there).every((cpu) => {
    const mine = there.cpus.includes(cpu);
    const core = host.cores[host.coreOf.get(cpu) ?? -1] ?? missing();
    return core.threads.every((thread) => {
      const other = ownerOf(thread);
      if (!other) return true;
      const theirs = other.cpus.includes(thread);
      if ((mine && isAlone(there)) || (theirs && isAlone(other))) return false;
      return !(mine && theirs && needsWhole(there) && needsWhole(other));
    });
  });
}

/**
 * Emulator threads that should have a CPU of their own and have none get a free one of the node where the search would look,
 * on a core that nobody else is on if there is one. A guest for whose emulator there is none cannot stay.
 */
function giveEmulatorACpu(
  host: Host,
  kept: Assignment[],
  guest: Assignment,
  occupancy: Occupancy,
  overcommit: number,
): Assignment[] {
  const node = host.nodes[guest.cells[emulatorCell(guest.demand.guest, guest.cells.length)]?.node ?? -1];
  const isShared = (threads: CpuSet) => threads.some((cpu) => (occupancy.ownerOf(cpu) ?? guest) !== guest);
  const free = host.cores
    .filter((core) => node?.pockets.includes(core.pocket))
    .sort((a, b) => Number(isShared(a.threads)) - Number(isShared(b.threads)))
    .flatMap(({ threads }) => threads.filter((cpu) => !occupancy.ownerOf(cpu)));
  occupancy.remove(guest);
  for (const cpu of free) {
    const after = { ...guest, emulator: [cpu] };
    if (!keepsThreadPolicy(host, after) || !leavesOthersAlone(host, after, occupancy)) continue;
    occupancy.add(after);
    if (occupancy.floatsBeside(after, overcommit)) return kept.map((one) => (one === guest ? after : one));
    occupancy.remove(after);
  }
  if (guest.demand.guest.frozen !== true) return kept.filter((one) => one !== guest);
  occupancy.add(guest);
  return kept;
}
