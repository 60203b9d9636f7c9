import {
  type Change,
  describeReading,
  type Module,
  Problem,
  probeName,
  type Reading,
  sameReading,
} from '../contract/index.ts';
import type { Identity } from './host.ts';
import type { JournalRecord } from './journal.ts';

/** Changes that a run made, or may have made, on one host as one user: the last one first. */
export interface Undoing {
  readonly host: string;
  readonly identity: Identity;
  readonly task: string;
  readonly module: string;
  readonly source: string;
  /** When they were made. */
  readonly at: string;
  /** In the order in which they are to be undone. */
  readonly changes: readonly Change[];
}

/** What there is to undo of a run, the last done first. An intent without a word of how it ended counts: it may be done. */
export function undoingsOf(records: readonly JournalRecord[]): readonly Undoing[] {
  const refused = new Set(
    records.flatMap((record) =>
      record.is === 'done' && record.results.every((result) => result.ok !== true) ? [record.seq] : [],
    ),
  );
  const left = new Map(records.flatMap((record) => (record.is === 'done' ? [[record.seq, record.left ?? []]] : [])));
  return records
    .flatMap((record) => (record.is === 'intent' && !refused.has(record.seq) ? [record] : []))
    .toReversed()
    .map(({ seq, host, identity, task, module, source, at: made, changes }) => ({
      host,
      identity,
      task,
      module,
      source,
      at: made,
      changes: changes.map((change, at) => ({ ...change, after: left.get(seq)?.[at] ?? change.after })).toReversed(),
    }));
}

/**
 * The change that takes another back, from what is read now. Undefined where it is back already, `gone` where it went with a
 * reboot: under its name there may be another thing by now, such as an interrupt. Throws `Problem` when somebody has changed it since, or
 * it cannot be undone.
 */
export function inverse(
  change: Change,
  now: Reading,
  module: Module | undefined,
  rebooted = false,
): Change | 'gone' | undefined {
  const same = (reading: Reading) => sameReading(module ?? {}, change.target, now, reading);
  if (same(change.before) || (change.undone && same(change.undone)) || endedWith(change, now)) return undefined;
  if (rebooted && change.plane === 'live' && change.after.is !== 'unknown' && !same(change.after)) return 'gone';
  const name = probeName(change.target);
  if (!Array.isArray(change.undo)) {
    const { impossible } = change.undo as { readonly impossible: string };
    throw new Problem('CannotUndo', `${change.summary} cannot be undone: ${impossible}`);
  }
  if (change.after.is !== 'unknown' && !same(change.after)) {
    const hint = 'look at it, then set it by hand or by a playbook';
    const [left, has] = whereTheyDiffer(contentOf(change.after), contentOf(now));
    const message = `${name} was changed by somebody else since: the run left ${left}, and it has ${has}`;
    throw new Problem('ChangedSince', message, hint);
  }
  const { undone, shown, ...rest } = change;
  return {
    ...rest,
    summary: `undo ${change.summary}`,
    before: now,
    after: undone ?? change.before,
    do: change.undo,
    undo: change.do,
    ...(shown && { shown: { before: shown.after, after: shown.before } }),
  };
}

/** Whether it was changed of a guest while that ran, and it does not run any more: what was changed went with it. */
const endedWith = ({ target, before, after }: Change, now: Reading): boolean =>
  target.kind === 'domain' &&
  target.plane === 'live' &&
  now.is === 'absent' &&
  before.is !== 'absent' &&
  after.is !== 'absent';

const contentOf = (reading: Reading): string =>
  reading.is === 'text' ? reading.text.replace(/\n$/, '') : describeReading(reading);

/** Two texts as an error can quote them: short ones whole, of long ones the first line in which they differ. */
function whereTheyDiffer(left: string, has: string): readonly [string, string] {
  const lines = [left.split('\n'), has.split('\n')] as const;
  if (lines.every((one) => one.length === 1)) return [quoted(left), quoted(has)];
  const differs = (line: string | undefined, at: number) => line !== lines[1][at];
  const first = lines[0].findIndex(differs);
  const at = first < 0 ? lines[0].length : first;
  const told = (line: string | undefined) =>
    line === undefined ? `no line ${at + 1}` : `${quoted(line)} in line ${at + 1}`;
  return [told(lines[0][at]), told(lines[1][at])];
}

const quoted = (text: string): string => `"${text.length <= 80 ? text : `${text.slice(0, 79)}…`}"`;
