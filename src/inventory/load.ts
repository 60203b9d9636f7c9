import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Diagnostic, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import type { OpenVault } from './file-text.ts';
import { LOCALHOST } from './localhost.ts';
import { attempt } from './misread.ts';
import { readSource } from './read-source.ts';
import { Roster } from './roster.ts';
import type { Inventory, VariableFolder, Variables } from './types.ts';
import { readVariableFiles } from './variable-files.ts';

export interface LoadOptions {
  /** Absolute. What relative sources are relative to, where inventory scripts run. */
  readonly cwd: string;
  /** Whose `group_vars` and `host_vars` win over those beside the inventory. Default: `cwd`, as with Ansible. */
  readonly playbookDir?: string;
  /** False leaves `group_vars` and `host_vars` unread, where only names are asked for. Default true. */
  readonly variableFiles?: boolean;
  /** How long an inventory script may take, in milliseconds. Default 60,000. */
  readonly scriptTimeoutMs?: number;
  /** Without it a file that is a vault as a whole is a mistake. */
  readonly openVault?: OpenVault;
  /** Opens encrypted values; without it each is a mistake where it is used. */
  readonly unseal?: (node: Node) => Promise<Node>;
}

/**
 * Read inventories as Ansible does: files in INI and YAML, directories of them, scripts, and lists like `h1,h2,`; then
 * `group_vars` and `host_vars` beside them and beside the playbook. Throws `UserError` with the mistakes of all sources.
 */
export async function loadInventory(sources: readonly string[], options: LoadOptions): Promise<Inventory> {
  const { cwd, openVault } = options;
  const roster = new Roster();
  const found: Diagnostic[] = [];
  const collect = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push(...error.diagnostics);
      return undefined;
    }
  };
  const paths = sources.filter((source) => source !== '').map((source) => pathOf(source, cwd));
  const timeoutMs = options.scriptTimeoutMs ?? 60_000;
  let sourced = false;
  for (const path of paths)
    await collect(async () => {
      if (await readSource(path, roster, { cwd, timeoutMs, openVault })) sourced = true;
    });
  if (found.length === 0) attempt({ file: '-i', line: 1, column: 1 }, found, () => roster.reconcile());
  if (!sourced && found.length === 0) roster.warn('NoInventory', 'there is no inventory: only localhost is known');

  const besideInventory = foldersOf(paths);
  const playbookDir = resolve(cwd, options.playbookDir ?? '');
  const names = [...roster.hosts.keys(), ...(roster.localhost ? [] : LOCALHOST)];
  const read = new Map<string, Pick<VariableFolder, 'groups' | 'hosts'>>();
  if (options.variableFiles ?? true)
    for (const path of new Set([...besideInventory, playbookDir])) {
      const about = async (subfolder: string, whose: Iterable<string>) =>
        (await collect(() => readVariableFiles(join(path, subfolder), whose, { cwd, openVault }))) ?? new Map();
      const groups = await about('group_vars', roster.groups.keys());
      read.set(path, { groups, hosts: await about('host_vars', names) });
    }
  if (found.length > 0) throw new UserError(found);
  const folder = (path: string, beside: VariableFolder['beside']): VariableFolder[] => {
    const contents = read.get(path);
    return contents ? [{ path, beside, ...contents }] : [];
  };
  const folders = [
    ...[...besideInventory].flatMap((path) => folder(path, 'inventory')),
    ...folder(playbookDir, 'playbook'),
  ];
  if (options.unseal) await unsealAll([...roster.hosts.values(), ...roster.groups.values()], folders, options.unseal);
  return { hosts: roster.hosts, groups: roster.groups, folders, warnings: roster.warnings };
}

/** Opened in place: hosts and groups hold each other. */
async function unsealAll(
  named: readonly { readonly variables: Variables }[],
  folders: readonly VariableFolder[],
  unseal: (node: Node) => Promise<Node>,
): Promise<void> {
  const layers = folders.flatMap(({ groups, hosts }) => [...groups.values(), ...hosts.values()].flat());
  const all: readonly Variables[] = [...named.map(({ variables }) => variables), ...layers];
  const maps = all.filter((one): one is Map<string, Node> => one instanceof Map);
  await Promise.all(
    maps.flatMap((map) => [...map].map(async ([name, node]) => void map.set(name, await unseal(node)))),
  );
}

function pathOf(source: string, cwd: string): string {
  if (source.includes(',') && !existsSync(resolve(cwd, source))) return source;
  const variable = (whole: string, braced?: string, bare?: string) => process.env[braced ?? bare ?? ''] ?? whole;
  const expanded = source.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, variable).replace(/^~(?=\/|$)/, homedir());
  return resolve(cwd, expanded);
}

/** The folder of each source. Of one that comes twice the last counts: it covers the earlier. */
function foldersOf(paths: readonly string[]): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) continue;
    const folder = stat.isDirectory() ? path : dirname(path);
    folders.delete(folder);
    folders.add(folder);
  }
  return folders;
}
