import { type Probes, type Reboot, type Remote, type Seen, Unreachable } from '../contract/index.ts';
import { comeBack } from './come-back.ts';
import { type Eyes, type Job, openEyes } from './eyes.ts';
import { makeOverlay, type Overlay } from './overlay.ts';

/** Who to be on the host. `user` is undefined where nobody is to be become. */
export interface Identity {
  readonly user: string | undefined;
  readonly method: string | undefined;
}

export const sameIdentity = (a: Identity, b: Identity): boolean => a.user === b.user && a.method === b.method;

/** Opens a connection to an inventory host, within so many seconds where that is said. Rejects with `Unreachable`. */
export type Dial = (host: string, identity: Identity, seconds?: number) => Promise<Remote>;

/** What to read ahead. */
export interface Ahead {
  readonly jobs: readonly Job[];
  readonly again?: () => Promise<readonly Job[]>;
}

/** One host during a run: its connections, one for each identity, and what is known of it. */
export interface Host {
  readonly name: string;
  /** Connects when it must. A connection that broke is opened again the next time it is asked for. */
  eyes(identity: Identity): Promise<Eyes>;
  /** This host in the mind: what is foretold of it there is not true of the host itself. */
  imagine(): Imagined;
  /** What was read through any of the connections, if it still counts: see `Eyes`. */
  recall(probes: Probes, fresh?: boolean): Seen | undefined;
  /** Trust nothing that was read before, through whichever connection. */
  forget(): Promise<void>;
  /**
   * It was told to reboot: hang up, and wait until it was booted anew, as this identity sees it. Who asks for `eyes` meanwhile
   * waits, too. Gives the seconds that it took. Rejects with `Problem` or `Unreachable`, as in come-back.ts.
   */
  comeBack(identity: Identity, how: Reboot): Promise<number>;
  /** Drop the connections, for instance since one hangs. */
  close(): Promise<void>;
  readonly roundTrips: number;
}

interface Imagined {
  /** Connects when it must; that it cannot is told again to who asks for `eyes` next. */
  eyes(identity: Identity, jobs: readonly Job[]): Promise<Eyes>;
}

/**
 * `ahead` says what the rest of the run will want to read as somebody: it is read at once, with the first frame of each
 * connection. What it can only say when that was read (`again`) is read in a second one.
 */
export function makeHost(
  name: string,
  dial: Dial,
  ahead: (identity: Identity) => Promise<Ahead> = async () => ({ jobs: [] }),
): Host {
  const overlay: Overlay = makeOverlay();
  const open = new Map<string, Promise<{ remote: Remote; eyes: Eyes }>>();
  const live = new Set<Remote>();
  const seeing = new Map<string, Eyes>();
  let spent = 0;
  let closings = 0;
  let away: Promise<unknown> = Promise.resolve();

  const connect = async (identity: Identity, key: string) => {
    await away;
    const remote = await dial(name, identity);
    const guarded: Remote = {
      get roundTrips() {
        return remote.roundTrips;
      },
      close: () => remote.close(),
      async exchange(request) {
        try {
          return await remote.exchange(request);
        } catch (error) {
          if (error instanceof Unreachable) {
            open.delete(key);
            seeing.delete(key);
            await hangUp(remote);
          }
          throw error;
        } finally {
          if (request.actions.length > 0) await forgetOthers(key);
        }
      },
    };
    const eyes = openEyes(guarded, overlay);
    live.add(remote);
    const { jobs, again } = await ahead(identity);
    await eyes.survey(jobs);
    seeing.set(key, eyes);
    if (again) await eyes.survey(await again());
    return { remote, eyes };
  };
  const opening = (identity: Identity) => {
    const key = JSON.stringify(identity);
    const opened = open.get(key) ?? connect(identity, key);
    open.set(key, opened);
    return opened;
  };
  const forgetOthers = async (acting: string) => {
    for (const [key, other] of open) if (key !== acting) await other.then(({ eyes }) => eyes.forget()).catch(() => {});
  };
  const hangUp = async (remote: Remote) => {
    if (!live.delete(remote)) return;
    spent += remote.roundTrips;
    await remote.close().catch(() => {});
  };

  const hangUpAll = async () => {
    open.clear();
    seeing.clear();
    await Promise.all([...live].map(hangUp));
  };

  return {
    name,
    async eyes(identity) {
      const opened = opening(identity);
      try {
        return (await opened).eyes;
      } catch (error) {
        const key = JSON.stringify(identity);
        if (open.get(key) === opened) open.delete(key);
        throw error;
      }
    },
    imagine() {
      const own = overlay.copy();
      return { eyes: async (identity, jobs) => (await opening(identity)).eyes.imagine(jobs, own) };
    },
    recall(probes, fresh = false) {
      for (const eyes of seeing.values()) {
        const seen = eyes.recall(probes, fresh);
        if (seen) return seen;
      }
      return undefined;
    },
    forget: () => forgetOthers(''),
    comeBack(identity, how) {
      const dialNew = async (seconds: number | undefined) => {
        const remote = await dial(name, identity, seconds);
        live.add(remote);
        return { exchange: remote.exchange, close: () => hangUp(remote) };
      };
      const own = closings;
      const back = hangUpAll().then(() => comeBack(dialNew, how, () => closings !== own));
      away = back.catch(() => {});
      return back;
    },
    async close() {
      closings += 1;
      await hangUpAll();
    },
    get roundTrips() {
      return spent + [...live].reduce((sum, remote) => sum + remote.roundTrips, 0);
    },
  };
}
