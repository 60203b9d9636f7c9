import { type CpuSet, cpuSet, intersectionOf, type Seen } from '../contract/index.ts';
import type { Hugepages, NumaNode } from './model.ts';
import { filesOf, told, toldList, toldMask } from './told.ts';

/**
 * NUMA nodes in the order of their numbers, those without CPUs or without memory too. A kernel that knows of no nodes
 * has one, number 0, that holds everything.
 */
export function readNodes(seen: Seen, online: CpuSet): NumaNode[] {
  const cpus = cpusByNode(seen);
  const memory = byNode(filesOf(seen, 'topology.node_memory'));
  const distances = byNode(filesOf(seen, 'topology.distances'));
  const pools = poolsByNode(filesOf(seen, 'topology.node_hugepages'));
  const ids = cpuSet([...cpus.keys(), ...memory.keys(), ...distances.keys(), ...pools.keys()]);
  const wholeHost = (seen.has('topology.memory') ? told(seen, 'topology.memory') : undefined) ?? '';
  const hostPools = poolsByNode(filesOf(seen, 'topology.hugepages')).get(0) ?? {};
  if (ids.length === 0) return [{ id: 0, cpus: online, ...amounts(wholeHost), distances: [10], hugepages: hostPools }];
  const alone = ids.length === 1;
  return ids.map((id) => ({
    id,
    cpus: intersectionOf(cpus.get(id) ?? (alone ? online : []), online),
    ...amounts(memory.get(id) ?? (alone ? wholeHost : '')),
    distances: (distances.get(id) ?? (alone ? '10' : '')).trim().split(/\s+/).filter(Boolean).map(Number),
    hugepages: pools.get(id) ?? (alone ? hostPools : {}),
  }));
}

const nodeOf = (path: string): number => Number(/\/node(\d+)\//.exec(path)?.[1] ?? 0);

function byNode(files: ReadonlyMap<string, string>): Map<number, string> {
  return new Map([...files].map(([path, content]) => [nodeOf(path), content]));
}

function cpusByNode(seen: Seen): Map<number, CpuSet> {
  const found = new Map<number, CpuSet>();
  for (const [path, content] of seen.files('topology.nodes')) {
    if (path.endsWith('/cpumap')) found.set(nodeOf(path), toldMask(content));
    if (path.endsWith('/cpulist') && !found.has(nodeOf(path))) found.set(nodeOf(path), toldList(content));
  }
  return found;
}

function amounts(meminfo: string): Pick<NumaNode, 'memoryKib' | 'freeKib'> {
  const kib = (name: string) => {
    const digits = new RegExp(`\\b${name}:\\s*(\\d+)`).exec(meminfo)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  return { memoryKib: kib('MemTotal'), freeKib: kib('MemFree') };
}

function poolsByNode(files: ReadonlyMap<string, string>): Map<number, Record<number, Hugepages>> {
  const nodes = new Map<number, Record<number, Hugepages>>();
  for (const [path, content] of files) {
    const [, size, name] = /hugepages-(\d+)kB\/(nr|free|surplus)_hugepages$/.exec(path) ?? [];
    if (size === undefined || name === undefined) continue;
    const pools = nodes.get(nodeOf(path)) ?? {};
    const pool = pools[Number(size)] ?? { total: 0, free: 0, surplus: 0 };
    pools[Number(size)] = { ...pool, [name === 'nr' ? 'total' : name]: Number(content.trim()) || 0 };
    nodes.set(nodeOf(path), pools);
  }
  return nodes;
}
