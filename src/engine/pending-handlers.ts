import { resolve } from 'node:path';
import { type JournalRecord, listRuns, type Notified, readHead, readJournal } from './journal.ts';

/** A handler that was notified on a host, and was not run since. */
export interface PendingHandler {
  readonly host: string;
  /** The file that its play stands in. */
  readonly playbook: string;
  readonly play: string;
  readonly handler: string;
  /** The run that left it. */
  readonly run: string;
}

/** What a run leaves: notified and not run, or notified by what nobody can say whether it was done. */
export function pendingIn(records: readonly JournalRecord[], run: string): readonly PendingHandler[] {
  const pending = new Map<string, PendingHandler>();
  const each = (
    host: string,
    { playbook, play, handlers }: Notified,
    act: (key: string, one: PendingHandler) => void,
  ) => {
    for (const handler of handlers)
      act(JSON.stringify([host, playbook, play, handler]), { host, playbook, play, handler, run });
  };
  const done = new Set(records.flatMap((record) => (record.is === 'done' ? [record.seq] : [])));
  for (const record of records) {
    if (record.is === 'notified') each(record.host, record, (key, one) => pending.set(key, one));
    if (record.is === 'settled') each(record.host, record, (key) => pending.delete(key));
    if (record.is === 'intent' && record.notifies && !done.has(record.seq))
      each(record.host, record.notifies, (key, one) => pending.set(key, one));
  }
  return [...pending.values()];
}

/**
 * What the last run of these playbooks on each of these hosts left. A run takes over what it finds, so that older ones
 * need not be asked.
 */
export async function pendingHandlers(
  directory: string,
  playbooks: readonly string[],
  hosts: readonly string[],
): Promise<readonly PendingHandler[]> {
  const open = new Set(hosts);
  const found: PendingHandler[] = [];
  for (const run of (await listRuns(directory)).toReversed()) {
    if (open.size === 0) break;
    const head = await readHead(directory, run);
    if (head?.is !== 'run' || head.mode === 'rollback') continue;
    if (!head.playbooks.some((file) => playbooks.includes(resolve(head.cwd, file)))) continue;
    const decided = new Set(head.hosts.filter((host) => open.delete(host)));
    if (decided.size > 0)
      found.push(...pendingIn(await readJournal(directory, run), run).filter(({ host }) => decided.has(host)));
  }
  return found;
}
