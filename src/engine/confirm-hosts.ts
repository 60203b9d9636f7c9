import { setTimeout as sleep } from 'node:timers/promises';
import { type GuardState, type Remote, Unreachable } from '../contract/index.ts';
import type { Armed } from './confirm.ts';
import type { Emit, Result, ShownError } from './events.ts';
import type { JournalRecord } from './journal.ts';

export interface Confirming {
  readonly armed: readonly Armed[];
  readonly seconds: number;
  /** Opens a new connection. Rejects with `Unreachable`. */
  readonly dial: (armed: Armed) => Promise<Remote>;
  readonly note: (record: JournalRecord) => Promise<void>;
  readonly emit: Emit;
  /** The number of the play that confirming is shown as. */
  readonly play: number;
}

const RETRY_MS = 500;
/** After the time is up: how long the host may take to undo, and to be reached again. */
const AFTER_MS = 30_000;
const NAME = 'Confirm that hosts can still be reached';

/**
 * When all is done, over connections that are new: whoever can still be reached keeps its changes. Else the host undoes
 * them when its time is up, and that is waited for, to be able to say so. Gives the frames that it took by host.
 */
export async function confirmHosts(job: Confirming): Promise<ReadonlyMap<string, number>> {
  const { emit, play, armed } = job;
  const hosts = [...new Set(armed.map(({ host }) => host))];
  const step = { play: NAME, name: NAME, module: 'confirm', source: '--confirm', handler: false };
  emit({ event: 'play_start', play, name: NAME, hosts, steps: [step] });
  emit({ event: 'batch_start', play, hosts });
  const trips = new Map<string, number>();
  const one = async (host: string): Promise<void> => {
    const started = Date.now();
    const errors: ShownError[] = [];
    for (const each of armed.filter((other) => other.host === host)) {
      const { error, roundTrips } = await confirmOne(each, job);
      if (error) errors.push(error);
      trips.set(host, (trips.get(host) ?? 0) + roundTrips);
    }
    const [error] = errors;
    const base = { host, changes: [], diff: false, ms: Date.now() - started };
    const result: Result = error ? { ...base, status: 'failed', error } : { ...base, status: 'ok' };
    emit({ event: 'task_result', play, step: 0, spot: [0], result });
    emit({ event: 'host_past', play, host, step: 1 });
  };
  await Promise.all(hosts.map(one));
  emit({ event: 'batch_end', play });
  return trips;
}

/** One of them; what kept it from being confirmed, and the frames that it took. */
export async function confirmOne(
  armed: Armed,
  job: Pick<Confirming, 'seconds' | 'dial' | 'note'>,
): Promise<{ error?: ShownError; roundTrips: number }> {
  const { host, id } = armed;
  const until = Date.now() + job.seconds * 1000 + AFTER_MS;
  let why = '';
  let roundTrips = 0;
  for (;;) {
    let remote: Remote | undefined;
    try {
      remote = await job.dial(armed);
      const { guard } = await remote.exchange({ actions: [], probes: [], guard: { do: 'confirm', id } });
      const error = await told(armed, guard, job);
      if (guard?.is === 'fired') await remote.exchange({ actions: [], probes: [], guard: { do: 'forget', id } });
      return { ...(error && { error }), roundTrips: roundTrips + remote.roundTrips };
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      roundTrips += remote?.roundTrips ?? 0;
      why = error.message;
      if (error.code === 'Interrupted' || Date.now() > until) break;
    } finally {
      await remote?.close().catch(() => {});
    }
    await sleep(RETRY_MS);
  }
  await job.note({ is: 'unconfirmed', host, id, why });
  const message = `no new connection could confirm the changes: the host undoes them ${job.seconds} s after it heard of kvmplay last, and whether it has is not known: ${why}`;
  return { error: { code: 'NotConfirmed', message, hint: 'the next run on this host says what it did' }, roundTrips };
}

async function told(
  armed: Armed,
  state: GuardState | undefined,
  job: Pick<Confirming, 'seconds' | 'note'>,
): Promise<ShownError | undefined> {
  const { host, id } = armed;
  if (state?.is === 'confirmed') {
    await job.note({ is: 'confirmed', host, id });
    return undefined;
  }
  if (state?.is === 'fired') {
    const { undone } = state;
    await job.note({ is: 'undone', host, id, at: undone?.at ?? '', failed: undone?.failed ?? 0 });
    const but = undone && undone.failed > 0 ? `; ${undone.failed} of its steps could not be undone` : '';
    const message = `no new connection came within ${job.seconds} s, and the host has undone what this run changed there${but}`;
    return {
      code: 'NotConfirmed',
      message,
      hint: 'see `kvmplay show last`; give it longer with --confirm SECONDS, or change less at once',
    };
  }
  const why =
    state?.is === 'refused' ? state.why : 'its timer is not there: the host was rebooted, or what set it never arrived';
  await job.note({ is: 'unconfirmed', host, id, why });
  return { code: 'NotConfirmed', message: `the changes could not be confirmed: ${why}` };
}
