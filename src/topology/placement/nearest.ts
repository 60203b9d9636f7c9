import { amount, counted } from './amount.ts';
import { bareDemand } from './demand.ts';
import type { Host } from './host.ts';
import { tiersFor } from './options.ts';
import type { Rules } from './rules.ts';
import { poolOn, type State } from './state.ts';
import { roomIn } from './takes.ts';
import type { Guest } from './types.ts';

/** How many numbers of vCPUs are tried one by one. */
const STEPS = 16;

/** What a guest that has no place could ask for instead; undefined when nothing that is thought of would do. */
export function nearestTo(
  host: Host,
  state: State,
  guest: Guest,
  rules: Rules,
  sizes: readonly number[],
): string | undefined {
  const fits = (change: Partial<Guest>) =>
    tiersFor(host, state, bareDemand(host, { ...guest, ...change }), rules).some(
      ({ choice }) => choice().options.length > 0,
    );
  const pages = [...sizes, 4].map((pageKib): [string, Partial<Guest>] => [
    `page_size: ${pageWord(pageKib)}`,
    { pageKib },
  ]);
  const changes: [string, Partial<Guest>][] = [
    ['threads: prefer', { threads: 'prefer' }],
    ['emulator: share', { emulator: 'share' }],
    ['numa_nodes: auto', { numaNodes: 'auto' }],
    ...pages,
  ];
  const found = changes.find(([, change]) => differs(guest, change) && fits(change));
  if (found) return `it fits with ${found[0]}`;
  const vcpus = mostThat((some) => fits({ vcpus: some }), leastVcpus(guest), mostVcpus(host, state, guest), STEPS);
  if (vcpus !== undefined) return `${counted(vcpus, 'vCPU')} would fit`;
  const most = mostThat((some) => fits({ memoryKib: some * guest.pageKib }), 1, guest.memoryKib / guest.pageKib, 0);
  if (most === undefined) return undefined;
  const kib = most * guest.pageKib;
  const room = host.nodes.map((node) => state.memory.get(guest.pageKib)?.[node.index] ?? 0);
  if (kib > Math.max(...room)) return `${amount(kib, guest.pageKib)} would fit, over several nodes`;
  return `${amount(kib, guest.pageKib)} are the most on one node`;
}

const leastVcpus = ({ numaNodes }: Guest): number => (numaNodes === 'auto' ? 1 : numaNodes);

/** More than that have no room on as many nodes as the guest may be on. */
function mostVcpus(host: Host, state: State, { policy, threads, numaNodes, vcpus }: Guest): number {
  const rooms = host.nodes.map(({ index, pockets }) =>
    policy === 'shared'
      ? poolOn(host, state, index)
      : pockets.reduce((sum, pocket) => sum + roomIn(host, state.counts[pocket] ?? [], threads), 0),
  );
  const largest = rooms.sort((a, b) => b - a).slice(0, numaNodes === 'auto' ? rooms.length : numaNodes);
  return Math.min(
    vcpus - 1,
    largest.reduce((sum, room) => sum + room, 0),
  );
}

/** The largest number that will do, found by some steps down and then by halves: as what it takes hardly ever falls. */
function mostThat(willDo: (some: number) => boolean, least: number, most: number, steps: number): number | undefined {
  if (most < least || !willDo(least)) return undefined;
  let above = Math.floor(most) + 1;
  for (let step = 0; step < steps && above - 1 > least; step += 1) {
    if (willDo(above - 1)) return above - 1;
    above -= 1;
  }
  let below = least;
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (willDo(middle)) below = middle;
    else above = middle;
  }
  return below;
}

const pageWord = (kib: number): string =>
  kib % 1048576 === 0 ? `${kib / 1048576}G` : kib % 1024 === 0 ? `${kib / 1024}M` : `${kib}k`;

const differs = (guest: Guest, change: Partial<Guest>): boolean =>
  Object.entries(change).some(([key, value]) => guest[key as keyof Guest] !== value);
