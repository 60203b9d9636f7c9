import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type InventoryOptions, inventoryCommand } from '../../src/cli/inventory.ts';
import { UserError } from '../../src/source/diagnostic.ts';
import { sharedFixtures } from '../support/shared.ts';

interface Query {
  readonly kind: 'list' | 'host' | 'graph' | 'hosts';
  readonly inventory: readonly string[];
  readonly host?: string;
  readonly group?: string;
  readonly pattern?: string;
  readonly limit?: string;
  readonly vars?: boolean;
  readonly args?: readonly string[];
  readonly expect: {
    readonly rc: number;
    readonly json?: unknown;
    readonly vars?: unknown;
    readonly stdout?: string;
    readonly hosts?: readonly string[];
    readonly warnings?: readonly string[];
  };
}

interface Case {
  readonly name: string;
  readonly cwd: string;
  readonly queries: readonly Query[];
}

// Which of two sibling groups gives the hosts of its children first is left to chance by Ansible, so its answers to
// these differ from run to run; what a slice cuts out then differs altogether.
const BY_CHANCE = ['own-09-deep-tree'];
const isSlice = (name: string, pattern = '') => BY_CHANCE.includes(name) && /^world\[\d/.test(pattern);

const folder = sharedFixtures('inventory');
const cases = folder === undefined ? [] : readdirSync(join(folder, 'cases')).map((file) => readCase(folder, file));

describe.skipIf(folder === undefined && !process.env.CI)(
  'real inventories, with the answers of ansible-core 2.14',
  () => {
    it('are here', () => {
      expect(cases.length).toBeGreaterThan(0);
    });

    for (const { name, cwd, queries } of cases)
      it.each(queries.map((query) => [titleOf(query), query] as const))(`${name}: %s`, async (_, query) => {
        const answer = await ask(query, join(folder ?? '', cwd));

        const { rc, json, vars, stdout, hosts, warnings = [] } = query.expect;
        if (rc !== 0 || warnings.some((one) => one.includes('Failed to parse')))
          expect(answer).toBeInstanceOf(UserError);
        else if (json !== undefined || vars !== undefined) expect(JSON.parse(String(answer))).toEqual(json ?? vars);
        else if (stdout !== undefined) expect(`${answer}\n`).toBe(stdout);
        else if (isSlice(name, query.pattern)) expect(String(answer).split('\n')).toHaveLength(hosts?.length ?? 0);
        else expect(linesOf(answer, name)).toEqual(linesOf(hosts?.join('\n'), name));
      });
  },
);

function readCase(path: string, file: string): Case {
  return JSON.parse(readFileSync(join(path, 'cases', file), 'utf8'));
}

function titleOf(query: Query): string {
  const { kind, inventory, host, group, pattern, limit, vars, args } = query;
  return JSON.stringify({ kind, inventory, host, group, pattern, limit, vars, args });
}

const linesOf = (text: unknown, name: string): string[] => {
  const lines = String(text).split('\n');
  return BY_CHANCE.includes(name) ? lines.sort() : lines;
};

/** What is printed, or the mistake that it ends with. */
async function ask(query: Query, cwd: string): Promise<unknown> {
  const lines: string[] = [];
  const { kind, host, group, pattern, limit, vars, args } = query;
  const options: InventoryOptions = {
    inventory: query.inventory,
    ...(kind === 'list' && { list: true }),
    ...(kind === 'graph' && { graph: group ?? true }),
    ...(host !== undefined && { host }),
    ...(pattern !== undefined && { hosts: pattern }),
    ...(limit !== undefined && { limit }),
    ...(vars && { vars }),
    ...(args?.includes('--export') && { export: true }),
  };
  try {
    await inventoryCommand(options, { cwd, print: (text) => lines.push(text), warn: () => {} });
  } catch (error) {
    return error;
  }
  return lines.join('\n');
}
