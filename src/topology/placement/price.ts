import { breakingAnLlc, distanceAmong, isScattered, movedFloats, movedKib, type Score } from './cost.ts';
import type { Demand } from './demand.ts';
import type { Host } from './host.ts';
import type { Rules } from './rules.ts';
import { type CellOption, freeIn, missing, type Option, poolOn, type State } from './state.ts';

/** What a guest's place adds to the price, told from counts alone. */
export function priced(host: Host, state: State, demand: Demand, cells: readonly CellOption[]): Option {
  const { guest } = demand;
  const nodes = cells.map(({ node }) => node);
  const llcs = new Set<number>();
  let slowest = 0;
  let sharing = 0;
  let broken = 0;
  for (const { takes } of cells)
    for (const { pocket, split } of takes) {
      const { llc, kind, pristine } = host.pockets[pocket] ?? missing();
      if (pristine && !state.used[llc] && !llcs.has(llc)) broken += breakingAnLlc(host);
      llcs.add(llc);
      slowest = Math.max(slowest, kind);
      for (const take of split) {
        const core = host.states[take.state] ?? missing();
        if (core.guests === 1) sharing += take.cores;
        if (core.guests === 0 && core.free === core.size) broken += take.cores;
      }
    }
  const scattered = guest.vcpus <= host.coreSize && isScattered(host, guest, coresOfVcpus(cells));
  const memory = cells.map(({ cell, node }) => ({ node, memoryKib: cell.memoryKib }));
  const delta: Score = [
    0,
    cells.length - demand.minNodes,
    distanceAmong(host, nodes),
    guest.policy === 'shared' ? 0 : Math.max(0, llcs.size - demand.minLlcs),
    sharing + (scattered ? 1 : 0),
    slowest > 0 ? 1 : 0,
    movedKib(host, guest, memory),
    leastPinsMoved(host, demand, cells),
    broken,
  ];
  return { demand, cells, delta };
}

/** The fullest cores are for vCPUs, what is left is the emulator's. */
function coresOfVcpus(cells: readonly CellOption[]): number {
  let used = 0;
  for (const { cell, takes } of cells) {
    const cores = takes.flatMap(({ split }) => split.flatMap((take) => Array<number>(take.cores).fill(take.threads)));
    let left = cell.vcpus;
    for (const threads of cores.sort((a, b) => b - a)) {
      if (left <= 0) break;
      left -= threads;
      used += 1;
    }
  }
  return used;
}

/** How many pins change at the least: which CPUs of a pocket a guest gets is settled later. */
function leastPinsMoved(host: Host, { guest }: Demand, cells: readonly CellOption[]): number {
  if (guest.current.size === 0) return 0;
  if (guest.policy === 'shared')
    return movedFloats(
      host,
      guest,
      cells.map(({ node }) => node),
    );
  let kept = 0;
  for (const { cell, takes } of cells) {
    // Of vCPUs that are on one CPU now, one can stay.
    const now = new Set<number>();
    for (let at = 0; at < cell.vcpus; at += 1) {
      const pin = guest.current.get(cell.firstVcpu + at);
      if (pin?.length === 1) now.add(pin[0] ?? -1);
    }
    const pins = [...now].map((cpu) => host.pocketOf.get(cpu) ?? -1);
    for (const { pocket, split } of takes) {
      const taken = split.reduce((threads, take) => threads + take.cores * take.threads, 0);
      kept += Math.min(taken, pins.filter((one) => one === pocket).length);
    }
  }
  return guest.vcpus - kept;
}

/**
 * Among options of one price: dedicated guests where they fit most tightly; shared ones where the pool is least loaded or,
 * when they choose before the others (`first`), where they claim the fewest CPUs for it.
 */
export function snugness(
  host: Host,
  state: State,
  { demand, cells }: Option,
  rules: Pick<Rules, 'overcommit' | 'first'>,
): Score {
  const nodes = cells.map(({ node }) => node);
  if (demand.guest.policy === 'shared') {
    const { overcommit, first } = rules;
    const claims = cells.map(({ cell, node }) => {
      const { vcpus, most } = state.floating[node] ?? missing();
      const claim = (load: number, one: number) => Math.max(one, Math.ceil(load / overcommit));
      if (first) return claim(vcpus + cell.vcpus, Math.max(most, cell.vcpus)) - claim(vcpus, most);
      return (vcpus + cell.vcpus) / poolOn(host, state, node);
    });
    return [first ? claims.reduce((sum, more) => sum + more, 0) : Math.max(...claims), ...nodes];
  }
  const pockets = new Set(cells.flatMap(({ takes }) => takes.map(({ pocket }) => pocket)));
  let left = 0;
  for (const pocket of pockets) left += freeIn(host, state, pocket);
  return [left, cells[0]?.takes[0]?.pocket ?? 0];
}
