import { expect } from 'vitest';
import {
  type Guest,
  type Placement,
  type PlacementOptions,
  planPlacement,
  type Topology,
} from '../../src/topology/index.ts';
import { applied } from './machines.ts';

/**
 * That a plan is the same plan once it has been carried out: whether its guests run by then or not, and whether those without
 * a place are asked about as before, switched off, or not at all.
 */
export function expectToStand(topology: Topology, guests: readonly Guest[], options: PlacementOptions): void {
  const first = planPlacement(topology, guests, options);
  const placed = guests.filter(({ name }) => first.guests.has(name));
  const left = guests.filter(({ name }) => !first.guests.has(name));
  const off = left.map((one): Guest => ({ ...one, running: false, current: new Map() }));
  const there = applied(placed, first);
  const defined = there.map((one, at) => ({ ...one, running: placed[at]?.running ?? false }));
  const placesOf = (plan: Placement) =>
    placed.map(({ name }) => {
      const { vcpus, emulator, cells } = plan.guests.get(name) ?? {};
      return { name, vcpus, emulator, cells };
    });
  const later =
    left.length === 0
      ? [there, defined]
      : [there, defined].flatMap((one) => [[...one, ...left], [...one, ...off], one]);
  for (const again of later) expect(placesOf(planPlacement(topology, again, options))).toEqual(placesOf(first));
}
