import { type Remote, Unreachable } from '../contract/index.ts';
import { type Eyes, openEyes } from './eyes.ts';
import { makeOverlay, type Overlay } from './overlay.ts';

/** Who to be on the host. `user` is undefined where nobody is to be become. */
export interface Identity {
  readonly user: string | undefined;
  readonly method: string | undefined;
}

/** Opens a connection to an inventory host. Rejects with `Unreachable`. */
export type Dial = (host: string, identity: Identity) => Promise<Remote>;

/** One host during a run: its connections, one for each identity, and what is known of it. */
export interface Host {
  readonly name: string;
  /** Connects when it must. A connection that broke is opened again the next time it is asked for. */
  eyes(identity: Identity): Promise<Eyes>;
  /** Drop the connections, for instance since one hangs. */
  close(): Promise<void>;
  readonly roundTrips: number;
}

export function makeHost(name: string, dial: Dial): Host {
  const overlay: Overlay = makeOverlay();
  const open = new Map<string, Promise<{ remote: Remote; eyes: Eyes }>>();
  let spent = 0;

  const connect = async (identity: Identity, key: string) => {
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
          if (error instanceof Unreachable) await discard(key);
          throw error;
        } finally {
          if (request.actions.length > 0) await forgetOthers(key);
        }
      },
    };
    return { remote, eyes: openEyes(guarded, overlay) };
  };
  const forgetOthers = async (acting: string) => {
    for (const [key, other] of open) if (key !== acting) (await other).eyes.forget();
  };
  const discard = async (key: string) => {
    const gone = open.get(key);
    open.delete(key);
    const settled = await gone?.catch(() => undefined);
    if (!settled) return;
    spent += settled.remote.roundTrips;
    live.delete(settled.remote);
    await settled.remote.close().catch(() => {});
  };
  const live = new Set<Remote>();

  return {
    name,
    async eyes(identity) {
      const key = JSON.stringify(identity);
      let opened = open.get(key);
      if (!opened) {
        opened = connect(identity, key);
        open.set(key, opened);
        opened.then(
          ({ remote }) => live.add(remote),
          () => open.delete(key),
        );
      }
      return (await opened).eyes;
    },
    async close() {
      await Promise.all([...open.keys()].map(discard));
    },
    get roundTrips() {
      return spent + [...live].reduce((sum, remote) => sum + remote.roundTrips, 0);
    },
  };
}
