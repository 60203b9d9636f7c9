import { describe, expect, it } from 'vitest';
import { parseCpuSet } from '../../../../src/contract/index.ts';
import type { Guest, PlacementOptions, Topology } from '../../../../src/topology/index.ts';
import { guest, type Machine, machine, place } from '../../../support/machines.ts';
import { expectToStand } from '../../../support/stands.ts';

const GIB = 1024 ** 2;

/** A guest with its vCPUs pinned, a list each. */
const at = (name: string, pins: readonly string[], more: Partial<Guest> = {}): Guest =>
  guest(name, pins.length, {
    running: true,
    current: new Map(pins.map((pin, vcpu) => [vcpu, parseCpuSet(pin)])),
    ...more,
  });

const floating = (name: string, vcpus: number, pin: string, more: Partial<Guest> = {}): Guest =>
  at(name, Array<string>(vcpus).fill(pin), { policy: 'shared', ...more });

interface Case {
  readonly host: Machine;
  readonly options: PlacementOptions;
  readonly guests: readonly Guest[];
}

const CASES: Readonly<Record<string, Case>> = {
  'that is better without those who have no place': {
    host: { nodes: 3, llcs: 2, cores: 2, threads: 2, gib: 8 },
    options: { stability: 'optimise', overcommit: 1.5 },
    guests: [
      floating('g0', 4, '16-23', { emulator: 'share', priority: 1 }),
      guest('g1', 4, { numaNodes: 1 }),
      at('g2', ['0-7', '8-15', '8-15', '8-15'], {
        policy: 'shared',
        memoryKib: 3 * GIB,
        threads: 'isolate',
        numaNodes: 1,
        emulator: 'isolate',
      }),
      at('g3', ['2', '7', '13', '10'], { threads: 'require', priority: 1, running: false }),
      guest('g4', 4, { memoryKib: 3 * GIB, emulator: 'share', priority: 2 }),
      guest('g5', 6, { memoryKib: 12 * GIB, threads: 'require', emulator: 'share' }),
      at('g6', ['21', '22', '23', '0', '1'], { emulator: 'isolate', priority: 2 }),
      guest('g7', 4, { memoryKib: 3 * GIB, numaNodes: 1, emulator: 'share', priority: 1 }),
    ],
  },
  'in which an emulator comes to its CPU with the guest': {
    host: { llcs: 2, cores: 6 },
    options: { reserve: [], stability: 'optimise' },
    guests: [
      floating('g0', 4, '0-11', { priority: 2 }),
      guest('g1', 4, { emulator: 'isolate', priority: 1 }),
      at('g2', ['10'], { numaNodes: 1, emulator: 'isolate' }),
      floating('g4', 5, '0-11', { priority: 2 }),
    ],
  },
  'in which memory is not of whole pages a node': {
    host: { nodes: 3, cores: 8 },
    options: { stability: 'optimise' },
    guests: [guest('g0', 20, { memoryKib: GIB / 2 })],
  },
};

describe('a plan stands once it is carried out, one', () => {
  it.each(Object.entries(CASES))('%s', (_, { host, options, guests }) => {
    expectToStand(machine(host), guests, options);
  });
});

describe('a guest that requires siblings', () => {
  it('has them beside an emulator’s own CPU too, wherever it was pinned before', () => {
    const topology = machine({ nodes: 2, cores: 4, threads: 2 });

    const { guests } = place(topology, [
      at('g', ['11', '12', '13', '14'], { threads: 'require', numaNodes: 2, emulator: 'isolate' }),
    ]);

    const there = guests.get('g');
    const cores = new Set(there?.vcpus.map(([cpu = -1]) => cpu >> 1));
    expect(cores.size).toBe(2);
    expect(there?.emulator).toHaveLength(1);
  });
});

describe('a guest whose emulator has a CPU of its own', () => {
  it('keeps its vCPUs on whole cores, wherever the emulator is', () => {
    const topology = machine({ llcs: 2, cores: 2, threads: 2 });

    const { guests } = place(topology, [guest('g', 3, { threads: 'require', emulator: 'isolate' })], {
      reserve: [0, 4],
    });

    expect(guests.get('g')?.vcpus.flat()).toEqual([2, 3, 6]);
    expect(guests.get('g')?.emulator).toEqual([1]);
  });

  it('leaves the odd thread of a whole core to another guest where that is cheaper', () => {
    const topology = unevenCores();

    const { cost, optimal } = place(topology, [
      guest('g0', 3),
      guest('g1', 2),
      guest('g2', 1, { threads: 'require', emulator: 'isolate' }),
    ]);

    expect({ cost: cost.slice(0, 4), optimal }).toEqual({ cost: [0, 0, 0, 1], optimal: true });
  });
});

/** Two caches: a core of four threads and a lone CPU, a core of two and a lone CPU. */
function unevenCores(): Topology {
  const whole = machine({ llcs: 2, cores: 5 });
  const llcs = [
    [0, 1, 2, 3, 4],
    [5, 6, 7],
  ];
  const online = llcs.flat();
  return {
    ...whole,
    cpus: { ...whole.cpus, online },
    cores: [[0, 1, 2, 3], [4], [5, 6], [7]].map((cpus) => ({ cpus })),
    llcs: llcs.map((cpus) => ({ cpus, node: 0, shares: 'l3' })),
    nodes: whole.nodes.map((node) => ({ ...node, cpus: online })),
  };
}

describe('memory', () => {
  it('of a guest that runs is there already, but who comes beside it has to fit', () => {
    const even = machine({ nodes: 2, cores: 4 });
    const nodes = even.nodes.map((node, number) => ({ ...node, memoryKib: (number === 0 ? 4 : 8) * GIB }));
    const runs = at('runs', ['0'], { memoryKib: 3 * GIB });
    const comes = guest('comes', 2, { threads: 'isolate', numaNodes: 2, memoryKib: 3 * GIB });

    const { guests, cost } = place({ ...even, nodes }, [runs, comes], { stability: 'optimise' });

    expect(cost.slice(0, 5)).toEqual([0, 0, 0, 0, 3 * GIB]);
    expect(guests.get('runs')?.cells.map(({ node }) => node)).toEqual([1]);
  });

  it('of a guest that has to go is not beside that of who comes instead', () => {
    const runs = at('runs', ['10'], { memoryKib: 3 * GIB });
    const comes = guest('comes', 9, { threads: 'isolate', memoryKib: GIB, priority: 2 });

    const { missing } = place(machine({ llcs: 3, cores: 8, gib: 4 }), [runs, comes], { stability: 'optimise' });

    expect(missing.map((one) => one.guest)).toEqual(['runs']);
  });

  it('that a frozen guest would take when it is started keeps none from staying that runs', () => {
    const topology = machine({ cores: 8 });
    const nodes = topology.nodes.map((node) => ({ ...node, memoryKib: 5 * GIB }));
    const off = at('off', ['0'], { running: false, frozen: true, memoryKib: 3 * GIB });
    const runs = at('runs', ['2', '3'], { memoryKib: 3 * GIB });

    const { guests, missing } = place({ ...topology, nodes }, [off, runs]);

    expect(missing).toEqual([]);
    expect(guests.get('runs')).toMatchObject({ kept: true });
  });

  it('of a guest that gets fewer vCPUs goes together where it is', () => {
    const even = machine({ nodes: 2, cores: 4 });
    const nodes = even.nodes.map((node, number) => ({ ...node, memoryKib: (number === 0 ? 4 : 1) * GIB }));
    const shrinks = at('shrinks', ['0', '1', '4', '5'], { vcpus: 2, memoryKib: 2 * GIB });
    const runs = at('runs', ['2', '3'], { memoryKib: 2 * GIB });

    const { guests, missing } = place({ ...even, nodes }, [runs, shrinks]);

    expect(missing).toEqual([]);
    expect(guests.get('runs')).toMatchObject({ kept: true });
    expect(guests.get('shrinks')?.cells.map(({ node }) => node)).toEqual([0]);
  });

  it('in huge pages is never more than there are, whatever guests are said to hold', () => {
    const topology = machine({ cores: 4, hugepages: { 2048: 512 } });
    const pages = { memoryKib: GIB, pageKib: 2048 };

    const { missing } = place(topology, [at('runs', ['0'], pages), guest('comes', 1, pages)]);

    expect(missing.map((one) => one.guest)).toEqual(['comes']);
  });
});

describe('a frozen guest', () => {
  const frozen = { frozen: true } as const;

  it('stays once more where it was left without a CPU for its emulator', () => {
    const topology = machine({ cores: 1 });
    const left = at('g', ['0'], { ...frozen, emulator: 'isolate' });

    expect(place(topology, [{ ...left, currentEmulator: [0] }]).guests.get('g')?.kept).toBe(true);
  });

  it('floats on where it does, also where nobody else would', () => {
    const even = machine({ cores: 4 });
    const topology = { ...even, cpus: { ...even.cpus, isolated: [0, 1, 2, 3] } };

    const { guests } = place(topology, [floating('g', 2, '1-2', frozen)]);

    expect(guests.get('g')?.vcpus).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('is said to move where it cannot be left', () => {
    const { notes } = place(machine({ cores: 4 }), [at('g', ['0-1', '2'], frozen)]);

    expect(notes.join()).toContain('g is frozen, but where it is no guest of its kind may be');
  });
});

describe('a guest without a place', () => {
  it('is told that cores of two kinds are not mixed', () => {
    const even = machine({ cores: 8 });
    const kinds = [
      { name: 'fast', cpus: [0, 1, 2, 3] },
      { name: 'slow', cpus: [4, 5, 6, 7] },
    ];

    const { missing } = place({ ...even, kinds }, [guest('g', 6)]);

    expect(missing[0]?.reason).toBe('node 0: need 6 CPUs of one kind of cores, free 4; nearest: 4 vCPUs would fit');
  });
});

describe('a plan', () => {
  it('is the best where caches leave no choice, and is said to be', () => {
    const { optimal } = place(machine({ nodes: 2, cores: 8, threads: 2 }), [guest('a', 16), guest('b', 16)], {
      reserve: [0, 1],
    });

    expect(optimal).toBe(true);
  });

  it('tells caches apart by the slow cores in them', () => {
    const even = machine({ cores: 7 });
    const llcs = [
      [0, 1],
      [2, 3, 4, 5, 6],
    ].map((cpus) => ({ cpus, node: 0, shares: 'l3' as const }));
    const kinds = [
      { name: 'fast', cpus: [0, 1, 2, 3] },
      { name: 'slow', cpus: [4, 5, 6] },
    ];

    const { guests } = place({ ...even, llcs, kinds }, [guest('large', 3), guest('small', 2)]);

    expect(guests.get('large')?.vcpus).toEqual([[4], [5], [6]]);
    expect(guests.get('small')?.vcpus).toEqual([[2], [3]]);
  });

  it('counts one pin that stays where two vCPUs are on one CPU', () => {
    const { cost, optimal } = place(machine({ cores: 4, threads: 2 }), [at('g', ['5', '5'])]);

    expect({ pins: cost[5], optimal }).toEqual({ pins: 1, optimal: true });
  });
});

describe('a guest on several nodes', () => {
  const distance = (a: number, b: number) => (a === b ? 10 : a >> 1 === b >> 1 ? 12 : 21);
  const topology = machine({ nodes: 4, cores: 4, distance });

  it('has two that are near each other', () => {
    const { guests } = place(topology, [guest('g', 6), guest('h', 3)]);

    expect(guests.get('g')?.cells.map(({ node }) => node >> 1)).toEqual([0, 0]);
  });

  it('has moved no memory where its pages do not divide evenly', () => {
    const there = at('g', ['0', '4', '8'], { memoryKib: 2 * GIB, numaNodes: 3 });

    expect(place(topology, [there]).cost).toEqual([0, 0, 0, 0, 0, 0, 3 * 17 + 3, 0]);
  });

  it('is not moved while it runs for nearer ones alone', () => {
    const far = at('g', ['0', '1', '2', '8', '9', '10'], { memoryKib: GIB });

    const { guests, cost } = place(topology, [far], { stability: 'optimise' });

    expect(guests.get('g')?.kept).toBe(true);
    expect(cost.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('a large host', () => {
  it('has a place for all guests, each on the two nodes that are nearest to each other', {
    timeout: 60_000,
  }, () => {
    const topology = machine({
      nodes: 64,
      llcs: 4,
      gib: 16,
      distance: (a, b) => (a === b ? 10 : a >> 1 === b >> 1 ? 14 : a >> 3 === b >> 3 ? 24 : 34),
    });
    const guests = Array.from({ length: 28 }, (_, number) => guest(`g${number}`, 6, { memoryKib: 12 * GIB }));

    const { feasible, cost, guests: places } = place(topology, guests, { reserve: 'auto' });

    expect(feasible).toBe(true);
    expect(cost.slice(0, 3)).toEqual([0, 0, 0]);
    for (const { cells } of places.values()) expect(new Set(cells.map(({ node }) => node >> 1)).size).toBe(1);
  });

  it('is planned soon, also where a dozen guests fit nowhere', { timeout: 60_000 }, () => {
    const topology = machine({ nodes: 64, cores: 4, gib: 16 });
    const guests = Array.from({ length: 100 }, (_, number) =>
      guest(`g${number}`, number < 12 ? 200 + number : 1 + (number % 4), { memoryKib: (1 + (number % 8)) * GIB }),
    );
    const before = process.cpuUsage();

    const { missing } = place(topology, guests, { reserve: 'auto' });

    const { user, system } = process.cpuUsage(before);
    expect(missing.length).toBeGreaterThan(11);
    // Hundreds of milliseconds; it was 15 s when each number of vCPUs and of nodes was tried.
    expect((user + system) / 1e6).toBeLessThan(4);
  });
});
