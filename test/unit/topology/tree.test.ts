import { describe, expect, it } from 'vitest';
import { formatCpuSet } from '../../../src/contract/index.ts';
import { nodesApart, type Part, partsOf, privateCaches, type Topology } from '../../../src/topology/index.ts';
import { machine } from '../../support/machines.ts';

/** `socket 0-3(node 0-3(…))`: what holds what, cores by their CPUs alone. */
const drawn = (parts: readonly Part[]): string =>
  parts
    .map(({ thing, cpus, parts: below }) => {
      const list = formatCpuSet(cpus);
      return thing.is === 'core' ? list : `${thing.is} ${list}(${drawn(below)})`;
    })
    .join(' ');

const base = machine({ nodes: 1, llcs: 2, cores: 2, threads: 2 });
const [node] = base.nodes;
if (!node) throw new Error('a machine has a node');

describe('what holds what', () => {
  it('hangs caches into nodes, nodes into sockets, and leaves out what only one core has', () => {
    const own = { level: 2, type: 'unified', cpus: [0, 1], sizeKib: 512 } as const;
    const topology: Topology = { ...base, caches: [...base.caches, own] };

    expect(drawn(partsOf(topology))).toBe('socket 0-7(node 0-7(cache 0-3(0-1 2-3) cache 4-7(4-5 6-7)))');
    expect(privateCaches(topology, [0, 1, 2, 3])).toEqual([own]);
  });

  it('takes the wider for the holder, whatever it is: nodes inside of an L3, sockets inside of a node', () => {
    const halves = { ...base, caches: [{ level: 3, type: 'unified', cpus: base.cpus.online, sizeKib: 1 } as const] };
    const clustered = {
      ...halves,
      nodes: [
        { ...node, cpus: [0, 1, 2, 3] },
        { ...node, id: 1, cpus: [4, 5, 6, 7] },
      ],
    };
    const two = [
      { id: 0, cpus: [0, 1, 2, 3] },
      { id: 1, cpus: [4, 5, 6, 7] },
    ];

    expect(drawn(partsOf(clustered))).toBe('socket 0-7(cache 0-7(node 0-3(0-1 2-3) node 4-7(4-5 6-7)))');
    expect(drawn(partsOf({ ...base, sockets: two, caches: [] }))).toBe(
      'node 0-7(socket 0-3(0-1 2-3) socket 4-7(4-5 6-7))',
    );
  });

  it('leaves out what lies across another, and names the nodes that are apart', () => {
    const crossing: Topology = {
      ...base,
      sockets: [
        { id: 0, cpus: [0, 1, 2, 3] },
        { id: 1, cpus: [4, 5, 6, 7] },
      ],
      nodes: [
        { ...node, cpus: [0, 1, 4, 5] },
        { ...node, id: 1, cpus: [2, 3, 6, 7] },
        { ...node, id: 2, cpus: [] },
      ],
    };

    expect(drawn(partsOf(crossing))).toBe('socket 0-3(cache 0-3(0-1 2-3)) socket 4-7(cache 4-7(4-5 6-7))');
    expect(nodesApart(crossing, partsOf(crossing)).map(({ id }) => id)).toEqual([0, 1, 2]);
  });

  it('keeps every core where caches lie about who shares them', () => {
    const lying = [
      { level: 3, type: 'unified', cpus: base.cpus.online, sizeKib: 8192 },
      { level: 2, type: 'unified', cpus: [1, 2], sizeKib: 256 },
      { level: 2, type: 'unified', cpus: [3, 4], sizeKib: 256 },
    ] as const;

    expect(drawn(partsOf({ ...base, caches: lying }))).toBe('socket 0-7(node 0-7(cache 0-7(0-1 2-3 4-5 6-7)))');
  });

  it('shows kinds of cores, and clusters and dies where they tell more than what is there', () => {
    const topology: Topology = {
      ...base,
      caches: [],
      dies: [{ cpus: base.cpus.online }],
      clusters: [{ cpus: [0, 1] }, { cpus: [4, 5, 6, 7] }],
      kinds: [
        { name: 'cpu_core', cpus: [0, 1, 2, 3] },
        { name: 'cpu_atom', cpus: [4, 5, 6, 7] },
      ],
    };

    expect(drawn(partsOf(topology))).toBe('socket 0-7(node 0-7(kind 0-3(0-1 2-3) kind 4-7(cluster 4-7(4-5 6-7))))');
  });
});
