import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Guest } from '../../../../src/topology/index.ts';
import { guest, type Machine, machine, place } from '../../../support/machines.ts';
import { cheapestPlan, plansOf } from '../../../support/oracle.ts';

/** Machines of up to 16 CPUs. */
const anyMachine: fc.Arbitrary<Machine> = fc
  .record({
    nodes: fc.integer({ min: 1, max: 3 }),
    llcs: fc.integer({ min: 1, max: 3 }),
    cores: fc.integer({ min: 1, max: 4 }),
    threads: fc.constantFrom(1, 2, 2, 4),
    gib: fc.constantFrom(4, 64),
  })
  .filter(({ nodes, llcs, cores, threads }) => nodes * llcs * cores * threads <= 16);

const GIB = 1024 ** 2;

const anyAsk = fc.record({
  vcpus: fc.integer({ min: 1, max: 6 }),
  memoryKib: fc.constantFrom(0, GIB, 2 * GIB),
  threads: fc.constantFrom<Guest['threads']>('prefer', 'prefer', 'prefer', 'require', 'isolate'),
  numaNodes: fc.constantFrom<Guest['numaNodes']>('auto', 'auto', 1, 2),
  emulator: fc.constantFrom<Guest['emulator']>('reserved', 'reserved', 'isolate'),
  priority: fc.integer({ min: 0, max: 2 }),
});

const anyGuests = fc
  .array(anyAsk, { minLength: 1, maxLength: 4 })
  .map((asks) => asks.map(({ vcpus, ...more }, at) => guest(`g${at}`, vcpus, more)));

/** Guests that are somewhere already: on CPUs that one draw of lots gave them. */
const somewhere = (guests: readonly Guest[], cpus: readonly number[]): Guest[] => {
  let next = 0;
  return guests.map((one) => {
    const mine = cpus.slice(next, next + one.vcpus);
    next += one.vcpus;
    if (mine.length < one.vcpus || one.emulator === 'isolate') return one;
    return { ...one, running: true, current: new Map(mine.map((cpu, vcpu) => [vcpu, [cpu]])) };
  });
};

const MOST_PLANS = 20_000;
const RUNS = Number(process.env.KVMPLAY_ORACLE_RUNS ?? 40);

describe('the planner', () => {
  it('costs what the cheapest of all plans costs', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(anyMachine, anyGuests, (spec, guests) => {
        const topology = machine(spec);
        fc.pre(plansOf(topology, guests) < MOST_PLANS);

        const { cost, optimal } = place(topology, guests);

        expect({ optimal, cost }).toEqual({ optimal: true, cost: cheapestPlan(topology, guests) });
      }),
      { numRuns: RUNS },
    );
  });

  it('moves running guests only as far as the cheapest of all plans does', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(
        anyMachine.chain((spec) => {
          const topology = machine({ ...spec, gib: 64 });
          return fc.tuple(
            fc.constant(topology),
            fc.shuffledSubarray([...topology.cpus.online], { minLength: topology.cpus.online.length }),
          );
        }),
        anyGuests,
        ([topology, lots], asks) => {
          const guests = somewhere(asks, lots);
          fc.pre(plansOf(topology, guests) < MOST_PLANS);

          const { cost, optimal } = place(topology, guests, { stability: 'optimise' });

          const cheapest = cheapestPlan(topology, guests);
          if (optimal) expect(cost).toEqual(cheapest);
          else expect(cost.slice(0, 4)).toEqual(cheapest.slice(0, 4));
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('finds what best-fit alone does not', () => {
    const topology = machine({ nodes: 1, llcs: 2, cores: 10, threads: 2 });
    const guests = [12, 10, 6, 4, 4, 4].map((vcpus, at) => guest(`g${at}`, vcpus));

    const { cost, optimal } = place(topology, guests);

    expect(cost.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(optimal).toBe(true);
  });
});
