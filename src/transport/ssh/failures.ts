import { Unreachable } from '../../contract/index.ts';
import type { Hop } from './hop.ts';

/** Connecting, the handshake or the login failed. */
export class LoginFailed extends Error {
  readonly reason: Unreachable;
  /** The same may go better a little later, or when the server is asked for a host key of these types. */
  readonly again: 'later' | { readonly askFor: readonly string[] } | undefined;

  constructor(reason: Unreachable, again?: LoginFailed['again']) {
    super(reason.message);
    this.reason = reason;
    this.again = again;
  }
}

const ERRNO: Readonly<Record<string, readonly [code: string, words: string]>> = {
  ENOTFOUND: ['NameNotResolved', 'the name is not known'],
  EAI_AGAIN: ['NameNotResolved', 'the name could not be looked up now'],
  EAI_NODATA: ['NameNotResolved', 'the name has no address'],
  ECONNREFUSED: ['ConnectionRefused', 'the connection was refused: nothing listens there'],
  ETIMEDOUT: ['ConnectTimeout', 'nothing answered'],
  EHOSTUNREACH: ['HostUnreachable', 'there is no route to the host'],
  ENETUNREACH: ['HostUnreachable', 'there is no route to its network'],
};

/** What an error on the way to a logged-in connection means. Undefined: the connection closed without a word. */
export function describeFailure(
  hop: Hop,
  error: (Error & { code?: unknown; level?: string }) | undefined,
  progress: { readonly shaken: boolean; readonly lastWords: string; readonly authFailure: () => Unreachable },
): LoginFailed {
  const where = `${hop.label}: ${hop.host} port ${hop.port}`;
  const [code, words] = ERRNO[String(error?.code)] ?? [];
  if (code !== undefined) return new LoginFailed(new Unreachable(code, `${where}: ${words}`));

  const dropped = !error || error.level === 'client-socket' || /^Connection lost before handshake/.test(error.message);
  if (dropped && !progress.shaken) {
    const said = progress.lastWords === '' ? '' : `: "${progress.lastWords}"`;
    return new LoginFailed(
      new Unreachable(
        'ConnectionDropped',
        `${where}: the server hung up before the handshake${said}`,
        'it may be refusing so many logins at once (MaxStartups in its sshd_config): use fewer --forks',
      ),
      'later',
    );
  }
  if (dropped || typeof error.code === 'number') {
    const { code: reason, message, hint } = progress.authFailure();
    const said = error ? `; it hung up: ${error.message}` : '; it hung up';
    return new LoginFailed(new Unreachable(reason, `${message}${said}`, hint));
  }
  if (error.level === 'handshake' || error.level === 'protocol')
    return new LoginFailed(new Unreachable('HandshakeFailed', `${where}: ${error.message}`));
  return new LoginFailed(new Unreachable('ConnectionFailed', `${where}: ${error.message}`));
}
