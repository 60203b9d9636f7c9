import { type CpuSet, cpuSet, formatCpuSet } from '../../contract/index.ts';
import { amount, counted } from './amount.ts';
import { baseOf } from './base.ts';
import { type Assignment, movedPins } from './cost.ts';
import type { Host } from './host.ts';
import type { Guest, GuestPlace } from './types.ts';

/** A plan as its guests see it, in the order of their names. */
export function placesOf(host: Host, plan: readonly Assignment[]): Map<string, GuestPlace> {
  const pools = poolsOf(host, plan);
  const byName = [...plan].sort((a, b) => (a.demand.guest.name < b.demand.guest.name ? -1 : 1));
  return new Map(byName.map((assignment) => [assignment.demand.guest.name, placeOf(host, assignment, pools)]));
}

/** What dedicated guests leave of each node, without CPUs that nothing balances over. */
function poolsOf(host: Host, plan: readonly Assignment[]): CpuSet[] {
  const { cores } = baseOf(host, plan);
  return host.nodes.map((node) =>
    cpuSet(
      host.cores
        .filter((core) => core.pooled && node.pockets.includes(core.pocket))
        .flatMap((core) => cores[core.index]?.left ?? []),
    ),
  );
}

function placeOf(host: Host, assignment: Assignment, pools: readonly CpuSet[]): GuestPlace {
  const { demand, cpus, cells } = assignment;
  const { guest } = demand;
  const kept = guest.current.size > 0 && movedPins(host, assignment) === 0;
  const pool = (vcpu: number): CpuSet => pools[cells.find(({ vcpus }) => vcpus.includes(vcpu))?.node ?? -1] ?? [];
  const vcpus = Array.from({ length: guest.vcpus }, (_, vcpu): CpuSet => {
    const cpu = cpus[vcpu];
    if (cpu !== undefined) return [cpu];
    return floatsOn(host, assignment, vcpu) ?? pool(vcpu);
  });
  const emulator = emulatorOf(host, assignment, cpuSet(vcpus.flat()));
  return {
    vcpus,
    emulator,
    ioThreads: Array.from({ length: guest.ioThreads }, () => emulator),
    cells: cells.map((cell) => ({ ...cell, node: host.nodes[cell.node]?.id ?? -1 })),
    kept,
    why: `${kept ? 'stays: ' : moved(host, assignment)}${why(host, assignment, cpuSet(vcpus.flat()))}`,
  };
}

/** Where a frozen guest's vCPU floats now, if that is on its node: there may be no pool where it is. */
function floatsOn(host: Host, { demand: { guest }, cells }: Assignment, vcpu: number): CpuSet | undefined {
  const pin = guest.frozen ? guest.current.get(vcpu) : undefined;
  const node = cells.find(({ vcpus }) => vcpus.includes(vcpu))?.node;
  return pin?.every((cpu) => host.nodeOf.get(cpu) === node && host.coreOf.has(cpu)) ? pin : undefined;
}

function emulatorOf(host: Host, { demand, emulator }: Assignment, own: CpuSet): CpuSet {
  if (emulator.length > 0) return emulator;
  return demand.guest.emulator === 'reserved' && host.reserved.length > 0 ? host.reserved : own;
}

function moved(host: Host, assignment: Assignment): string {
  const pins = movedPins(host, assignment);
  // A vCPU without a pin has one then.
  const all = Math.max(pins, assignment.demand.guest.current.size);
  return pins > 0 ? `moves ${pins} of ${counted(all, 'pin')}: ` : '';
}

function why(host: Host, { demand, cpus, cells }: Assignment, all: CpuSet): string {
  const { guest } = demand;
  const nodes = cells.map(({ node }) => host.nodes[node]?.id ?? -1);
  const where = nodes.length === 1 ? `node ${nodes[0]}` : `nodes ${formatCpuSet(cpuSet(nodes))}`;
  const cores = host.cores.filter((core) => core.threads.some((cpu) => cpus.includes(cpu)));
  const llcs = new Set(cores.map((core) => host.pockets[core.pocket]?.llc)).size;
  const on =
    guest.policy === 'shared'
      ? `floats over the pool ${formatCpuSet(all)} of ${where}`
      : cores.length === 1 && guest.vcpus > 1
        ? `one core of ${where}`
        : `${counted(cores.length, 'core')} in ${counted(llcs, 'LLC domain')} of ${where}`;
  const more = guest.policy === 'dedicated' && llcs > demand.minLlcs ? ` (alone it would have ${demand.minLlcs})` : '';
  const alone = guest.policy === 'dedicated' && guest.threads === 'isolate' ? ', nobody else on its cores' : '';
  const given = cells.reduce((sum, { memoryKib }) => sum + memoryKib, 0);
  const memory = given > 0 ? `, ${amount(given, guest.pageKib)} there` : '';
  return `${on}${more}${alone}${memory}${cells.length > 1 ? `: ${byNode(host, guest, cells)}` : ''}`;
}

/** Which vCPUs and how much memory are on each of its nodes. */
const byNode = (host: Host, { pageKib }: Guest, cells: Assignment['cells']): string =>
  cells
    .map(({ node, vcpus, memoryKib }) => {
      const memory = memoryKib > 0 ? ` and ${amount(memoryKib, pageKib)}` : '';
      return `${vcpus.length === 1 ? 'vCPU' : 'vCPUs'} ${formatCpuSet(vcpus)}${memory} on ${host.nodes[node]?.id ?? -1}`;
    })
    .join(', ');
