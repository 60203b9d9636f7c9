import { setMaxListeners } from 'node:events';
import { type Remote, Unreachable } from '../contract/index.ts';
import { wayTo } from './become.ts';
import type { Channel } from './channel.ts';
import { localChannel } from './local.ts';
import { me } from './me.ts';
import { openShell } from './shell.ts';
import type { Become, Target } from './target.ts';
import type { Ui } from './ui.ts';

const SHELL = ['/bin/sh'] as const;
const LOCAL_TIMEOUT_MS = 10_000;

/**
 * A shell on the target, as the user it asks for, ready for requests. Everything that hosts can share in a run (keys,
 * known hosts, the ssh configuration, connections to jump hosts) they share by the one `ui`.
 * @throws Unreachable
 */
export async function connect(target: Target, ui: Ui): Promise<Remote> {
  // Every connection of a run listens to the one signal.
  if (ui.signal) setMaxListeners(0, ui.signal);
  const { channel, enter } = await (target.connection === 'local' ? startLocal(target) : startOverSsh(target, ui));
  const kill = () => channel.kill();
  ui.signal?.addEventListener('abort', kill);
  void channel.closed.then(() => ui.signal?.removeEventListener('abort', kill));
  if (ui.signal?.aborted) {
    kill();
    throw new Unreachable('Interrupted', `${target.name}: interrupted`);
  }
  await enter();
  return openShell(channel, { name: target.name, ...(target.root !== undefined && { root: target.root }) });
}

interface Started {
  readonly channel: Channel;
  enter(): Promise<void>;
}

async function startLocal(target: Target): Promise<Started> {
  const way = wayFrom(me().name, target.become);
  const channel = localChannel(way?.argv ?? SHELL);
  return { channel, enter: async () => way?.enter(channel, target.name, target.timeoutMs ?? LOCAL_TIMEOUT_MS) };
}

async function startOverSsh(target: Target, ui: Ui): Promise<Started> {
  // ssh2 takes its time to load, and a local run has no use for it.
  const { openSession } = await import('./ssh/open-session.ts');
  const session = await openSession(target, ui);
  const way = wayFrom(session.user, target.become);
  const channel = await session.start(way?.argv ?? SHELL);
  return { channel, enter: async () => way?.enter(channel, target.name, session.timeoutMs) };
}

/** Who is there already needs no sudo, which a host that root logs in to may not even have. */
const wayFrom = (user: string, become: Become | undefined) =>
  become && become.user !== user ? wayTo(become) : undefined;
