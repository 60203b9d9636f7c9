import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ClientErrorExtensions, type KexAlgorithm, type ServerHostKeyAlgorithm } from 'ssh2';
import { Unreachable } from '../../contract/index.ts';
import type { Authentication } from './authenticate.ts';
import { startClock } from './clock.ts';
import { describeFailure, LoginFailed } from './failures.ts';
import type { Hop } from './hop.ts';
import type { Refused } from './host-keys.ts';
import type { Shared } from './shared.ts';

/** Cheap ones first; nothing by SHA-1. */
const KEX: KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group-exchange-sha256',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group18-sha512',
];
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/** Shakes hands over a connected socket, checks the host's key and logs in. @throws LoginFailed */
export function logIn(
  hop: Hop,
  socket: Duplex,
  shared: Shared,
  authentication: Authentication,
  askFor: readonly string[],
): Promise<Client> {
  const client = new ssh2.Client();
  let refused: Refused | undefined;
  let shaken = false;
  let lastWords = '';
  let fail: (error: LoginFailed) => void = () => undefined;

  return new Promise<Client>((resolve, reject) => {
    const late = () =>
      fail(
        new LoginFailed(
          new Unreachable(
            'ConnectTimeout',
            `${hop.label}: ${hop.host} port ${hop.port} did not finish ${shaken ? 'the login' : 'the handshake'} within ` +
              `${hop.timeoutMs / 1000} s`,
            'give it longer with -T SECONDS',
          ),
        ),
      );
    const failed = (error?: Error & ClientErrorExtensions) =>
      describeFailure(hop, error, { shaken, lastWords, authFailure: authentication.failure });
    const clock = startClock(hop.timeoutMs, shared.isAsking, late);
    const abort = () => fail(new LoginFailed(new Unreachable('Interrupted', `${hop.label}: interrupted`)));
    const settle = () => {
      clock.stop();
      shared.signal?.removeEventListener('abort', abort);
      fail = () => undefined;
    };
    fail = (error) => {
      settle();
      client.destroy();
      socket.destroy();
      reject(error);
    };
    shared.signal?.addEventListener('abort', abort);

    client.on('handshake', () => {
      shaken = true;
    });
    client.on('ready', () => {
      settle();
      resolve(client);
    });
    client.on('change password', () =>
      fail(new LoginFailed(new Unreachable('AuthFailed', `${hop.label}: the password of ${hop.user} has expired`))),
    );
    client.on('error', (error) => {
      // An agent that does not sign is one attempt that failed, not the end.
      if (error.level === 'agent') return;
      if (refused) fail(new LoginFailed(refused.error, refused.askFor && { askFor: refused.askFor }));
      else fail(failed(error));
    });
    client.on('close', () => fail(failed()));

    // It may have been cut off while others had their turn.
    if (socket.destroyed || !socket.writable) return fail(failed());
    client.connect({
      sock: socket,
      username: hop.user,
      readyTimeout: 0,
      keepaliveInterval: hop.keepaliveMs,
      keepaliveCountMax: hop.keepaliveCount,
      algorithms: { kex: KEX, serverHostKey: inOrder(askFor) },
      authHandler: authentication.handler(() => fail(new LoginFailed(authentication.failure()))),
      hostVerifier: (blob: Buffer, verified: (fine: boolean) => void) => {
        shared.hostKeys.check(hop, blob).then(
          (refusal) => {
            refused = refusal;
            verified(refusal === undefined);
          },
          (error: unknown) => {
            refused = {
              error: error instanceof Unreachable ? error : new Unreachable('HostKeyUnknown', String(error)),
            };
            verified(false);
          },
        );
      },
    });
    // A server that is too busy says so in place of its banner. ssh2 has paused the socket, so nothing is lost to it.
    socket.once('data', (first: Buffer) => {
      const text = first.toString('latin1');
      if (!text.startsWith('SSH-')) lastWords = text.split(/[\r\n]/)[0]?.slice(0, 200) ?? '';
    });
    if (shared.signal?.aborted) abort();
  });
}

/** Types that known_hosts has come first: a server is asked for a key that can be checked. */
function inOrder(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string) => types.includes(algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm);
  return [...HOST_KEYS.filter(isKnown), ...HOST_KEYS.filter((algorithm) => !isKnown(algorithm))];
}
