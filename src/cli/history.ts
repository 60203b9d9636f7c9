import { type JournalRecord, journalDir, listRuns, readJournal } from '../engine/journal.ts';
import { pendingIn } from '../engine/pending-handlers.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';

/** One line a run: when, how it ended, how much it changed where, of what. */
export async function history(): Promise<number> {
  const runs = (await listRuns(journalDir())).toReversed();
  const journals = new Map<string, readonly JournalRecord[]>();
  for (const run of runs) journals.set(run, await readJournal(journalDir(), run));
  const all = [...journals.values()].flat();
  for (const [run, records] of journals)
    process.stdout.write(`${run}  ${oneLine(records, new Set(undoneOf(run, all).map(({ host }) => host)).size)}\n`);
  if (runs.length === 0) process.stdout.write(`No run has been made yet: nothing in ${journalDir()}.\n`);
  return 0;
}

/** Where hosts undid a run by themselves, since nobody confirmed it: itself or a later run was told. */
function undoneOf(run: string, records: readonly JournalRecord[]) {
  return records.flatMap((record) =>
    record.is === 'undone' && (record.id === run || record.id.startsWith(`${run}-`)) ? [record] : [],
  );
}

function oneLine(records: readonly JournalRecord[], undone: number): string {
  const intents = records.flatMap((record) => (record.is === 'intent' ? [record] : []));
  const start = records.find((record) => record.is === 'run');
  const end = records.find((record) => record.is === 'end');
  const changes = intents.reduce((sum, intent) => sum + intent.changes.length, 0);
  const hosts = new Set(intents.map(({ host }) => host)).size;
  const ended = end ? `exit ${end.exit_code}` : 'did not end';
  const back = undone > 0 ? `, undone by ${undone} of them` : '';
  return `${(start?.mode ?? '').padEnd(8)}  ${ended.padEnd(11)}  ${changes} changes on ${hosts} hosts${back}  ${start?.playbooks.join(' ') ?? ''}`;
}

/** Every change of a run in the order in which it was made, and how it went. */
export async function show(run: string): Promise<number> {
  const records = await journalOf(run);
  const fates = new Map<number, string>();
  for (const record of records) {
    if (record.is === 'done') fates.set(record.seq, record.results.every(({ ok }) => ok === true) ? 'done' : 'failed');
    if (record.is === 'lost') fates.set(record.seq, `not known: ${record.why}`);
  }
  for (const record of records) {
    if (record.is !== 'intent') continue;
    process.stdout.write(
      `${record.at}  ${record.host}  ${record.task} (${record.source}): ${fates.get(record.seq) ?? 'not known: kvmplay ended before it could say'}\n`,
    );
    for (const change of record.changes) process.stdout.write(`    ${change.plane.padEnd(10)} ${change.summary}\n`);
  }
  for (const { host, handler } of pendingIn(records, run))
    process.stdout.write(`${host}: the handler "${handler}" was notified and not run.\n`);
  for (const record of records)
    if (record.is === 'unconfirmed') process.stdout.write(`${record.host}: not confirmed: ${record.why}\n`);
  const everywhere = await Promise.all((await listRuns(journalDir())).map((one) => readJournal(journalDir(), one)));
  const id = records.flatMap((record) => (record.is === 'run' ? [record.run_id] : []))[0] ?? run;
  for (const { host, at, failed } of undoneOf(id, everywhere.flat())) {
    const but = failed > 0 ? `; ${failed} of its steps could not be undone` : '';
    process.stdout.write(`${host}: not confirmed in time: the host undid this run at ${at}${but}.\n`);
  }
  if (!records.some((record) => record.is === 'end')) process.stdout.write('The run did not end by itself.\n');
  return 0;
}

/** A run's journal by its id; `last` is the newest. Throws `UserError` where there is none. */
export async function journalOf(run: string): Promise<readonly JournalRecord[]> {
  const runs = await listRuns(journalDir());
  const id = run === 'last' ? runs.at(-1) : run;
  if (id !== undefined && runs.includes(id)) return readJournal(journalDir(), id);
  const hint = didYouMean(run, runs) ?? 'see `kvmplay history`';
  throw new UserError([mistake('UnknownRun', `no journal of a run "${run}" is kept`, undefined, hint)]);
}
