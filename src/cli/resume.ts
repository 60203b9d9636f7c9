import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type JournalRecord, journalDir, listRuns, readHead, readJournal } from '../engine/journal.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { EXIT } from './exit.ts';
import { journalOf } from './history.ts';
import { runCommand } from './run.ts';
import { type FlagsNow, type RememberedFlags, recall } from './run-flags.ts';

type Head = Extract<JournalRecord, { is: 'run' }>;

/**
 * `kvmplay resume RUN`: the same playbooks with the same flags, on the hosts that the run did not get through. From their first
 * task: what is so already is left. Throws `UserError` where the run cannot be made again.
 */
export async function resumeCommand(run: string, given: FlagsNow): Promise<number> {
  const records = await journalOf(run);
  const head = headOf(records);
  if (!head?.flags || !head.playbooks.every((file) => existsSync(resolve(head.cwd, file)))) throw cannot(run, head);
  const only = openHosts(records);
  if (only.size === 0) {
    process.stderr.write(`${head.run_id} got through on all of its hosts: there is nothing to resume.\n`);
    return EXIT.ok;
  }
  const doubtful = inDoubt(records);
  const looked =
    doubtful > 0 ? `; of ${doubtful} changes it is not known whether they were made: they are looked at again` : '';
  process.stderr.write(`Resuming ${head.run_id} on ${only.size} of ${head.hosts.length} hosts${looked}.\n`);
  const report = given.report.map((one) => resolve(one));
  process.chdir(head.cwd);
  return runCommand(head.playbooks, { ...recall(head.flags as RememberedFlags, given, head.run_id), report, only });
}

/** `--rerun failed[:RUN]`: the hosts that the run, or the last one of these playbooks, did not get through. */
export async function hostsToRerun(word: string, playbooks: readonly string[]): Promise<ReadonlySet<string>> {
  const [, run] = /^failed(?::(.+))?$/.exec(word) ?? [];
  if (!/^failed(:|$)/.test(word))
    throw new UserError([mistake('BadFlag', `--rerun "${word}": expected failed or failed:RUN`)]);
  const records = run === undefined ? await lastOf(playbooks) : await journalOf(run);
  const open = openHosts(records);
  const id = headOf(records)?.run_id;
  const message = `run ${id} got through on all of its hosts: there is none to be run again`;
  if (open.size === 0) throw new UserError([mistake('NoHostsMatched', message, undefined, 'leave --rerun out')]);
  return open;
}

const headOf = (records: readonly JournalRecord[]): Head | undefined =>
  records.find((record): record is Head => record.is === 'run');

/** Failed, unreachable, stopped, or not come to. */
function openHosts(records: readonly JournalRecord[]): ReadonlySet<string> {
  const done = new Set(
    records.flatMap((record) => (record.is === 'left' && record.how === 'done' ? [record.host] : [])),
  );
  return new Set(headOf(records)?.hosts.filter((host) => !done.has(host)));
}

function inDoubt(records: readonly JournalRecord[]): number {
  const told = new Set(records.flatMap((record) => (record.is === 'done' ? [record.seq] : [])));
  const open = records.flatMap((record) => (record.is === 'intent' && !told.has(record.seq) ? record.changes : []));
  return open.length;
}

async function lastOf(playbooks: readonly string[]): Promise<readonly JournalRecord[]> {
  const files = playbooks.map((file) => resolve(file));
  for (const run of (await listRuns(journalDir())).toReversed()) {
    const head = await readHead(journalDir(), run);
    if (head?.is !== 'run' || head.mode === 'rollback') continue;
    const there = head.playbooks.map((file) => resolve(head.cwd, file));
    if (files.every((file) => there.includes(file))) return readJournal(journalDir(), run);
  }
  const message = `no journal of a run of ${playbooks.join(' ')} is kept`;
  throw new UserError([
    mistake('UnknownRun', message, undefined, 'see `kvmplay history`; --rerun failed:RUN names one'),
  ]);
}

function cannot(run: string, head: Head | undefined): UserError {
  const gone = head?.playbooks.find((file) => !existsSync(resolve(head.cwd, file)));
  const [why, hint] =
    head?.mode === 'rollback'
      ? ['it is a rollback', 'roll the same run back again: what is back is left']
      : head?.mode === 'apply'
        ? ['it applied a plan', 'apply the plan again: what is so already is left']
        : [
            gone ? `its playbook ${gone} is not there` : 'its journal does not say how it was asked for',
            'use `kvmplay run`',
          ];
  return new UserError([mistake('CannotResume', `${run} cannot be resumed: ${why}`, undefined, hint)]);
}
