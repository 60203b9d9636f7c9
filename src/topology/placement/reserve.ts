import { type CpuSet, cpuSet, isWithin } from '../../contract/index.ts';
import type { Group, Topology } from '../model.ts';

/** From how many CPUs up a host keeps four for itself instead of two. */
const LARGE_HOST = 64;

/**
 * The CPUs that a host keeps for itself when nobody says which: whole cores, the first CPU's core among them (timers and
 * unmovable interrupts live there), 2 CPUs below 64 and 4 from 64 up, on the nodes of NICs before others; never more than
 * half of the cores. CPUs that the kernel isolates are the guests' and come last. `wanted`: another number of CPUs.
 */
export function autoReserve(topology: Topology, wanted?: number): CpuSet {
  const { cores, cpus } = topology;
  const least = wanted ?? (cpus.online.length < LARGE_HOST ? 2 : 4);
  const atMost = Math.floor(cores.length / 2);
  const reserved: Group[] = [];
  for (const core of candidates(topology)) {
    const enough = reserved.reduce((sum, one) => sum + one.cpus.length, 0) >= least;
    if (enough || reserved.length >= atMost) break;
    reserved.push(core);
  }
  return cpuSet(reserved.flatMap((core) => core.cpus));
}

function candidates({ cores, cpus, nodes, nics }: Topology): Group[] {
  const [first, ...rest] = cores;
  if (!first) return [];
  const nicNodes = new Set(nics.map(({ node }) => node));
  const home = nodes.filter(({ id }) => nicNodes.has(id)).flatMap((node) => node.cpus);
  const beside = nodes.find((node) => isWithin(first.cpus, node.cpus))?.cpus ?? [];
  const rank = (core: Group) =>
    (isWithin(core.cpus, cpus.isolated) ? 4 : 0) +
    (isWithin(core.cpus, home) ? 0 : isWithin(core.cpus, beside) ? 1 : 2);
  return [first, ...rest.sort((a, b) => rank(a) - rank(b))];
}
