import { type Journal, journalDir, openJournal } from '../engine/journal.ts';
import { CouldNot } from './exit.ts';
import { VERSION } from './version.ts';

/** Open the journal of a run that may act. Throws `CouldNot`: without a journal nothing is done. */
export async function startJournal(
  runId: string,
  mode: string,
  playbooks: readonly string[],
  inventory: readonly string[],
): Promise<Journal> {
  try {
    const journal = await openJournal(journalDir(), runId);
    const started = new Date().toISOString();
    await journal.append({
      is: 'run',
      run_id: runId,
      mode,
      version: VERSION,
      started,
      playbooks,
      inventory,
      cwd: process.cwd(),
    });
    return journal;
  } catch (error) {
    const hint = 'set XDG_STATE_HOME to a folder that can be written';
    throw new CouldNot(`cannot write the run's journal, so nothing was done: ${(error as Error).message}`, hint);
  }
}
