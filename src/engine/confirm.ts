import {
  type Action,
  type Answer,
  type Change,
  type Guard,
  type Impact,
  type Remote,
  type Request,
  type Undone,
  worseThan,
} from '../contract/index.ts';
import type { Identity } from './host.ts';

/** What `--confirm` asks for. */
export interface ConfirmOptions {
  /** How long the host waits for a sign of life before it undoes what the run did. */
  readonly seconds: number;
  /** The timer is set before the first change with this impact, or a worse one. */
  readonly from: Impact;
}

/** The timers of one run: what each host would undo, and whether it has been set. */
export interface Confirm {
  readonly seconds: number;
  /** Before changes are made: what to ask of the timer with them, if anything. */
  guard(host: string, identity: Identity, changes: readonly Change[]): Guard | undefined;
  /** A connection whose every frame is a sign of life while its timer runs; there is one while nothing else is to be sent, too. */
  alive(host: string, identity: Identity, remote: Remote): Remote;
  /** Where timers may run. */
  armed(): readonly Armed[];
  /** The timers of this host are taken away, and what was done there so far is confirmed. */
  released(host: string): void;
}

export interface Armed {
  readonly host: string;
  readonly identity: Identity;
  readonly id: string;
}

interface Watch {
  readonly armed: Armed;
  /** Undoing everything so far, in the order in which it was done. */
  readonly steps: (readonly Action[])[];
  /** How many of them the host has. */
  sent: number;
  /** A frame that sets the timer is on its way or came back. */
  isSet: boolean;
}

/** Signs of life come so much more often than they must. */
const OFTEN = 3;

export function makeConfirm(runId: string, { seconds, from }: ConfirmOptions): Confirm {
  const watches = new Map<string, Watch>();
  let count = 0;
  const keyOf = (host: string, identity: Identity) => JSON.stringify([host, identity.user, identity.method]);
  const watchOf = (host: string, identity: Identity): Watch => {
    const key = keyOf(host, identity);
    const known = watches.get(key);
    if (known) return known;
    const armed = { host, identity, id: count === 0 ? runId : `${runId}-${count}` };
    count += 1;
    const watch: Watch = { armed, steps: [], sent: 0, isSet: false };
    watches.set(key, watch);
    return watch;
  };

  return {
    seconds,
    guard(host, identity, changes) {
      const watch = watchOf(host, identity);
      const reaches = changes.some(({ impact }) => !worseThan(from, impact));
      watch.steps.push(...changes.flatMap(({ undo }) => (Array.isArray(undo) && undo.length > 0 ? [undo] : [])));
      if (!watch.isSet && !reaches) return undefined;
      const steps = watch.steps.slice(watch.sent);
      const guard: Guard = { do: 'arm', id: watch.armed.id, seconds, number: watch.sent + 1, steps };
      watch.sent = watch.steps.length;
      watch.isSet = true;
      return guard;
    },
    alive(host, identity, remote) {
      const key = keyOf(host, identity);
      const isSet = () => watches.get(key)?.isSet === true;
      let last = Date.now();
      const exchange = async (request: Request): Promise<Answer> => {
        last = Date.now();
        const watch = watches.get(key);
        if (!watch?.isSet) return remote.exchange(request);
        const { guard = { do: 'touch', id: watch.armed.id, seconds } } = request;
        const answer = await remote.exchange({ ...request, guard });
        // Where the first step was refused there is no timer, and nothing was done.
        if (guard.do === 'arm' && guard.number === 1 && answer.guard?.is === 'refused') {
          watch.isSet = false;
          watch.sent = 0;
        }
        return answer;
      };
      const often = (seconds * 1000) / OFTEN;
      const timer = setInterval(() => {
        // The next frame tells why, where this one fails.
        if (isSet() && Date.now() - last >= often)
          exchange({ actions: [], probes: [] }).catch(() => clearInterval(timer));
      }, often / 2);
      timer.unref();
      return {
        exchange,
        get roundTrips() {
          return remote.roundTrips;
        },
        close() {
          clearInterval(timer);
          return remote.close();
        },
        ...(remote.undone && { undone: remote.undone }),
      };
    },
    released(host) {
      for (const [key, { armed }] of watches) if (armed.host === host) watches.delete(key);
    },
    armed: () => [...watches.values()].filter(({ isSet }) => isSet).map(({ armed }) => armed),
  };
}

/** What a timer did, in words. */
export function undoneWords({ id, seconds, at, failed }: Undone): string {
  const but = failed > 0 ? `; ${failed} of its steps could not be undone` : '';
  return `run ${id} was not confirmed within ${seconds} s, and this host undid it at ${at}${but}`;
}
