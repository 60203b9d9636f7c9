import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  hostsMatching,
  type Inventory,
  inventoryGraph,
  inventoryHost,
  inventoryList,
  inventoryVariables,
  loadInventory,
} from '../../src/inventory/index.ts';
import { UserError } from '../../src/source/diagnostic.ts';
import type { RandomCase } from './arbitraries.ts';

type Outcome = { readonly value: unknown } | { readonly error: string };

/** What ansible-core says of a case: see oracle.py. */
export interface Answer {
  readonly warnings: readonly string[];
  readonly error?: string;
  readonly list: Outcome;
  readonly export: Outcome;
  readonly graph: Outcome;
  readonly vars: Outcome;
  readonly magic: Outcome;
  readonly hosts: readonly Outcome[];
  readonly single: readonly Outcome[];
}

/** The interpreter that runs `ansible` here, if it has ansible-core 2.14 or later. */
export function pythonOfAnsible(): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v ansible-inventory'], { encoding: 'utf8' }).stdout.trim();
  if (found === '') return undefined;
  const [, interpreter] = /^#!\s*(\S+)/.exec(readFileSync(found, 'utf8').slice(0, 200)) ?? [];
  const works = interpreter && spawnSync(interpreter, ['-c', 'import ansible.cli.inventory']).status === 0;
  return works ? interpreter : undefined;
}

/** Ask the two of each case, in folders below `root`: the answers, and where they differ, in words. */
export async function compareAll(
  python: string,
  cases: readonly (readonly [name: string, RandomCase])[],
  root: string,
): Promise<{ readonly answers: readonly Answer[]; readonly found: string[] }> {
  const folders = cases.map(([, one], index) => write(one, join(root, String(index))));
  const helper = join(dirname(fileURLToPath(import.meta.url)), 'oracle.py');
  const input = JSON.stringify(cases.map(([, one], index) => ({ ...one, files: undefined, cwd: folders[index] })));
  const env = { PATH: process.env.PATH, HOME: root, LC_ALL: 'C.UTF-8' };
  const answers: Answer[] = JSON.parse(
    execFileSync(python, [helper], { input, env, maxBuffer: 1 << 29, stdio: ['pipe', 'pipe', 'ignore'] }).toString(),
  );
  const found: string[] = [];
  // One after the other: scripts of thousands of cases at once would starve each other.
  for (const [index, [name, one]] of cases.entries())
    found.push(...(await compare(one, folders[index] ?? '', answers[index])).map((words) => `${name}: ${words}`));
  return { answers, found };
}

export const isSound = (answer: Answer): boolean =>
  answer.error === undefined && !answer.warnings.some((one) => one.includes('Failed to parse'));

async function compare(one: RandomCase, cwd: string, theirs: Answer | undefined): Promise<string[]> {
  if (!theirs) return ['the oracle did not answer'];
  const found: string[] = [];
  const { playbookDir } = one;
  const about = (what: string, ours: unknown, their: unknown) => `${what}\nours: ${ours}\ntheirs: ${their}`;
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
  check('magic variables', () => magicOf(inventory), theirs.magic);
  if (!/!vault|__ansible_vault/.test(JSON.stringify(one)))
    check('--graph --vars', () => inventoryGraph(inventory, { ...options, vars: true }), theirs.vars);
  one.patterns.forEach((query, index) => {
    const ours = () => hostsMatching(inventory, query.pattern, { cwd, ...query }).names;
    check(JSON.stringify(query), ours, theirs.hosts[index]);
    check(`--host ${query.pattern}`, () => inventoryHost(inventory, query.pattern, options), theirs.single[index]);
  });
  return found;
}

/** `groups`, and what each host knows of itself. */
function magicOf(inventory: Inventory): unknown {
  const of = inventoryVariables(inventory);
  const [first] = [...inventory.hosts.keys()];
  const hosts = [...inventory.hosts.keys()].map((name) => {
    const { magic } = of(name);
    return [name, magic.get('inventory_hostname_short'), magic.get('group_names')];
  });
  return [first === undefined ? {} : of(first).magic.get('groups'), hosts];
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
