import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CpuSet, cpuSet, intersectionOf, isWithin } from '../../../../src/contract/index.ts';
import type { Guest, Placement, Topology } from '../../../../src/topology/index.ts';
import { captures, topologyAt } from '../../../support/captures.ts';
import { applied, guest, type Machine, machine, place } from '../../../support/machines.ts';
import { expectToStand } from '../../../support/stands.ts';

const anyAsk = (most: number) =>
  fc.record({
    vcpus: fc.integer({ min: 1, max: most }),
    memoryKib: fc.constantFrom(0, 1024 ** 2, 3 * 1024 ** 2),
    policy: fc.constantFrom<Guest['policy']>('dedicated', 'dedicated', 'shared'),
    threads: fc.constantFrom<Guest['threads']>('prefer', 'prefer', 'require', 'isolate'),
    numaNodes: fc.constantFrom<Guest['numaNodes']>('auto', 'auto', 1, 2),
    emulator: fc.constantFrom<Guest['emulator']>('reserved', 'isolate', 'share'),
    priority: fc.integer({ min: 0, max: 2 }),
  });

const anyGuests = (topology: Topology): fc.Arbitrary<Guest[]> =>
  fc
    .array(anyAsk(Math.max(2, Math.floor(topology.cpus.online.length / 4))), { minLength: 1, maxLength: 8 })
    .map((asks) => asks.map(({ vcpus, ...more }, at) => guest(`g${at}`, vcpus, more)));

const MACHINES: readonly Machine[] = [
  { nodes: 2, llcs: 2, cores: 4, threads: 2, numbering: 'far' },
  { nodes: 4, llcs: 1, cores: 8, distance: (a, b) => (a === b ? 10 : (a ^ b) === 1 ? 12 : 21) },
  { nodes: 1, llcs: 4, cores: 2, threads: 4, gib: 8 },
];

const hosts: { name: string; topology: Topology }[] = [
  ...captures().map(({ name, root }) => ({ name, topology: topologyAt(root) })),
  ...MACHINES.map((spec) => ({ name: JSON.stringify(spec), topology: machine(spec) })),
];

/** Every other one is pinned already, in a row from the CPU of its number on: to places of all kinds, good and bad ones. */
const somewhere = ({ cpus: { online } }: Topology, guests: readonly Guest[]): Guest[] =>
  guests.map((one, at) => {
    const pin = (vcpu: number): CpuSet => [online[(at * 5 + vcpu) % online.length] ?? 0];
    const current = new Map(Array.from({ length: one.vcpus }, (_, vcpu) => [vcpu, pin(vcpu)] as const));
    return one.priority === 1 ? { ...one, running: at % 2 === 0, current } : one;
  });

const all = ({ guests }: Placement, name: string): CpuSet => {
  const there = guests.get(name);
  return there ? cpuSet([...there.vcpus.flat()]) : [];
};

describe.each(hosts)('on $name', ({ topology }) => {
  const nodeOf = (cpu: number) => topology.nodes.find(({ cpus }) => cpus.includes(cpu))?.id;
  const plan = (guests: readonly Guest[], more = {}) => place(topology, guests, { reserve: 'auto', ...more });
  const holds = (property: (guests: Guest[]) => void, numRuns = 15) =>
    fc.assert(fc.property(anyGuests(topology), property), { numRuns, seed: SEED });

  it('gives dedicated guests CPUs of their own, that are online and not reserved, on the nodes it says', () => {
    holds((guests) => {
      const placement = plan(guests);
      const dedicated = guests.filter(({ policy, name }) => policy === 'dedicated' && placement.guests.has(name));
      const owned = dedicated.flatMap(({ name, emulator }) => {
        const there = placement.guests.get(name);
        return [...(there?.vcpus.flat() ?? []), ...(emulator === 'isolate' ? (there?.emulator ?? []) : [])];
      });

      expect(new Set(owned).size).toBe(owned.length);
      expect(isWithin(cpuSet(owned), topology.cpus.online)).toBe(true);
      expect(intersectionOf(cpuSet(owned), placement.reserved)).toEqual([]);
      for (const { name, vcpus } of guests.filter((one) => placement.guests.has(one.name))) {
        const there = placement.guests.get(name);
        expect(there?.vcpus).toHaveLength(vcpus);
        expect(cpuSet((there?.cells ?? []).flatMap((cell) => cell.vcpus))).toHaveLength(vcpus);
        for (const { node, vcpus: mine } of there?.cells ?? [])
          for (const vcpu of mine) for (const cpu of there?.vcpus[vcpu] ?? []) expect(nodeOf(cpu)).toBe(node);
      }
    });
  });

  it('lets shared guests float where no dedicated guest is', () => {
    holds((guests) => {
      const placement = plan(guests);
      const taken = cpuSet(
        guests.filter(({ policy }) => policy === 'dedicated').flatMap(({ name }) => all(placement, name)),
      );
      for (const { name, vcpus } of guests.filter(
        ({ policy, name: its }) => policy === 'shared' && placement.guests.has(its),
      )) {
        expect(intersectionOf(all(placement, name), taken)).toEqual([]);
        expect(all(placement, name).length).toBeGreaterThanOrEqual(Math.ceil(vcpus / 4));
      }
    });
  });

  it('keeps the thread policies', () => {
    holds((guests) => {
      const placement = plan(guests);
      for (const { name, threads } of guests.filter(({ policy }) => policy === 'dedicated')) {
        const mine = all(placement, name);
        const cores = topology.cores.filter(({ cpus }) => intersectionOf(cpus, mine).length > 0);
        if (threads === 'isolate') expect(cores).toHaveLength(mine.length);
        if (threads === 'require') for (const core of cores) expect(core.cpus.length).toBeGreaterThan(1);
        if (threads !== 'isolate') continue;
        for (const other of guests.filter((one) => one.name !== name))
          expect(intersectionOf(cpuSet(cores.flatMap(({ cpus }) => cpus)), all(placement, other.name))).toEqual([]);
      }
    });
  });

  it('says of every guest where it goes, or what it lacks', () => {
    holds((guests) => {
      const { guests: placed, missing, feasible } = plan(guests);

      expect([...placed.keys(), ...missing.map((one) => one.guest)].sort()).toEqual(
        guests.map(({ name }) => name).sort(),
      );
      expect(feasible).toBe(missing.length === 0);
      for (const { reason } of missing) expect(reason).toMatch(/\w/);
    });
  });

  it.each(['sticky', 'optimise'] as const)('changes nothing more once a plan is carried out (%s)', (stability) => {
    holds((guests) => {
      expectToStand(topology, somewhere(topology, guests), { reserve: 'auto', stability });
    }, 5);
  });

  it('moves no dedicated guest when one more comes', () => {
    holds((guests) => {
      const first = plan(guests);
      const there = applied(guests, first).filter(({ name }) => first.guests.has(name));
      const then = plan([...there, guest('newcomer', 2)]);

      for (const { name } of there.filter(({ policy }) => policy === 'dedicated'))
        expect(then.guests.get(name)?.vcpus).toEqual(first.guests.get(name)?.vcpus);
    });
  });

  it('gives the same plan in whatever order the guests come', () => {
    holds((guests) => {
      expect(plan([...guests].reverse())).toEqual(plan(guests));
    });
  });
});

/** The same guests each time: what fails here fails everywhere. */
const SEED = 20261125;

describe('numbering', () => {
  it('makes no difference: the plan on 0,1 siblings is the plan on 0,N siblings', () => {
    const near = { nodes: 2, llcs: 2, cores: 4, threads: 2 } as const;
    const total = 2 * 2 * 4;
    const far = (cpu: number) => Math.floor(cpu / 2) + (cpu % 2) * total;
    fc.assert(
      fc.property(anyGuests(machine(near)), (guests) => {
        const here = place(machine(near), guests, { reserve: [0, 1] });
        const there = place(machine({ ...near, numbering: 'far' }), guests, { reserve: [0, total] });

        expect(there.cost).toEqual(here.cost);
        for (const [name, { vcpus }] of here.guests)
          expect(there.guests.get(name)?.vcpus).toEqual(vcpus.map((cpus) => cpuSet(cpus.map(far))));
      }),
      { numRuns: 60 },
    );
  });
});
