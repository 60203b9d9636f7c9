import { Unreachable } from '../../contract/index.ts';
import { type Jump, NO_OPTIONS } from './arguments.ts';
import { type Hop, type Login, resolveHop } from './hop.ts';
import type { Settings } from './settings.ts';

/** A server, and those to go through on the way to it, the nearest first. */
export interface Route {
  readonly through: readonly Hop[];
  readonly end: Hop;
}

/** More jump hosts than anybody has: two of them must be going by each other. */
const LONGEST = 16;

/** Finds the way to a server. As ssh has it, only the first of its jump hosts may have jump hosts of its own. */
export async function resolveRoute(login: Login, settings: Settings, length = 1): Promise<Route> {
  const end = await resolveHop(login, settings);
  const [first, ...others] = end.jumps;
  if (!first) return { through: [], end };
  if (length > LONGEST) throw new Unreachable('JumpFailed', `${login.label}: its jump hosts go by each other`);
  const before = await resolveRoute(jumpLogin(first, end), settings, length + end.jumps.length);
  const after = await Promise.all(others.map((jump) => resolveHop(jumpLogin(jump, end), settings)));
  return { through: [...before.through, before.end, ...after], end };
}

/** A jump host is logged in to by the ssh configuration alone: what the inventory says of a host is for that host. */
function jumpLogin({ host, user, port, ssh = NO_OPTIONS }: Jump, target: Hop): Login {
  return {
    label: `jump host ${host}`,
    host,
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port }),
    sshArguments: { ...(target.configFile !== undefined && { configFile: target.configFile }), ...ssh },
    timeoutMs: target.timeoutMs,
    acceptNewHostKeys: target.hostKeys.acceptNew,
  };
}
