import { dirname, resolve } from 'node:path';
import { checkFacts } from '../engine/check-facts.ts';
import { controlNames } from '../engine/control.ts';
import type { FactsUsed } from '../engine/facts-used.ts';
import { checkTasks } from '../engine/validate.ts';
import { type Inventory, limitPatterns, loadInventory, type Selection, select, writtenIn } from '../inventory/index.ts';
import { loadPlaybook } from '../playbook/load-playbook.ts';
import type { Play, Playbook } from '../playbook/types.ts';
import { moduleNames } from '../registry/index.ts';
import { loadOwnModules } from '../registry/own-modules.ts';
import { type Diagnostic, mistake, type Position, UserError, withoutEchoes } from '../source/diagnostic.ts';
import { readText } from '../source/read-text.ts';
import type { Binding } from '../template/index.ts';
import { extraVariables } from './extra-vars.ts';
import { locksmithOf, reading } from './keyring.ts';
import { type RunFlags, sourcesOf } from './run-flags.ts';
import type { VaultFlags } from './vault-flags.ts';

/** Everything a run is made of, read and found right. */
export interface Loaded {
  readonly playbooks: readonly Playbook[];
  readonly inventory: Inventory;
  readonly extra: ReadonlyMap<string, Binding>;
  readonly hostsOf: (play: Play) => readonly string[];
  readonly warnings: readonly string[];
  readonly factsUsed: FactsUsed;
}

/** Read the playbooks, the inventory and the variables. Throws one `UserError` with the mistakes of all of them. */
export async function loadRun(
  files: readonly string[],
  flags: Pick<RunFlags, 'inventory' | 'limit' | 'only' | 'extraVars' | keyof VaultFlags>,
  text?: string,
): Promise<Loaded> {
  const locksmith = await locksmithOf(flags);
  const found: Diagnostic[] = [];
  const collect = async <T>(work: () => Promise<T> | T): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push(...error.diagnostics);
      return undefined;
    }
  };
  const extra = await collect(() => extraVariables(flags.extraVars, locksmith));
  const known = {
    moduleNames: [...moduleNames(), ...controlNames()],
    extra: extra ?? new Map(),
    ...(text !== undefined && { readFile: readerWith(resolve(files[0] ?? ''), text) }),
    locksmith,
  };
  const loaded = await Promise.all(files.map((file) => loadPlaybook(resolve(file), known)));
  const playbooks = loaded.map(({ playbook }) => playbook);
  const own = new Set(loaded.flatMap(({ modules }) => modules));
  if (own.size > 0) found.push(...(await loadOwnModules(own)));
  found.push(...loaded.flatMap(({ mistakes }) => mistakes), ...(await checkTasks(playbooks)));
  const [first] = files;
  const playbookDir = first === undefined ? process.cwd() : dirname(resolve(first));
  const inventory = await collect(() =>
    loadInventory(sourcesOf(flags), { cwd: process.cwd(), playbookDir, ...reading(locksmith) }),
  );
  const plays = playbooks.flatMap((playbook) => playbook.plays);
  const facts = checkFacts(plays, [...(inventory ? writtenIn(inventory) : []), ...(extra ?? [])]);
  found.push(...facts.mistakes);
  const limit = await collect(() => limitPatterns(flags.limit.join(','), process.cwd()));
  if (found.length > 0 || !inventory || !limit || !extra) throw new UserError(withoutEchoes(found));

  const warnings = new Set<string>();
  const hostsOf = (play: Play): readonly string[] => {
    const { hosts, warnings: said } = selected(inventory, play, limit);
    for (const one of said) warnings.add(one);
    return ordered(
      hosts.map(({ name }) => name).filter((name) => flags.only?.has(name) ?? true),
      play.order,
    );
  };
  const members = plays.map(hostsOf);
  if (members.length > 0 && members.every((hosts) => hosts.length === 0)) throw new UserError([noHosts(flags)]);
  warnings.delete('');
  return {
    playbooks,
    inventory,
    extra,
    hostsOf: memoize(hostsOf),
    factsUsed: facts.used,
    warnings: [...inventory.warnings.map(({ message }) => message), ...warnings],
  };
}

/** Reads files, of which one is not there. */
const readerWith = (path: string, text: string) => async (file: string, at?: Position) =>
  file === path ? text : readText(file, at);

function selected(inventory: Inventory, play: Play, limit: readonly string[]): Selection {
  try {
    return select(inventory, play.hosts.join(','), limit);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.diagnostics.map((one) => ({ at: play.hostsAt, ...one })));
  }
}

function noHosts(flags: Pick<RunFlags, 'inventory' | 'limit'>): Diagnostic {
  const limit = flags.limit.length > 0 ? ` within the limit ${flags.limit.join(',')}` : '';
  const hint = flags.inventory.length > 0 ? 'see `kvmplay inventory --graph`' : 'name an inventory with -i';
  return mistake('NoHostsMatched', `no host of the inventory matches any play${limit}`, undefined, hint);
}

function memoize(hostsOf: (play: Play) => readonly string[]): (play: Play) => readonly string[] {
  const known = new Map<Play, readonly string[]>();
  return (play) => {
    const hosts = known.get(play) ?? hostsOf(play);
    known.set(play, hosts);
    return hosts;
  };
}

function ordered(hosts: readonly string[], order: Play['order']): readonly string[] {
  switch (order) {
    case 'inventory':
      return hosts;
    case 'reverse_inventory':
      return hosts.toReversed();
    case 'sorted':
      return hosts.toSorted();
    case 'reverse_sorted':
      return hosts.toSorted().reverse();
    case 'shuffle':
      return hosts
        .map((host) => ({ host, at: Math.random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ host }) => host);
  }
}
