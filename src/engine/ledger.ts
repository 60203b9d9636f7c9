import {
  type ActionResult,
  type Change,
  complaintOf,
  type Guard,
  type Problem,
  type Reading,
} from '../contract/index.ts';
import type { Confirm } from './confirm.ts';
import type { Identity } from './host.ts';
import type { Journal, Notified } from './journal.ts';

/** What is being done, for whoever reads the journal later. */
export interface Doing {
  readonly host: string;
  readonly identity: Identity;
  readonly task: string;
  readonly module: string;
  /** `site.yml:12:7`. */
  readonly source: string;
  readonly notifies?: Notified;
}

/** What the engine writes down around acting. */
export interface Ledger {
  /** Resolves when it is on disk: only then may anything be done. */
  intend(changes: readonly Change[]): Promise<number>;
  /** `left`: what was read of each change's target after, where the host makes its own of what it is given. */
  done(seq: number, results: readonly ActionResult[], left?: readonly (Reading | null)[]): Promise<void>;
  lost(seq: number, why: string): Promise<void>;
  /** What to ask of the timer of `--confirm` with these changes. */
  guard?(changes: readonly Change[]): Guard | undefined;
  /**
   * Before a reboot, which takes the timer of `--confirm` with it: have a connection that is new confirm what was done so far.
   * Gives why that could not be.
   */
  release?(): Promise<Problem | undefined>;
  /** What was half done of it has been undone, as far as these results go. */
  takenBack(seq: number, results: readonly ActionResult[]): Promise<void>;
}

/** Writes what is about to be done, and how it went, into a run's journal. */
export function journalLedger(journal: Journal | undefined, doing: Doing, confirm?: Confirm): Ledger {
  if (!journal) throw new Error('a run that acts must have a journal');
  return {
    async intend(changes) {
      const seq = journal.nextSeq();
      const at = new Date().toISOString();
      const { host, identity, task, module, source, notifies } = doing;
      const what = { host, identity, task, module, source, at, changes };
      await journal.append({ is: 'intent', seq, ...what, ...(notifies && { notifies }) });
      return seq;
    },
    ...(confirm && { guard: (changes) => confirm.guard(doing.host, doing.identity, changes) }),
    done: (seq, results, left) =>
      journal.append({ is: 'done', seq, results: results.map(unprinted), ...(left && { left }) }),
    lost: (seq, why) => journal.append({ is: 'lost', seq, why }),
    takenBack: (seq, results) => journal.append({ is: 'taken-back', seq, results: results.map(unprinted) }),
  };
}

/** What commands printed is no part of what is needed to go back, and may be long or secret. */
function unprinted(result: ActionResult): ActionResult {
  if (result.ok === 'skipped') return result;
  const { stdout = '', stderr = '', ...rest } = result;
  if (rest.ok) return rest;
  const complaint = complaintOf({ stdout, stderr });
  if (complaint === '' || !rest.message.endsWith(complaint)) return rest;
  return { ...rest, message: `${rest.message.slice(0, -complaint.length)}${complaintOf({ stdout: '', stderr })}` };
}
