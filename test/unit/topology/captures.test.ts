import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuSet, formatCpuSet, parseCpuSet } from '../../../src/contract/index.ts';
import type { Topology } from '../../../src/topology/index.ts';
import { captures, topologyAt } from '../../support/captures.ts';
import { elements, inOrder, lscpuGroups, lstopoObjects, readIfThere } from '../../support/expected.ts';

const machines = captures();
if (machines.length === 0 && process.env.CI) throw new Error('the captured machines are not there');

const sets = (groups: readonly { readonly cpus: readonly number[] }[]) =>
  inOrder(groups.map(({ cpus }) => formatCpuSet(cpus)).filter((list) => list !== ''));

/** By the tools' names: `L1d`, `L1i`, `L2`, `L3`. */
function caches(topology: Topology, name: string) {
  const types = name.endsWith('d') ? ['data'] : name.endsWith('i') ? ['instruction'] : ['unified'];
  return topology.caches.filter(({ level, type }) => level === Number(name[1]) && types.includes(type));
}

function ours(topology: Topology, column: string): string[] {
  if (column === 'Core') return sets(topology.cores);
  if (column === 'Socket' || column === 'Package') return sets(topology.sockets);
  if (column === 'Node') return sets(topology.nodes);
  if (column === 'Die') return sets(topology.dies);
  return sets(caches(topology, column));
}

/** lstopo rounds, to the nearest or down: `46GB`, `384MB`, `6144KB`. */
function isAbout(sizeKib: number | undefined, shown: string): boolean {
  const [, digits, unit] = /^(\d+)(KB|MB|GB)/.exec(shown) ?? [];
  const scale = unit === 'GB' ? 1024 ** 2 : unit === 'MB' ? 1024 : 1;
  return sizeKib !== undefined && Math.abs(sizeKib / scale - Number(digits)) <= 1;
}

if (machines.length === 0) it.skip('the captured machines are not there', () => {});

describe.each(machines)('the captured machine $name', ({ root }) => {
  const topology = topologyAt(root);
  const expected = (name: string) => readIfThere(join(root, 'expected', name));
  const lscpu: { field: string; data: string | null }[] = JSON.parse(expected('lscpu.json') ?? '{"lscpu":[]}').lscpu;
  const objects = lstopoObjects(expected('lstopo.txt') ?? '');
  const memory = [...(expected('upstream.lstopo-v.txt') ?? '').matchAll(/NUMANode.* \(P#(\d+) local=(\d+)KB/g)];
  const xml = expected('upstream.capabilities.xml');

  it('puts every online CPU in one socket, one core, one LLC domain', () => {
    for (const groups of [topology.sockets, topology.cores, topology.llcs])
      expect(groups.flatMap(({ cpus }) => cpus).sort((a, b) => a - b)).toEqual(topology.cpus.online);
  });

  for (const name of ['lscpu.csv', 'upstream.lscpu.txt']) {
    const groups = Object.entries(lscpuGroups(expected(name) ?? ''));
    it.skipIf(groups.length === 0)(`agrees with ${name}, CPU by CPU`, () => {
      for (const [column, lists] of groups) expect({ [column]: ours(topology, column) }).toEqual({ [column]: lists });
    });
  }

  it.skipIf(lscpu.length === 0)('agrees with lscpu about what is online, what is not, nodes and caches', () => {
    for (const { field, data } of lscpu) {
      const text = data ?? '';
      const cache = /^(L\d[di]?) cache:/.exec(field)?.[1];
      const node = /^NUMA node(\d+) CPU/.exec(field)?.[1];
      if (field === 'CPU(s):') expect(topology.cpus.online.length + topology.cpus.offline.length).toBe(Number(text));
      if (field === 'On-line CPU(s) list:') expect(topology.cpus.online).toEqual(parseCpuSet(text));
      if (field === 'Off-line CPU(s) list:') expect(topology.cpus.offline).toEqual(parseCpuSet(text));
      if (field === 'Model name:' && text !== '-') expect(topology.model).toBe(text);
      if (field === 'NUMA node(s):') expect(topology.nodes.length).toBe(Number(text));
      if (cache) expect(caches(topology, cache).length).toBe(Number(/\((\d+) instance/.exec(text)?.[1]));
      if (node) expect(topology.nodes.find(({ id }) => id === Number(node))?.cpus).toEqual(parseCpuSet(text));
    }
  });

  it.skipIf(objects.length === 0)('agrees with lstopo about packages, dies, caches, cores, nodes and sizes', () => {
    for (const type of ['Package', 'Die', 'Core', 'L3', 'L2', 'L1d', 'L1i']) {
      const lists = inOrder(objects.filter((one) => one.type === type).map(({ cpus }) => cpus));
      if (lists.length > 0) expect({ [type]: ours(topology, type) }).toEqual({ [type]: lists });
    }
    const nodes = objects.filter(({ type }) => type === 'NUMANode');
    expect(topology.nodes.map(({ id }) => id)).toEqual(cpuSet(nodes.map(({ number = 0 }) => number)));
    for (const { number, size } of nodes.filter((node) => node.size))
      expect(isAbout(topology.nodes.find(({ id }) => id === number)?.memoryKib, size ?? '')).toBe(true);
    for (const { type, size, cpus } of objects.filter((one) => /^L\d/.test(one.type)))
      expect(isAbout(caches(topology, type).find((one) => formatCpuSet(one.cpus) === cpus)?.sizeKib, size ?? '')).toBe(
        true,
      );
  });

  it.skipIf(memory.length === 0)('agrees with lstopo about the memory of each node, to the kibibyte', () => {
    for (const [, id, kib] of memory)
      expect(topology.nodes.find((node) => node.id === Number(id))?.memoryKib).toBe(Number(kib));
  });

  it.skipIf(xml === undefined)('agrees with libvirt about sockets, siblings and banks', () => {
    const cpus = elements(xml ?? '', 'cpu').filter(({ siblings }) => siblings);
    expect(cpus.length).toBe(topology.cpus.online.length);
    for (const cpu of cpus) {
      const has = (group: { readonly cpus: readonly number[] }) => group.cpus.includes(Number(cpu.id));
      expect(topology.cores.find(has)?.cpus).toEqual(parseCpuSet(cpu.siblings ?? ''));
      expect(topology.sockets.find(has)?.id).toBe(Number(cpu.socket_id));
    }
    for (const bank of elements(xml ?? '', 'bank'))
      expect(sets(caches(topology, `L${bank.level}`))).toContain(bank.cpus);
  });
});
