import { formatCpuSet } from '../../contract/index.ts';
import { allowedSpans, type Demand } from './demand.ts';
import type { Host, HostNode } from './host.ts';
import { tiersFor } from './options.ts';
import type { Rules } from './rules.ts';
import { missing, poolOn, type State } from './state.ts';
import { roomIn } from './takes.ts';
import type { Guest } from './types.ts';

/** What keeps a guest out of each node, and the nearest thing that would be possible. */
export function whyNot(
  host: Host,
  state: State,
  demand: Demand,
  rules: Rules,
  demandOf: (guest: Guest) => Demand | undefined,
): string {
  const { guest } = demand;
  if (host.nodes.length === 0)
    return `no CPU is left to guests: ${formatCpuSet(host.reserved)} are reserved; nearest: fewer reserved CPUs`;
  const span = demand.spans.find((one) => one >= demand.minNodes) ?? demand.spans[0] ?? allowedSpans(host, guest)[0];
  if (span === undefined) {
    const nodes = host.nodes.length;
    const has =
      nodes < Number(guest.numaNodes) ? `this host has ${nodes} with CPUs for guests` : `it has ${guest.vcpus} vCPUs`;
    return `it asks for ${guest.numaNodes} nodes; ${has}`;
  }
  if (guest.policy === 'dedicated' && guest.threads === 'require' && host.coreSize === 1)
    return 'threads: require needs cores with several threads, this host has none; nearest: threads: prefer';
  const [cell] = demand.cells(span);
  const lacks = host.nodes.map((node) => ({
    node,
    lack: cell ? lackOn(host, state, guest, cell, node, rules) : undefined,
  }));
  const each = lacks.map(
    ({ node, lack }) =>
      `node ${node.id}: ${lack ?? (span > 1 ? 'would do for one part' : 'enough CPUs and memory, but not on cores that fit together')}`,
  );
  const parts = span > 1 ? [`split over ${span} nodes`, ...each] : each;
  const near = nearest(host, state, guest, rules, demandOf);
  return `${parts.join('; ')}${near === undefined ? '' : `; nearest: ${near}`}`;
}

function lackOn(
  host: Host,
  state: State,
  guest: Guest,
  cell: { vcpus: number; extra: number; needKib: number },
  node: HostNode,
  rules: Rules,
): string | undefined {
  const left = Math.max(0, state.memory.get(guest.pageKib)?.[node.index] ?? 0);
  const lacks: string[] = [];
  const cpus = cell.vcpus + cell.extra;
  if (guest.policy === 'shared') {
    const pool = poolOn(host, state, node.index);
    const floating = state.floating[node.index]?.vcpus ?? 0;
    const may = Math.floor(pool * rules.overcommit);
    if (pool < cell.vcpus) lacks.push(`need a pool of ${cell.vcpus} CPUs, free ${pool}`);
    else if (floating + cell.vcpus > may)
      lacks.push(
        `need ${cell.vcpus} vCPUs of the pool, free ${Math.max(0, may - floating)} (${pool} CPUs, overcommit ${rules.overcommit})`,
      );
  } else {
    const whole = guest.threads === 'isolate' ? cell.vcpus : cpus;
    const room = node.pockets.reduce((sum, pocket) => sum + roomIn(host, state.counts[pocket] ?? [], guest.threads), 0);
    const { vcpus: floating, most } = state.floating[node.index] ?? missing();
    const pool = Math.max(most, Math.ceil(floating / rules.overcommit));
    if (room < whole) lacks.push(`need ${whole} ${wanted(guest)}, free ${room}`);
    else if (poolOn(host, state, node.index) - cpus < pool)
      lacks.push(`need ${cpus} ${wanted(guest)}, free ${room}, of which guests that float there need ${pool}`);
  }
  if (left < cell.needKib)
    lacks.push(`need ${amount(cell.needKib, guest.pageKib)}, free ${amount(left, guest.pageKib)}`);
  return lacks.length > 0 ? lacks.join(' and ') : undefined;
}

const wanted = ({ threads }: Guest): string =>
  threads === 'isolate' ? 'whole cores' : threads === 'require' ? 'CPUs on whole cores' : 'CPUs';

/** `4096 2M pages`, `7.5 GiB`. */
export function amount(kib: number, pageKib: number): string {
  if (pageKib > 4)
    return `${Math.floor(kib / pageKib)} ${pageKib % 1048576 === 0 ? `${pageKib / 1048576}G` : `${pageKib / 1024}M`} pages`;
  return kib >= 1048576 ? `${Math.floor(kib / 104857.6) / 10} GiB` : `${Math.floor(kib / 1024)} MiB`;
}

function nearest(
  host: Host,
  state: State,
  guest: Guest,
  rules: Rules,
  demandOf: (guest: Guest) => Demand | undefined,
): string | undefined {
  const fits = (change: Partial<Guest>) => {
    const demand = demandOf({ ...guest, ...change });
    return (
      demand !== undefined && tiersFor(host, state, demand, rules).some(({ choice }) => choice().options.length > 0)
    );
  };
  const changes: [string, Partial<Guest>][] = [
    ['threads: prefer', { threads: 'prefer' }],
    ['emulator: share', { emulator: 'share' }],
    ['numa_nodes: auto', { numaNodes: 'auto' }],
    ['page_size: 4k', { pageKib: 4 }],
  ];
  const found = changes.find(([, change]) => differs(guest, change) && fits(change));
  if (found) return `it fits with ${found[0]}`;
  for (let vcpus = guest.vcpus - 1; vcpus > 0; vcpus -= 1)
    if (fits({ vcpus })) return `${vcpus} ${vcpus === 1 ? 'vCPU' : 'vCPUs'} would fit`;
  if (guest.memoryKib > 0 && fits({ memoryKib: 0 })) {
    const room = host.nodes.map((node) => state.memory.get(guest.pageKib)?.[node.index] ?? 0);
    if (room.some((left) => left >= guest.pageKib))
      return `${amount(Math.max(...room), guest.pageKib)} are the most on one node`;
  }
  return undefined;
}

const differs = (guest: Guest, change: Partial<Guest>): boolean =>
  Object.entries(change).some(([key, value]) => guest[key as keyof Guest] !== value);
