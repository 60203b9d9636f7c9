import { formatCpuSet } from '../contract/index.ts';
import type { Guest, GuestPlace, Placement } from '../topology/index.ts';
import { table } from './table.ts';

/** What the numbers of a plan's cost count that say how good it is; docs/placement.md tells them all. */
const COUNTED = [
  'for guests without a place (each its priority, plus 1)',
  'nodes too many',
  'caches too many',
  'cores shared or guests scattered',
  'KiB of memory moved',
  'pins changed',
];

/** Where guests would go on a host, as a table for a terminal. */
export function placementText(host: string, guests: readonly Guest[], placement: Placement): string {
  const { reserved, missing, notes } = placement;
  const asked = new Map(guests.map((guest) => [guest.name, guest]));
  const kept = reserved.length > 0 ? `CPUs ${formatCpuSet(reserved)} are the host's own` : 'no CPU is reserved';
  const rows = [...placement.guests].map(([name, place]) => {
    const guest = asked.get(name);
    return [name, `${place.vcpus.length} ${guest?.policy}`, pins(place), ...aside(place), nodes(place), place.why];
  });
  return [
    `${host}: ${placement.guests.size} of ${guests.length} guests have a place; ${kept}\n`,
    rows.length > 0 ? `\n${table(['GUEST', 'VCPUS', 'ON CPUS', 'EMULATOR', 'IO THREADS', 'NODES', 'WHY'], rows)}` : '',
    missing.length > 0 ? '\n' : '',
    ...missing.map(({ guest, reason }) => `no place for ${guest}: ${reason}\n`),
    `\n${verdict(placement)}\n`,
    ...notes.map((note) => `note: ${note}\n`),
  ].join('');
}

/** By vCPU; where they float, one set for all on a node. */
function pins({ vcpus }: GuestPlace): string {
  const sets = vcpus.map(formatCpuSet);
  const floats = vcpus.some(({ length }) => length > 1);
  return floats ? [...new Set(sets)].map((set) => `${set} (any)`).join(' ') : sets.join(' ');
}

const aside = ({ emulator, ioThreads }: GuestPlace): string[] => [
  formatCpuSet(emulator),
  ioThreads.length > 0 ? ioThreads.map(formatCpuSet).join(' ') : '-',
];

const nodes = ({ cells }: GuestPlace): string => cells.map(({ node }) => node).join(' ');

function verdict({ cost, optimal }: Placement): string {
  const paid = COUNTED.flatMap((what, at) => (cost[at] ? [`${cost[at]} ${what}`] : []));
  const price = paid.length > 0 ? `cost: ${paid.join(', ')}` : 'cost: nothing';
  return `${price}\n${optimal ? 'no better plan exists' : 'the search ended early: a better plan may exist'}`;
}
