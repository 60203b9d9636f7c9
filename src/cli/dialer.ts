import { setMaxListeners } from 'node:events';
import type { Remote } from '../contract/index.ts';
import { isPassword } from '../engine/censor.ts';
import type { Identity } from '../engine/host.ts';
import { settled, settledText } from '../engine/settle.ts';
import type { Play } from '../playbook/types.ts';
import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { keepSecret } from '../source/secrets.ts';
import type { Scope } from '../template/index.ts';
import { connect } from '../transport/connect.ts';
import { targetOf } from '../transport/target.ts';
import { askSecret } from './prompt.ts';
import type { ConnectionFlags } from './run-flags.ts';

/** Opens connections for one command of a user's, who may be asked for passwords and may interrupt it. */
export interface Dialer {
  readonly dial: (host: string, identity: Identity, scope: Scope, play?: Play, seconds?: number) => Promise<Remote>;
  /** Whether the user has interrupted. */
  readonly interrupted: () => boolean;
  readonly interrupt: AbortSignal;
  readonly close: () => void;
}

/** What is wrong with the connection variables of these hosts: told before any of them is touched. */
export function checkConnections(
  hosts: readonly string[],
  scopeOf: (host: string) => Scope,
  play?: Play,
): readonly Diagnostic[] {
  return hosts.flatMap((host) => {
    try {
      const scope = scopeOf(host);
      targetOf(host, connectionVariables(scope));
      if (play) loginOf(play, scope);
      return [];
    } catch (error) {
      if (error instanceof UserError) return error.diagnostics;
      throw error;
    }
  });
}

/** A folder has no connection that could be cut, and nothing in it that could undo. */
export function checkConfirm(hosts: readonly string[], scopeOf: (host: string) => Scope): readonly Diagnostic[] {
  return hosts.flatMap((host) => {
    if (!scopeOf(host).names().includes('kvmplay_root')) return [];
    const message = `${host} is a folder (kvmplay_root): --confirm needs a host that can undo changes by itself`;
    return [mistake('ConfirmNeedsHost', message, undefined, 'leave it out with --limit, or run without --confirm')];
  });
}

export async function makeDialer(flags: ConnectionFlags): Promise<Dialer> {
  const password = flags.askPass ? await askSecret('SSH password: ') : undefined;
  const becomePassword = flags.askBecomePass ? await askSecret('BECOME password: ') : undefined;
  const interrupt = new AbortController();
  // Every connection listens.
  setMaxListeners(0, interrupt.signal);
  const stop = () => interrupt.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const notice = (message: string) => void process.stderr.write(`${message}\n`);
  const ui = { askPassword: askSecret, notice, signal: interrupt.signal };

  return {
    interrupted: () => interrupt.signal.aborted,
    interrupt: interrupt.signal,
    close: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
    async dial(host, identity, scope, play, seconds) {
      const { port, user } = play ? loginOf(play, scope) : {};
      const said = { ...(port !== undefined && { ansible_port: port }), ...connectionVariables(scope) };
      const target = targetOf(host, said, {
        connection: play?.connection ?? flags.connection,
        user: user ?? flags.user,
        password,
        privateKey: flags.privateKey,
        timeout: flags.timeout,
        acceptNewHostKeys: flags.acceptNewHostKeys,
        become: identity.user !== undefined,
        becomeUser: identity.user,
        becomeMethod: identity.method,
        becomePassword,
      });
      return connect({ ...target, ...(seconds !== undefined && { timeoutMs: seconds * 1000 }) }, ui);
    },
  };
}

/** What a play says of how to log in. Throws `UserError` where a template gives what these keywords do not take. */
function loginOf({ port, remoteUser }: Play, scope: Scope): { readonly port?: number; readonly user?: string } {
  return {
    ...(port !== undefined && { port: settled('port', port, scope) }),
    ...(remoteUser && { user: settledText('remote_user', remoteUser, scope) }),
  };
}

/** The variables that say how to reach a host; whom to become there is decided task by task. */
function connectionVariables(scope: Scope): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  const nowhere = { file: 'inventory', line: 1, column: 1 };
  for (const name of scope.names()) {
    if (!/^(ansible_|kvmplay_root$)/.test(name) || /^ansible_become(_user|_method)?$/.test(name)) continue;
    known[name] = scope.lookup(name, nowhere);
    if (isPassword(name)) keepSecret(known[name]);
  }
  return known;
}
