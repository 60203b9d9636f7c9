import { describe, expect, it } from 'vitest';
import type { Guest, Topology } from '../../../../src/topology/index.ts';
import { busy, guest, type Machine, machine, place } from '../../../support/machines.ts';

interface Case {
  readonly host: Machine;
  readonly busy?: string;
  readonly busyAs?: Partial<Guest>;
  readonly asks: Guest;
  /** vCPU 0, vCPU 1 …, then the emulator where it has a CPU of its own; undefined: there is no place. */
  readonly pins?: readonly string[] | undefined;
  readonly nodes?: readonly number[];
}

const alone: Partial<Guest> = { threads: 'isolate' };
const siblings: Partial<Guest> = { threads: 'require' };

const CASES: Readonly<Record<string, Case>> = {
  'more vCPUs than CPUs': { host: { cores: 3 }, asks: guest('g', 4) },
  'around a busy CPU': { host: { cores: 4 }, busy: '1', asks: guest('g', 3), pins: ['0', '2', '3'] },
  'siblings where there are none': { host: { cores: 8 }, asks: guest('g', 4, siblings) },
  'siblings beside busy cores': {
    host: { cores: 4, threads: 2, numbering: 'far' },
    busy: '0,1',
    asks: guest('g', 4, siblings),
    pins: ['2', '6', '3', '7'],
  },
  'a core each, with one busy thread': {
    host: { cores: 2, threads: 2, numbering: 'far' },
    busy: '1',
    asks: guest('g', 2, alone),
  },
  'a core each': { host: { cores: 2, threads: 2, numbering: 'far' }, asks: guest('g', 2, alone), pins: ['0', '1'] },
  'a core each, without threads': { host: { cores: 4 }, asks: guest('g', 4, alone), pins: ['0', '1', '2', '3'] },
  'one node, since the other is half busy': {
    host: { nodes: 2, cores: 2 },
    busy: '0',
    asks: guest('g', 2),
    pins: ['2', '3'],
    nodes: [1],
  },
  'two nodes that have room, around one that has not': {
    host: { nodes: 3, cores: 4 },
    busy: '0,4-6,8-9',
    asks: guest('g', 4, { numaNodes: 2 }),
    nodes: [0, 2],
  },
  'a CPU for the emulator': {
    host: { nodes: 2, cores: 2 },
    asks: guest('g', 1, { emulator: 'isolate' }),
    pins: ['0', '1'],
    nodes: [0],
  },
  'a CPU for the emulator on the same node': {
    host: { nodes: 2, cores: 2 },
    busy: '0',
    asks: guest('g', 1, { emulator: 'isolate' }),
    pins: ['2', '3'],
    nodes: [1],
  },
  'a CPU for the emulator beside the smaller of two cells': {
    host: { nodes: 2, cores: 2 },
    asks: guest('g', 3, { emulator: 'isolate', numaNodes: 2 }),
    pins: ['0', '1', '2', '3'],
    nodes: [0, 1],
  },
  'no CPU left for the emulator': { host: { cores: 2 }, asks: guest('g', 2, { emulator: 'isolate', numaNodes: 1 }) },
  'a core each, and one for the emulator': {
    host: { cores: 3, threads: 2 },
    asks: guest('g', 2, { ...alone, emulator: 'isolate' }),
    pins: ['0', '2', '4'],
  },
  'a core each, and any thread of another for the emulator': {
    host: { cores: 3, threads: 2 },
    busy: '0',
    asks: guest('g', 2, { ...alone, emulator: 'isolate' }),
    pins: ['2', '4', '1'],
  },
  'a core each, and no thread but theirs for the emulator': {
    host: { cores: 2, threads: 2 },
    asks: guest('g', 2, { ...alone, emulator: 'isolate' }),
  },
  'one thread, on a core where another’s emulator is': {
    host: { cores: 2, threads: 2 },
    busy: '0',
    busyAs: { ...alone, emulator: 'isolate', currentEmulator: [2] },
    asks: guest('g', 1),
    pins: ['3'],
  },
  'siblings, and any thread for the emulator': {
    host: { cores: 3, threads: 2 },
    busy: '0',
    asks: guest('g', 4, { ...siblings, emulator: 'isolate' }),
    pins: ['2', '3', '4', '5', '1'],
  },
  'more than one node may hold, in one': { host: { nodes: 2, cores: 2 }, asks: guest('g', 3, { numaNodes: 1 }) },
  'more nodes than there are': { host: { nodes: 2, cores: 2 }, asks: guest('g', 3, { numaNodes: 3 }) },
  'one thread of each core being busy, siblings': {
    host: { cores: 4, threads: 2, numbering: 'far' },
    busy: '0-3',
    asks: guest('g', 2, siblings),
  },
  'one thread of each core being busy, whichever': {
    host: { cores: 4, threads: 2, numbering: 'far' },
    busy: '0-3',
    asks: guest('g', 3),
    pins: ['4', '5', '6'],
  },
  'as many as one core has threads': {
    host: { cores: 2, threads: 4 },
    asks: guest('g', 4),
    pins: ['0', '1', '2', '3'],
  },
  'what is left of two cores': {
    host: { cores: 2, threads: 4 },
    busy: '1-2,5-6',
    asks: guest('g', 4),
    pins: ['0', '3', '4', '7'],
  },
  'one core and half of another': {
    host: { cores: 2, threads: 4 },
    asks: guest('g', 6),
    pins: ['0', '1', '2', '3', '4', '5'],
  },
  'an odd number': { host: { cores: 4, threads: 2 }, asks: guest('g', 5), pins: ['0', '1', '2', '3', '4'] },
  'an odd number, siblings far from each other': {
    host: { cores: 8, threads: 2, numbering: 'far' },
    asks: guest('g', 5),
    pins: ['0', '8', '1', '9', '2'],
  },
  'an odd number, the one core that is free first': {
    host: { cores: 4, threads: 2 },
    busy: '0,2,5',
    asks: guest('g', 3),
    pins: ['6', '7', '1'],
  },
  'one core that is free and what is left of others': {
    host: { cores: 4, threads: 2 },
    busy: '0-2,5',
    asks: guest('g', 4),
    pins: ['6', '7', '3', '4'],
  },
  'what is left of every core': {
    host: { cores: 4, threads: 2 },
    busy: '0,2,5-6',
    asks: guest('g', 4),
    pins: ['1', '3', '4', '7'],
  },
  'a core each, where a thread of each is busy': {
    host: { cores: 2, threads: 2 },
    busy: '1-2',
    asks: guest('g', 2, alone),
  },
  'a core each, beside busy cores': {
    host: { cores: 4, threads: 2, numbering: 'far' },
    busy: '0,1',
    asks: guest('g', 2, alone),
    pins: ['2', '3'],
  },
  'siblings on a host of two cores': {
    host: { cores: 2, threads: 2 },
    asks: guest('g', 4, siblings),
    pins: ['0', '1', '2', '3'],
  },
  'two vCPUs on three CPUs, and the third for the emulator': {
    host: { cores: 3 },
    asks: guest('g', 2, { emulator: 'isolate' }),
    pins: ['0', '1', '2'],
  },
  'a vCPU on each node, and a CPU for the emulator beside the first': {
    host: { nodes: 2, cores: 2 },
    asks: guest('g', 2, { emulator: 'isolate', numaNodes: 2 }),
    pins: ['0', '2', '1'],
  },
  'five on four CPUs of two nodes': { host: { nodes: 2, cores: 2 }, asks: guest('g', 5, { numaNodes: 2 }) },
  'two on nodes with one CPU left each': {
    host: { nodes: 2, cores: 2 },
    busy: '0,2',
    asks: guest('g', 2, { numaNodes: 1 }),
  },
  'memory that no node has': { host: { cores: 3, gib: 2 }, asks: guest('g', 3, { memoryKib: 2 * 1024 ** 2 }) },
  'memory in pages that the host has not': {
    host: { cores: 1, hugepages: { 2048: 512 } },
    asks: guest('g', 1, { memoryKib: 1024 ** 2, pageKib: 4096 }),
  },
  'memory that is not of whole pages, which is rounded up': {
    host: { cores: 1, hugepages: { 2048: 513 } },
    asks: guest('g', 1, { memoryKib: 1025 * 1024, pageKib: 2048 }),
    pins: ['0'],
  },
  'memory that is not of whole pages, with a page too few': {
    host: { cores: 1, hugepages: { 2048: 512 } },
    asks: guest('g', 1, { memoryKib: 1025 * 1024, pageKib: 2048 }),
  },
  'more floating vCPUs than the node has CPUs': {
    host: { cores: 2 },
    asks: guest('g', 3, { policy: 'shared' }),
  },
};

/** Cores of one and of two threads, as a core has where one of its threads is offline. */
const uneven = (...cores: readonly number[][]): Topology => {
  const whole = machine({});
  const online = cores.flat();
  return {
    ...whole,
    cpus: { ...whole.cpus, online },
    cores: cores.map((cpus) => ({ cpus })),
    llcs: [{ cpus: online, node: 0, shares: 'l3' }],
    nodes: whole.nodes.map((node) => ({ ...node, cpus: online })),
  };
};

describe('on cores of one and of two threads', () => {
  it('the emulator has the lone one, and the vCPUs are siblings', () => {
    const { guests } = place(uneven([1], [2, 3]), [guest('g', 2, { emulator: 'isolate' })]);

    expect(guests.get('g')).toMatchObject({ vcpus: [[2], [3]], emulator: [1] });
  });

  it('who wants a core for each vCPU has the lone one, which leaves a thread of another to others', () => {
    const { guests, feasible } = place(uneven([1], [2, 3], [4, 5]), [
      guest('g', 2, { ...alone, emulator: 'isolate' }),
      guest('other', 1),
    ]);

    expect(feasible).toBe(true);
    expect(guests.get('g')).toMatchObject({ vcpus: [[1], [2]], emulator: [4] });
  });
});

describe('guests that float', () => {
  it.each([
    [8, true],
    [9, false],
  ])('are %i vCPUs on two nodes of two CPUs at twice as many: %s', (vcpus, fits) => {
    const guests = Array.from({ length: vcpus }, (_, number) => guest(`g${number}`, 1, { policy: 'shared' }));

    expect(place(machine({ nodes: 2, cores: 2 }), guests, { overcommit: 2 }).feasible).toBe(fits);
  });
});

describe('a host finds a place for', () => {
  it.each(Object.entries(CASES))('%s', (_, { host, busy: list, busyAs, asks, pins, nodes }) => {
    const others = list === undefined ? [] : [busy(list, busyAs)];

    const { feasible, optimal, guests } = place(machine(host), [...others, asks]);

    const there = guests.get('g');
    expect(feasible).toBe(pins !== undefined || nodes !== undefined);
    expect(optimal).toBe(true);
    if (pins)
      expect([...(there?.vcpus ?? []), ...(asks.emulator === 'isolate' ? [there?.emulator] : [])].join()).toBe(
        pins.join(),
      );
    if (nodes) expect(there?.cells.map(({ node }) => node)).toEqual(nodes);
  });
});
