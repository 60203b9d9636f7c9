import { type CpuSet, formatCpuSet } from '../contract/index.ts';
import type { Group, Llc, Topology } from './model.ts';
import { groupBy } from './sibling-sets.ts';

type Parts = Pick<Topology, 'sockets' | 'cores' | 'clusters' | 'caches' | 'nodes'> & { readonly online: CpuSet };

/**
 * The domains inside which threads share a last-level cache and are at home with the same memory: the L3, cut at node
 * borders where it spans several (sub-NUMA clustering). Without an L3: a cluster or an L2 that spans more than one core,
 * else the node, cut at socket borders.
 */
export function findLlcs({ online, sockets, cores, clusters, caches, nodes }: Parts): Llc[] {
  const spansCores = (group: Group) =>
    cores.filter((core) => core.cpus.some((cpu) => group.cpus.includes(cpu))).length > 1;
  const l3 = index(caches.filter((cache) => cache.level === 3));
  const cluster = index(clusters.filter(spansCores));
  const l2 = index(caches.filter((cache) => cache.level === 2 && cache.type !== 'instruction').filter(spansCores));
  // Firmware that tells nodes wrong may give a CPU to several: the first has it.
  const node = new Map(nodes.toReversed().flatMap(({ id, cpus }) => cpus.map((cpu) => [cpu, id] as const)));
  const socket = index(sockets);
  const home = nodes[0]?.id ?? 0;
  const sharing = (cpu: number): { shares: Llc['shares']; key: string } => {
    if (l3.has(cpu)) return { shares: 'l3', key: l3.get(cpu) ?? '' };
    if (cluster.has(cpu)) return { shares: 'cluster', key: cluster.get(cpu) ?? '' };
    if (l2.has(cpu)) return { shares: 'l2', key: l2.get(cpu) ?? '' };
    return { shares: 'node', key: socket.get(cpu) ?? '' };
  };
  return groupBy(online, (cpu) => {
    const { shares, key } = sharing(cpu);
    return `${node.get(cpu) ?? home} ${shares} ${key}`;
  }).map(({ cpus }) => {
    const [first = 0] = cpus;
    return { cpus, node: node.get(first) ?? home, shares: sharing(first).shares };
  });
}

const index = (groups: readonly Group[]): Map<number, string> =>
  new Map(groups.flatMap(({ cpus }) => cpus.map((cpu) => [cpu, formatCpuSet(cpus)] as const)));
