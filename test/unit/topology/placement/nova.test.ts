import { describe, expect, it } from 'vitest';
import type { Guest } from '../../../../src/topology/index.ts';
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
};

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
