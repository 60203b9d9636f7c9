import { type CpuSet, cpuSet, intersectionOf, isWithin } from '../../contract/index.ts';
import { baseOf, cpusOf } from './base.ts';
import { type AssignedCell, type Assignment, compare, movedPins, scoreOf } from './cost.ts';
import { type Demand, emulatorCell } from './demand.ts';
import type { Host } from './host.ts';
import { floats } from './state.ts';

/** The guests that can stay where they are: those that break no rule there, beside those that stay before them. */
export function stayers(host: Host, demands: readonly Demand[], sticky: boolean, overcommit: number): Assignment[] {
  const kept: Assignment[] = [];
  for (const demand of [...demands].sort(firstToStay)) {
    if (!sticky && demand.guest.frozen !== true) continue;
    const there = assignmentNow(host, demand);
    if (there && isAtHome(host, there, kept, overcommit)) kept.push(there);
  }
  const inNeed = kept.filter(({ demand, emulator }) => wantsOwnCpu(demand) && emulator.length === 0);
  return inNeed.reduce(giveEmulatorACpu(host), kept);
}

/** A plan with everybody who moved for nothing where they were, and whether each could have been there from the start. */
export function bringHome(
  host: Host,
  plan: readonly Assignment[],
  overcommit: number,
): { plan: readonly Assignment[]; regular: boolean } {
  let settled = plan;
  let regular = true;
  for (const one of plan.filter((each) => movedPins(host, each) > 0)) {
    const there = assignmentNow(host, one.demand);
    if (!there) continue;
    regular &&= isRegular(there);
    const others = settled.filter((other) => other !== one);
    if (!isAtHome(host, there, others, overcommit)) continue;
    const back = [...others, there];
    if (compare(scoreOf(host, back, []), scoreOf(host, settled, [])) < 0) settled = back;
  }
  return { plan: settled, regular };
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
  b.priority - a.priority ||
  Number(b.running) - Number(a.running) ||
  (a.name < b.name ? -1 : 1);

/** Where it is pinned now, when every vCPU has a place that its policy allows: one CPU, or some of one node. */
function assignmentNow(host: Host, demand: Demand): Assignment | undefined {
  const { guest } = demand;
  const pins = Array.from({ length: guest.vcpus }, (_, vcpu) => guest.current.get(vcpu) ?? []);
  const homes = pins.map((pin) => host.nodes.findIndex((node) => pin.length > 0 && isWithin(pin, node.cpus)));
  if (homes.includes(-1)) return undefined;
  if (guest.policy === 'dedicated' && pins.some((pin) => pin.length !== 1)) return undefined;
  const nodes = [...new Set(homes)];
  const cells = nodes.map((node): AssignedCell => {
    const vcpus = cpuSet(homes.flatMap((home, vcpu) => (home === node ? [vcpu] : [])));
    return { node, vcpus, memoryKib: Math.ceil(guest.memoryKib / nodes.length) };
  });
  const cpus = guest.policy === 'dedicated' ? pins.flat() : [];
  const known = guest.currentEmulator ?? [];
  const near = nodes.some((node) => isWithin(known, host.nodes[node]?.cpus ?? []));
  const emulator = wantsOwnCpu(demand) && known.length === 1 && near ? known : [];
  return { demand, cpus, emulator, cells };
}

function isAtHome(host: Host, there: Assignment, kept: readonly Assignment[], overcommit: number): boolean {
  const { guest, spans } = there.demand;
  if (guest.frozen === true && isDisjoint(there, kept)) return true;
  if (!spans.includes(there.cells.length) || !isDisjoint(there, kept)) return false;
  if (!keepsThreadPolicy(host, there) || !leavesOthersAlone(host, there, kept)) return false;
  const { state } = baseOf(host, [...kept, there]);
  const fits = guest.running || (state.memory.get(guest.pageKib) ?? []).every((left) => left >= 0);
  return fits && host.nodes.every(({ index }) => floats(host, state, index, overcommit));
}

const isDisjoint = (one: Assignment, others: readonly Assignment[]): boolean =>
  new Set(cpusOf(one)).size === cpusOf(one).length &&
  others.every((other) => intersectionOf(cpusOf(one), cpusOf(other)).length === 0);

function keepsThreadPolicy(host: Host, { demand: { guest }, cpus, emulator }: Assignment): boolean {
  if (guest.policy === 'shared' || guest.threads === 'prefer') return true;
  const cores = host.cores
    .map((core) => ({ core, mine: intersectionOf(core.threads, cpus), extra: intersectionOf(core.threads, emulator) }))
    .filter(({ mine }) => mine.length > 0);
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
function leavesOthersAlone(host: Host, there: Assignment, kept: readonly Assignment[]): boolean {
  const coresOf = (cpus: CpuSet) => host.cores.filter((core) => intersectionOf(core.threads, cpus).length > 0);
  const { threads } = there.demand.guest;
  return kept.every((other) => {
    const theirs = other.demand.guest.threads;
    const alone = threads === 'isolate' || theirs === 'isolate';
    if (!alone && (threads !== 'require' || theirs !== 'require')) return true;
    const mine = coresOf(alone ? cpusOf(there) : there.cpus);
    return coresOf(alone ? cpusOf(other) : other.cpus).every((core) => !mine.includes(core));
  });
}

/** Emulator threads that should have a CPU of their own and have none get the first free one of the node where the search would look. */
function giveEmulatorACpu(host: Host) {
  return (kept: Assignment[], guest: Assignment): Assignment[] => {
    const { cores } = baseOf(host, kept);
    const node = host.nodes[guest.cells[emulatorCell(guest.demand.guest, guest.cells.length)]?.node ?? -1];
    const alone = guest.demand.guest.threads === 'isolate';
    const free = host.cores
      .filter((core) => node?.pockets.includes(core.pocket))
      .filter((core) => !alone || cores[core.index]?.left.length === core.size)
      .flatMap((core) => cores[core.index]?.left ?? []);
    return kept.map((one) => (one === guest ? { ...one, emulator: free.slice(0, 1) } : one));
  };
}
