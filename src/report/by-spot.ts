import type { Result, Step, TaskResult } from '../engine/events.ts';
import { compareSpots, type Spot } from '../engine/spot.ts';

/** Results of one place in a play, of several hosts. */
interface AtSpot {
  readonly key: string;
  readonly spot: Spot;
  readonly step: number;
  readonly results: Result[];
}

/** Results by where they were made. */
export type Gathered = Map<string, AtSpot>;

export function gatherResult(gathered: Gathered, { spot, step, result }: TaskResult): void {
  const key = spot.join('.');
  const known = gathered.get(key) ?? { key, spot, step, results: [] };
  known.results.push(result);
  gathered.set(key, known);
}

/** In the order in which they were done. */
export const bySpot = (gathered: Gathered): readonly AtSpot[] =>
  [...gathered.values()].sort((a, b) => compareSpots(a.spot, b.spot));

/** A task's name as the first of the hosts has it: as Ansible prints it. */
export const nameOf = (step: Step, results: readonly { readonly name?: string }[]): string =>
  results.find(({ name }) => name !== undefined)?.name ?? step.name;
