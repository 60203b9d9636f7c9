import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { knobName } from './knob-name.ts';
import { type Outcome, of } from './kvmplay.ts';

/** By module, the knobs that a run of some tier has changed; by the test that watched it. */
type Proven = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/**
 * Holds the record of what a tier proves (`test/TIER/proven.json`, of which the table of knobs in docs/modules is made) against
 * a run: what it names has been changed. KVMPLAY_RECORD=1 writes it down instead.
 */
export function expectProven(tier: string, test: string, run: Outcome, modules: readonly string[]): void {
  const path = join(import.meta.dirname, '..', tier, 'proven.json');
  const before: Proven = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const changed = Object.fromEntries(
    [...new Set(modules)].sort().map((name) => [name, [...new Set(of(run, name).targets.map(knobName))].sort()]),
  );
  if (process.env.KVMPLAY_RECORD !== undefined) {
    const after = Object.fromEntries(Object.entries({ ...before, [test]: { ...before[test], ...changed } }).sort());
    writeFileSync(path, `${JSON.stringify(after, null, 2)}\n`);
    return;
  }
  for (const [name, knobs] of Object.entries(before[test] ?? {}))
    if (modules.includes(name))
      expect(changed[name] ?? [], `test/${tier}/proven.json says that ${test} proves this of ${name}`).toEqual(
        expect.arrayContaining([...knobs]),
      );
}
