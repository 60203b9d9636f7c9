import { cpusOf, isAlone } from './base.ts';
import { type Assignment, homesOf, movedKib } from './cost.ts';
import { overheadKib } from './demand.ts';
import type { Host } from './host.ts';
import { hasFloatingRoom, missing } from './state.ts';

/** Who is where, kept up to date as guests come and go: what is asked of it costs no more than the guest it is asked about. */
export interface Occupancy {
  readonly add: (one: Assignment) => void;
  readonly remove: (one: Assignment) => void;
  /** Who has a CPU. */
  readonly ownerOf: (cpu: number) => Assignment | undefined;
  /** Whether its memory fits on its nodes, or is there already with that of nobody who comes. */
  readonly holds: (one: Assignment) => boolean;
  /** Whether those who float on its nodes have room enough. */
  readonly floatsBeside: (one: Assignment, overcommit: number) => boolean;
}

export function occupancyOf(host: Host, plan: readonly Assignment[]): Occupancy {
  const owners = new Map<number, Assignment>();
  const present = new Set<Assignment>();
  const memory = new Map<number, number[]>();
  const pools = host.nodes.map(() => 0);
  const floating = host.nodes.map((): number[] => []);
  const poolIn = ({ threads, pooled }: Host['cores'][number]): number => {
    const here = threads.map((cpu) => [cpu, owners.get(cpu)] as const);
    const closed = here.some(([cpu, owner]) => owner && isAlone(owner) && owner.cpus.includes(cpu));
    return pooled && !closed ? here.filter(([, owner]) => !owner).length : 0;
  };
  const count = (core: Host['cores'][number], sign: 1 | -1) => {
    const node = host.pockets[core.pocket]?.node ?? missing();
    pools[node] = (pools[node] ?? 0) + sign * poolIn(core);
  };
  const memoryOf = (size: number): number[] => {
    const left = memory.get(size) ?? host.nodes.map((node) => node.memory(size));
    memory.set(size, left);
    return left;
  };
  const change = (one: Assignment, sign: 1 | -1) => {
    const { guest } = one.demand;
    if (sign > 0) present.add(one);
    else present.delete(one);
    const cores = [...new Set(cpusOf(one).flatMap((cpu) => host.coreOf.get(cpu) ?? []))];
    for (const core of cores) count(host.cores[core] ?? missing(), -1);
    for (const cpu of cpusOf(one)) if (sign > 0) owners.set(cpu, one);
    for (const cpu of cpusOf(one)) if (sign < 0 && owners.get(cpu) === one) owners.delete(cpu);
    for (const core of cores) count(host.cores[core] ?? missing(), 1);
    const left = memoryOf(guest.pageKib);
    for (const { node, vcpus, memoryKib } of one.cells) {
      left[node] = (left[node] ?? 0) - sign * (memoryKib + overheadKib(guest, one.cells.length));
      if (guest.policy !== 'shared') continue;
      const there = floating[node] ?? missing();
      if (sign > 0) there.push(vcpus.length);
      else there.splice(there.indexOf(vcpus.length), 1);
    }
  };
  for (const core of host.cores) count(core, 1);
  for (const one of plan) change(one, 1);
  return {
    add: (one) => change(one, 1),
    remove: (one) => change(one, -1),
    ownerOf: (cpu) => owners.get(cpu),
    holds: ({ demand: { guest }, cells }) =>
      cells.every(({ node }) => {
        if ((memoryOf(guest.pageKib)[node] ?? 0) >= 0) return true;
        const beside = [...present].filter(
          (one) => one.demand.guest.pageKib === guest.pageKib && one.cells.some((cell) => cell.node === node),
        );
        return beside.every((one) => isThereNow(host, one));
      }),
    floatsBeside: ({ cells }, overcommit) =>
      cells.every(({ node }) => {
        const there = floating[node] ?? missing();
        const vcpus = there.reduce((sum, some) => sum + some, 0);
        return hasFloatingRoom({ vcpus, most: Math.max(0, ...there) }, pools[node] ?? 0, overcommit);
      }),
  };
}

/**
 * Who runs with all of its memory where it is now, and who has none. One that is frozen and switched off comes no more than
 * they; one that gets fewer vCPUs, and so leaves a node, goes together on the others that it is on.
 */
function isThereNow(host: Host, { demand: { guest }, cells }: Assignment): boolean {
  if (guest.memoryKib === 0 || guest.frozen === true) return true;
  if (!guest.running || guest.current.size === 0) return false;
  if (guest.current.size <= guest.vcpus) return movedKib(host, guest, cells) === 0;
  const homes = homesOf(host, guest);
  return cells.every(({ node }) => homes.includes(node));
}
