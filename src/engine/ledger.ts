import type { ActionResult } from '../contract/index.ts';
import type { Confirm } from './confirm.ts';
import type { Identity } from './host.ts';
import type { Journal, Notified } from './journal.ts';
import type { Ledger } from './run-module.ts';

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
  const { stdout: _, stderr: __, ...rest } = result;
  return rest;
}
