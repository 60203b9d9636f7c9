import type { Channel } from '../channel.ts';
import type { Target } from '../target.ts';
import type { Ui } from '../ui.ts';
import { dial } from './dial.ts';
import { execute } from './exec.ts';
import { resolveRoute } from './route.ts';
import { sharedOf } from './shared.ts';

export interface Session {
  /** As whom we are logged in. */
  readonly user: string;
  readonly timeoutMs: number;
  start(argv: readonly string[]): Promise<Channel>;
}

/** Logs in to a target. A session can start one command, and the connection ends with it. @throws Unreachable */
export async function openSession(target: Target, ui: Ui): Promise<Session> {
  const shared = sharedOf(ui);
  const route = await resolveRoute({ ...target, label: target.name }, shared.settings);
  const connection = await dial(route, shared);
  return {
    user: route.end.user,
    timeoutMs: route.end.timeoutMs,
    start: (argv) => execute(route.end, connection, `exec ${argv.map(quote).join(' ')}`),
  };
}

/** Single quotes mean the same to every login shell, csh and fish too. */
const quote = (word: string): string => (/^[\w/.,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
