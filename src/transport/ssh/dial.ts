import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'ssh2';
import { Unreachable } from '../../contract/index.ts';
import { prepare } from './authenticate.ts';
import { startClock } from './clock.ts';
import type { Connection } from './connection.ts';
import { describeFailure, LoginFailed } from './failures.ts';
import type { Hop } from './hop.ts';
import { logIn } from './login.ts';
import type { Route } from './route.ts';
import type { Shared } from './shared.ts';

/** How often a server that hangs up at once is tried. With the pauses between, it has about ten seconds to find time. */
const TRIES = 12;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Goes along a route and logs in to the server at its end. @throws Unreachable */
export async function dial({ through, end }: Route, shared: Shared): Promise<Connection> {
  const way = await throughJumps(through, shared);
  try {
    const client = await logInPatiently(end, shared, way?.client);
    client.once('close', () => way?.release());
    return {
      client,
      release: () => {
        client.end();
        way?.release();
      },
    };
  } catch (error) {
    way?.release();
    throw error;
  }
}

async function logInPatiently(hop: Hop, shared: Shared, through: Client | undefined): Promise<Client> {
  let askFor = await shared.hostKeys.knownTypes(hop);
  let askedFor = false;
  for (let attempt = 1; ; attempt++) {
    try {
      const authentication = await prepare(hop, shared.keys, shared.ask);
      const socket = await (through ? forward(hop, shared, through) : connectSocket(hop, shared));
      return await shared.handshakes(() => logIn(hop, socket, shared, authentication, askFor));
    } catch (error) {
      if (!(error instanceof LoginFailed)) throw error;
      if (typeof error.again === 'object' && !askedFor) {
        askFor = error.again.askFor;
        askedFor = true;
      } else if (error.again === 'later' && attempt < TRIES) {
        const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
        await sleep(longest * (0.5 + Math.random() / 2), undefined, shared.signal && { signal: shared.signal }).catch(
          () => undefined,
        );
      } else throw error.reason;
    }
  }
}

function connectSocket(hop: Hop, shared: Shared): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({
      host: hop.host,
      port: hop.port,
      family: hop.family,
      noDelay: true,
      autoSelectFamily: hop.family === 0,
      autoSelectFamilyAttemptTimeout: Math.max(250, hop.timeoutMs / 4),
      ...(hop.bindAddress !== undefined && { localAddress: hop.bindAddress }),
    });
    const finish = (error?: LoginFailed) => {
      clock.stop();
      shared.signal?.removeEventListener('abort', abort);
      socket.removeAllListeners();
      // Somebody has to listen, until its turn to shake hands comes.
      socket.on('error', () => undefined);
      if (!error) return resolve(socket);
      socket.destroy();
      reject(error);
    };
    const late = Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
    const fail = (error: Error) => finish(describeFailure(hop, error, nothingYet));
    const clock = startClock(hop.timeoutMs, shared.isAsking, () => fail(late));
    const abort = () => finish(new LoginFailed(new Unreachable('Interrupted', `${hop.label}: interrupted`)));
    socket.once('connect', () => finish());
    socket.once('error', fail);
    shared.signal?.addEventListener('abort', abort);
    if (shared.signal?.aborted) abort();
  });
}

const nothingYet = {
  shaken: false,
  lastWords: '',
  authFailure: () => new Unreachable('ConnectionLost', 'the connection closed'),
};

/** A stream to the server that begins at the jump host. */
function forward(hop: Hop, shared: Shared, through: Client): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new LoginFailed(
          new Unreachable(
            'JumpFailed',
            `${hop.label}: the jump host cannot reach ${hop.host} port ${hop.port}: ${why}`,
          ),
        ),
      );
    const clock = startClock(hop.timeoutMs, shared.isAsking, () => fail('nothing answered'));
    try {
      through.forwardOut('127.0.0.1', 0, hop.host, hop.port, (error, stream) => {
        clock.stop();
        if (error) return fail(error.message);
        stream.on('error', () => undefined);
        resolve(stream);
      });
    } catch {
      clock.stop();
      fail('its connection is lost');
    }
  });
}

/** The last of the jump hosts, over the others. Connections to the same ones are shared by all hosts behind them. */
async function throughJumps(jumps: readonly Hop[], shared: Shared): Promise<Connection | undefined> {
  const end = jumps.at(-1);
  if (!end) return undefined;
  // Passwords, which are functions, do not show in it; jump hosts have none.
  const key = JSON.stringify(jumps);
  const known = shared.jumps.get(key);
  const jump = known ?? { connection: dial({ through: jumps.slice(0, -1), end }, shared), users: 0 };
  if (!known) shared.jumps.set(key, jump);
  const forget = () => {
    if (shared.jumps.get(key) === jump) shared.jumps.delete(key);
  };
  jump.users++;
  const release = once(() => {
    if (--jump.users > 0) return;
    forget();
    jump.connection.then(
      (connection) => connection.release(),
      () => undefined,
    );
  });
  try {
    const { client } = await jump.connection;
    if (!known) client.once('close', forget);
    return { client, release };
  } catch (error) {
    release();
    throw error;
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
