import { type ActionResult, type Change, Problem, type Reboot, Unreachable } from '../contract/index.ts';
import type { Eyes } from './eyes.ts';
import type { Ledger } from './ledger.ts';

/** Waits for a host that was rebooted, and gives the seconds that it took. Rejects with `Problem` or `Unreachable`. */
export type ComeBack = (how: Reboot) => Promise<number>;

/**
 * Write down, have the host go down, and wait for it. Another boot id, over a connection that is new, proves that it was
 * booted; where the answer was lost with the connection, it tells also that what was asked was done.
 */
export async function restart(
  changes: readonly Change[],
  eyes: Eyes,
  ledger: Ledger,
  comeBack: ComeBack,
): Promise<{ readonly problem?: Problem; readonly values?: Readonly<Record<string, unknown>> }> {
  const [change, ...others] = changes;
  if (!change?.reboots || others.length > 0)
    throw new Error('a change that reboots has to be the only one of its plan');
  const held = await ledger.release?.();
  if (held) return { problem: held };
  const seq = await ledger.intend(changes);
  const { results, lost } = await goDown(change, eyes);
  if (results) await ledger.done(seq, results);
  const refused = results?.find((result) => result.ok === false);
  if (refused?.ok === false)
    return { problem: new Problem('ActionFailed', refused.message, undefined, { rebooted: false }) };
  try {
    const elapsed = await comeBack(change.reboots);
    if (lost)
      await ledger.done(
        seq,
        change.do.map((): ActionResult => ({ ok: true })),
      );
    return { values: { rebooted: true, elapsed } };
  } catch (error) {
    if (lost) await ledger.lost(seq, lost.message);
    if (error instanceof Problem) return { problem: error };
    throw error;
  }
}

/** What came of its actions, or how the answer was lost. */
async function goDown(
  change: Change,
  eyes: Eyes,
): Promise<{ readonly results?: readonly ActionResult[]; readonly lost?: Unreachable }> {
  try {
    return { results: await eyes.leave(change.do) };
  } catch (error) {
    if (error instanceof Unreachable) return { lost: error };
    throw error;
  }
}
