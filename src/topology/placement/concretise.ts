import { type CpuSet, cpuSet, differenceOf } from '../../contract/index.ts';
import type { Base } from './base.ts';
import type { AssignedCell, Assignment } from './cost.ts';
import type { Host } from './host.ts';
import { nodeKey, pocketKey } from './options.ts';
import type { Rules } from './rules.ts';
import { type CellOption, missing, type Option } from './state.ts';
import type { Guest } from './types.ts';

/** A core in the plan, before it is said which of the cores that are like it. */
interface Slot {
  readonly pocket: number;
  /** The state that the core has in the base. */
  readonly like: number;
  state: number | undefined;
}

interface Part {
  readonly slot: Slot;
  readonly threads: number;
  /** Whether nobody else comes here: no place for emulator threads. */
  readonly alone: boolean;
  /** Whether it is no place for vCPUs. */
  readonly aside: boolean;
}

/**
 * From counts to CPUs. What is alike in the base (nodes, pockets, cores) is interchangeable; it is bound guest by guest in
 * the order of names, to where the guest is pinned now if it can be, else to the lowest. vCPUs 2k and 2k+1 are siblings.
 */
export function concretise(host: Host, base: Base, options: readonly Option[], rules: Rules): Assignment[] {
  const parts = layOut(host, base, options);
  const nodes = binder(
    host.nodes.map(({ index }) => index),
    (node) => (rules.distant ? String(node) : nodeKey(host, base.state, rules, node)),
  );
  const pockets = new Map<number, number>();
  const pocketKeys = host.pockets.map(({ index }) => pocketKey(base.state, rules, index));
  const cores = new Map<Slot, number>();
  const taken = new Set<number>();
  const left = base.cores.map((core) => [...core.left]);

  const bindPocket = (pocket: number, node: number): number => {
    const bound = pockets.get(pocket);
    if (bound !== undefined) return bound;
    const others = new Set(pockets.values());
    const free = (host.nodes[node]?.pockets ?? []).find(
      (one) => !others.has(one) && pocketKeys[one] === pocketKeys[pocket],
    );
    pockets.set(pocket, free ?? missing());
    return free ?? missing();
  };
  const bindCore = (slot: Slot, guest: Guest): number => {
    const bound = cores.get(slot);
    if (bound !== undefined) return bound;
    const pocket = host.pockets[pockets.get(slot.pocket) ?? -1] ?? missing();
    const alike = pocket.cores.filter((core) => !taken.has(core) && base.cores[core]?.state === slot.like);
    const pins = pinsOf(guest);
    const worths = alike.map((core) => worth(core, pins));
    const best = alike[worths.indexOf(Math.max(...worths))] ?? missing();
    cores.set(slot, best);
    taken.add(best);
    return best;
  };
  const pinned = new Set(options.flatMap(({ demand }) => [...pinsOf(demand.guest)]));
  const worth = (core: number, pins: ReadonlySet<number>): number => {
    let worth = 0;
    for (const cpu of base.cores[core]?.left ?? []) worth += (pins.has(cpu) ? 1001 : 0) - (pinned.has(cpu) ? 1 : 0);
    return worth;
  };

  return [...options]
    .sort((a, b) => (a.demand.guest.name < b.demand.guest.name ? -1 : 1))
    .map(({ demand, cells }): Assignment => {
      const { guest } = demand;
      const cpus: number[] = [];
      let emulator: number[] = [];
      const placed = cells.map((one): AssignedCell => {
        const node = nodes(one.node);
        for (const { pocket } of one.takes) bindPocket(pocket, node);
        const all = [...(parts.get(one) ?? [])]
          .map((part) => ({ ...part, core: bindCore(part.slot, guest) }))
          .sort(
            (a, b) =>
              Number(a.aside) - Number(b.aside) ||
              Number(b.alone) - Number(a.alone) ||
              b.threads - a.threads ||
              a.core - b.core,
          )
          .map(({ core, threads }) => takeThreads(left[core] ?? missing(), threads, guest));
        const own = one.cell.extra > 0 ? emulatorsOf(host, all, guest) : [];
        cpus.push(...seat(differenceOf(all.flat(), own), one, guest));
        emulator = [...emulator, ...own];
        const numbers = Array.from({ length: one.cell.vcpus }, (_, at) => one.cell.firstVcpu + at);
        return { node, vcpus: numbers, memoryKib: one.cell.memoryKib };
      });
      return { demand, cpus, emulator: cpuSet(emulator), cells: placed };
    });
}

/** Plays the options again, in the order in which they were chosen, on cores that have no numbers yet. */
function layOut(host: Host, base: Base, options: readonly Option[]): Map<CellOption, Part[]> {
  const slots = host.pockets.map((pocket) =>
    pocket.cores.flatMap((core): Slot[] => {
      const state = base.cores[core]?.state;
      return state === undefined ? [] : [{ pocket: pocket.index, like: state, state }];
    }),
  );
  const parts = new Map<CellOption, Part[]>();
  for (const cell of options.flatMap(({ cells }) => cells)) {
    const mine: Part[] = [];
    for (const { pocket, split } of cell.takes)
      for (const take of split)
        for (const slot of (slots[pocket] ?? []).filter(({ state }) => state === take.state).slice(0, take.cores)) {
          mine.push({ slot, threads: take.threads, alone: take.alone, aside: take.aside === true });
          slot.state = take.alone ? undefined : host.after[take.state]?.[take.threads];
        }
    parts.set(cell, mine);
  }
  return parts;
}

/** Binds each of some things to the lowest free one with the same key, once and for all. */
function binder(all: readonly number[], keyOf: (one: number) => string): (one: number) => number {
  const keys = all.map(keyOf);
  const bound = new Map<number, number>();
  return (one) => {
    const there = bound.get(one);
    if (there !== undefined) return there;
    const taken = new Set(bound.values());
    const free = all.find((other) => !taken.has(other) && keys[other] === keys[one]) ?? missing();
    bound.set(one, free);
    return free;
  };
}

const known = new WeakMap<Guest, ReadonlySet<number>>();

/** The CPUs that a guest's threads are pinned to alone; plans are made of the same guests over and over. */
function pinsOf(guest: Guest): ReadonlySet<number> {
  const pins = known.get(guest) ?? singlePins(guest);
  known.set(guest, pins);
  return pins;
}

const singlePins = ({ current, currentEmulator = [] }: Guest): ReadonlySet<number> =>
  new Set([...current.values(), currentEmulator].filter((pin) => pin.length === 1).flat());

function takeThreads(left: number[], count: number, guest: Guest): number[] {
  const pins = pinsOf(guest);
  const order = [...left].sort((a, b) => Number(pins.has(b)) - Number(pins.has(a)) || a - b);
  const taken = order.slice(0, count);
  left.splice(0, left.length, ...left.filter((cpu) => !taken.includes(cpu)));
  return taken.sort((a, b) => a - b);
}

/**
 * Which of a guest's CPUs is its emulator's: the one of now if it can be, else one that no vCPU is on now. vCPUs have the
 * fullest cores; only a guest that no core could hold, and that asks nothing of its cores, may give any.
 */
function emulatorsOf(host: Host, parts: readonly (readonly number[])[], guest: Guest): CpuSet {
  const any = guest.threads === 'prefer' && guest.vcpus > host.coreSize;
  const may = any ? parts.flat() : (parts.at(-1) ?? missing());
  const now = [...guest.current.values()].flat();
  const [only, ...others] = guest.currentEmulator ?? [];
  const best =
    may.find((cpu) => cpu === only && others.length === 0) ?? may.findLast((cpu) => !now.includes(cpu)) ?? may.at(-1);
  return [best ?? missing()];
}

/** Each vCPU on its CPU of now where that is among them, the others in order. */
function seat(cpus: readonly number[], { cell }: CellOption, guest: Guest): number[] {
  const now = Array.from({ length: cell.vcpus }, (_, at) => {
    const pin = guest.current.get(cell.firstVcpu + at) ?? [];
    return pin.length === 1 && cpus.includes(pin[0] ?? -1) ? pin[0] : undefined;
  });
  const kept = now.map((cpu, at) => (now.indexOf(cpu) === at ? cpu : undefined));
  const free = cpus.filter((cpu) => !kept.includes(cpu));
  return cpus.length === 0 ? [] : kept.map((cpu) => cpu ?? free.shift() ?? missing());
}
