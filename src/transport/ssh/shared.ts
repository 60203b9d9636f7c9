import type { Ui } from '../ui.ts';
import type { Connection } from './connection.ts';
import { type HostKeys, openHostKeys } from './host-keys.ts';
import { type Keys, openKeys } from './keys.ts';
import { type Limit, limit } from './limit.ts';
import { openSettings, type Settings } from './settings.ts';

/** A connection to a jump host and how many go through it. */
export interface SharedJump {
  readonly connection: Promise<Connection>;
  users: number;
}

/** What the hosts of one run share. */
export interface Shared {
  readonly settings: Settings;
  readonly hostKeys: HostKeys;
  readonly keys: Keys;
  readonly jumps: Map<string, SharedJump>;
  /** Handshakes are work for this machine's processor: too many at once and all of them are late. */
  readonly handshakes: Limit;
  ask(prompt: string): Promise<string | undefined>;
  /** Somebody is being asked something: clocks stand still. */
  isAsking(): boolean;
  readonly signal: AbortSignal | undefined;
}

const HANDSHAKES_AT_ONCE = 32;
const runs = new WeakMap<Ui, Shared>();

export function sharedOf(ui: Ui): Shared {
  const known = runs.get(ui);
  if (known) return known;
  const oneAtATime = limit(1);
  let asking = 0;
  const ask = async (prompt: string): Promise<string | undefined> => {
    asking++;
    try {
      return await oneAtATime(() => ui.askPassword(prompt));
    } finally {
      asking--;
    }
  };
  const shared: Shared = {
    settings: openSettings(),
    hostKeys: openHostKeys((message) => ui.notice?.(message)),
    keys: openKeys(ask),
    jumps: new Map(),
    handshakes: limit(HANDSHAKES_AT_ONCE),
    ask,
    isAsking: () => asking > 0,
    signal: ui.signal,
  };
  runs.set(ui, shared);
  return shared;
}
