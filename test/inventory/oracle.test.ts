import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  hostsMatching,
  type Inventory,
  inventoryGraph,
  inventoryList,
  loadInventory,
} from '../../src/inventory/index.ts';
import { UserError } from '../../src/source/diagnostic.ts';
import { INI_VALUES, type RandomCase, randomCase } from './arbitraries.ts';

type Outcome = { readonly value: unknown } | { readonly error: string };

interface Answer {
  readonly warnings: readonly string[];
  readonly error?: string;
  readonly list: Outcome;
  readonly export: Outcome;
  readonly graph: Outcome;
  readonly vars: Outcome;
  readonly hosts: readonly Outcome[];
}

const CASES = Number(process.env.KVMPLAY_ORACLE_CASES ?? 150);
const python = pythonOfAnsible();
const LIMIT_MS = 240_000;
const root = mkdtempSync(join(tmpdir(), 'kvmplay-oracle-'));
afterAll(() => rmSync(root, { recursive: true }));

describe.skipIf(python === undefined && !process.env.CI)(
  'beside ansible-core (skipped where it is not installed)',
  () => {
    it(
      'random inventories and patterns mean the same',
      async () => {
        const seed = Number(process.env.KVMPLAY_ORACLE_SEED ?? 42);
        const cases = fc.sample(randomCase, { numRuns: CASES, seed });
        const folders = cases.map((one, index) => write(one, join(root, `case-${index}`)));
        const answers = askAnsible(cases, folders);

        const found = await Promise.all(cases.map((one, index) => compare(one, folders[index] ?? '', answers[index])));
        expect(found.flat()).toEqual([]);
        // Most inventories must be sound, or this shows little.
        expect(answers.filter(isSound).length).toBeGreaterThan(CASES / 3);
      },
      LIMIT_MS,
    );

    it(
      'every value of the INI table has the same type',
      async () => {
        const cases = INI_VALUES.flatMap((value) => [
          { files: { hosts: `h\n[all:vars]\nv=${value}\n` }, sources: ['hosts'], patterns: [] },
          { files: { hosts: `h v='${value}'\n` }, sources: ['hosts'], patterns: [] },
          { files: { hosts: `h v=${value}\n` }, sources: ['hosts'], patterns: [] },
        ]);
        const folders = cases.map((one, index) => write(one, join(root, `value-${index}`)));

        const answers = askAnsible(cases, folders);
        const found = await Promise.all(cases.map((one, index) => compare(one, folders[index] ?? '', answers[index])));
        expect(found.flat()).toEqual([]);
      },
      LIMIT_MS,
    );
  },
);

const isSound = (answer: Answer): boolean =>
  answer.error === undefined && !answer.warnings.some((one) => one.includes('Failed to parse'));

/** Where the two differ on a case, in words. */
async function compare(one: RandomCase, cwd: string, theirs: Answer | undefined): Promise<string[]> {
  if (!theirs) return ['the oracle did not answer'];
  const found: string[] = [];
  const { playbookDir } = one;
  const about = (what: string, ours: unknown, their: unknown) =>
    [`${what} of ${JSON.stringify(one)}`, 'ours:', ours, 'theirs:', their].join('\n');
  const check = (what: string, ours: () => unknown, their: Outcome | undefined) => {
    const expected = their && 'value' in their ? JSON.stringify(their.value) : 'a mistake';
    let value: string;
    try {
      value = JSON.stringify(ours());
    } catch (error) {
      value = error instanceof UserError ? 'a mistake' : String(error);
    }
    if (value !== expected)
      found.push(about(what, unescaped(value), unescaped(their && 'error' in their ? their.error : expected)));
  };

  let inventory: Inventory;
  try {
    inventory = await loadInventory(one.sources, { cwd, ...(playbookDir !== undefined && { playbookDir }) });
  } catch (error) {
    const refused = !isSound(theirs) || 'error' in theirs.list || 'error' in theirs.export;
    return refused && error instanceof UserError ? [] : [about('reading', error, JSON.stringify(theirs))];
  }
  if (!isSound(theirs)) return [about('reading', 'no mistake', JSON.stringify(theirs))];
  const options = { playbookDir: playbookDir !== undefined };
  check('--list', () => inventoryList(inventory, options), theirs.list);
  check('--export', () => inventoryList(inventory, { ...options, export: true }), theirs.export);
  check('--graph', () => inventoryGraph(inventory, options), theirs.graph);
  if (!JSON.stringify(one).includes('!vault'))
    check('--graph --vars', () => inventoryGraph(inventory, { ...options, vars: true }), theirs.vars);
  one.patterns.forEach((query, index) => {
    const ours = () => hostsMatching(inventory, query.pattern, { cwd, ...query }).names;
    check(JSON.stringify(query), ours, theirs.hosts[index]);
  });
  return found;
}

const unescaped = (json: string): string => json.replaceAll('\\n', '\n').replaceAll('\\"', '"');

function write(one: RandomCase, folder: string): string {
  mkdirSync(folder);
  for (const [name, text] of Object.entries(one.files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return folder;
}

function askAnsible(cases: readonly RandomCase[], folders: readonly string[]): Answer[] {
  const helper = join(dirname(fileURLToPath(import.meta.url)), 'oracle.py');
  const input = JSON.stringify(cases.map((one, index) => ({ ...one, files: undefined, cwd: folders[index] })));
  const env = { PATH: process.env.PATH, HOME: root, LC_ALL: 'C.UTF-8' };
  const output = execFileSync(python ?? 'python3', [helper], { input, env, maxBuffer: 1 << 28 });
  return JSON.parse(output.toString());
}

/** The interpreter that runs `ansible` here, if it has ansible-core 2.14 or later. */
function pythonOfAnsible(): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v ansible-inventory'], { encoding: 'utf8' }).stdout.trim();
  if (found === '') return undefined;
  const [, interpreter] = /^#!\s*(\S+)/.exec(readFileSync(found, 'utf8').slice(0, 200)) ?? [];
  const works = interpreter && spawnSync(interpreter, ['-c', 'import ansible.cli.inventory']).status === 0;
  return works ? interpreter : undefined;
}
