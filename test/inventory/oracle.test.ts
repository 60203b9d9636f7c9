import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { INI_VALUES, type RandomCase, randomCase } from './arbitraries.ts';
import { compareAll, isSound, pythonOfAnsible } from './compare.ts';
import { quirks } from './quirks.ts';

const CASES = Number(process.env.KVMPLAY_ORACLE_CASES ?? 150);
const SEED = Number(process.env.KVMPLAY_ORACLE_SEED ?? 42);
const python = pythonOfAnsible();
const LIMIT_MS = 240_000;
const roots: string[] = [];
afterAll(() => roots.map((root) => rmSync(root, { recursive: true })));

const compared = (cases: readonly (readonly [string, RandomCase])[]) => {
  const root = mkdtempSync(join(tmpdir(), 'kvmplay-oracle-'));
  roots.push(root);
  return compareAll(python ?? 'python3', cases, root);
};

describe.skipIf(python === undefined && !process.env.CI)(
  'beside ansible-core (skipped where it is not installed)',
  () => {
    it(
      'random inventories and patterns mean the same',
      async () => {
        const cases = fc.sample(randomCase, { numRuns: CASES, seed: SEED });

        const { answers, found } = await compared(cases.map((one) => [JSON.stringify(one), one]));

        expect(found).toEqual([]);
        // Most inventories must be sound, or this shows little.
        expect(answers.filter(isSound).length).toBeGreaterThan(CASES / 3);
      },
      LIMIT_MS,
    );

    it(
      'inventories at the borders of the grammar mean the same',
      async () => {
        const { found } = await compared(quirks);

        expect(found).toEqual([]);
      },
      LIMIT_MS,
    );

    it(
      'every value of the INI table has the same type',
      async () => {
        const cases = INI_VALUES.flatMap((value) =>
          [`h\n[all:vars]\nv=${value}\n`, `h v='${value}'\n`, `h v=${value}\n`].map(
            (hosts) => [hosts, { files: { hosts }, sources: ['hosts'], patterns: [] }] as const,
          ),
        );

        const { found } = await compared(cases);

        expect(found).toEqual([]);
      },
      LIMIT_MS,
    );
  },
);
