import { type Journal, type JournalRecord, journalDir, openJournal } from '../engine/journal.ts';
import { VERSION } from '../source/home.ts';
import { CouldNot } from './exit.ts';

/** Open the journal of a run that may act. Throws `CouldNot`: without a journal nothing is done. */
export async function startJournal(
  about: Pick<Extract<JournalRecord, { is: 'run' }>, 'run_id' | 'mode' | 'playbooks' | 'inventory' | 'hosts' | 'flags'>,
): Promise<Journal> {
  try {
    const journal = await openJournal(journalDir(), about.run_id);
    const started = new Date().toISOString();
    await journal.append({ is: 'run', ...about, version: VERSION, started, cwd: process.cwd() });
    return journal;
  } catch (error) {
    const hint = 'set XDG_STATE_HOME to a folder that can be written';
    throw new CouldNot(`cannot write the run's journal, so nothing was done: ${(error as Error).message}`, hint);
  }
}
