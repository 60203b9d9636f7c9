import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Impact } from '../contract/index.ts';
import type { Identity } from '../engine/host.ts';
import { newRunId } from '../engine/journal.ts';
import { journalLedger } from '../engine/ledger.ts';
import { rollback } from '../engine/rollback.ts';
import { layersOf, limitPatterns, loadInventory, merged, select } from '../inventory/index.ts';
import { makeReports } from '../report/index.ts';
import { UserError } from '../source/diagnostic.ts';
import { VERSION } from '../source/home.ts';
import { makeScope } from '../template/index.ts';
import { checkConfirm, makeDialer } from './dialer.ts';
import { EXIT } from './exit.ts';
import { journalOf } from './history.ts';
import { locksmithOf, reading } from './keyring.ts';
import type { ConnectionFlags } from './run-flags.ts';
import { startJournal } from './start-journal.ts';

interface RollbackFlags extends ConnectionFlags {
  readonly inventory: readonly string[];
  readonly limit: readonly string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly forks: number;
  readonly output: 'human' | 'json' | 'jsonl' | 'quiet';
  readonly maxImpact: Impact;
  readonly confirm?: number;
  readonly confirmFrom: Impact;
}

/** `kvmplay rollback RUN`. Its own changes are journalled too, so that it can be taken back in turn. */
export async function rollbackCommand(run: string, flags: RollbackFlags): Promise<number> {
  const records = await journalOf(run);
  const start = records.find((record) => record.is === 'run');
  const cwd = flags.inventory.length > 0 ? process.cwd() : (start?.cwd ?? process.cwd());
  const sources = flags.inventory.length > 0 ? flags.inventory : (start?.inventory ?? []);
  const playbookDir = resolve(cwd, start?.playbooks[0] ?? '.', '..');
  const inventory = await loadInventory(sources, { cwd, playbookDir, ...reading(await locksmithOf(flags)) });
  const limit = limitPatterns(flags.limit.join(','), process.cwd());
  const wanted = new Set(limit.length > 0 ? select(inventory, 'all', limit).hosts.map(({ name }) => name) : []);

  const scopeOf = (name: string) => {
    const host = inventory.hosts.get(name);
    const written = host ? merged(layersOf(inventory, host)) : new Map();
    return makeScope([{ name: 'host', vars: new Map([...written].map(([key, node]) => [key, { node }])) }]);
  };
  const hosts = [...new Set(records.flatMap((record) => (record.is === 'intent' ? [record.host] : [])))];
  const wrong = flags.confirm === undefined ? [] : checkConfirm(hosts, scopeOf);
  if (wrong.length > 0) throw new UserError(wrong);

  const dialer = await makeDialer(flags);
  const runId = newRunId(new Date(), randomBytes(2).toString('hex'));
  const journal = flags.check
    ? undefined
    : await startJournal({
        run_id: runId,
        mode: 'rollback',
        playbooks: start?.playbooks ?? [],
        inventory: sources,
        hosts: [],
      });
  const reports = makeReports({ output: flags.output, files: [], verbosity: 0, stdout: process.stdout });
  try {
    const status = await rollback({
      records,
      name: `rollback of ${start?.run_id ?? run}`,
      wanted: (host) => limit.length === 0 || wanted.has(host),
      dial: (host: string, identity: Identity) => dialer.dial(host, identity, scopeOf(host)),
      ledger: (undoing, confirm) => journalLedger(journal, undoing, confirm),
      note: async (record) => journal?.append(record),
      ...(flags.confirm !== undefined && { confirm: { seconds: flags.confirm, from: flags.confirmFrom } }),
      check: flags.check === true,
      diff: flags.diff === true,
      maxImpact: flags.maxImpact,
      forks: flags.forks,
      start: { run_id: runId, kvmplay_version: VERSION },
      emit: reports.emit,
    });
    const ended = dialer.interrupted() ? EXIT.interrupted : status;
    await journal?.append({ is: 'end', finished: new Date().toISOString(), exit_code: ended });
    return ended;
  } finally {
    await journal?.close();
    dialer.close();
  }
}
