import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'ssh2';
import { Unreachable } from '../../contract/index.ts';
import { NO_OPTIONS } from './arguments.ts';
import { startClock } from './clock.ts';
import type { Connection } from './connection.ts';
import { describeFailure, LoginFailed } from './failures.ts';
import { type Hop, resolveHop } from './hop.ts';
import { logIn } from './login.ts';
import type { Shared } from './shared.ts';

/** How often a server that hangs up at once is tried. With the pauses between, it has about ten seconds to find time. */
const TRIES = 10;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** As deep as jump hosts that are reached by jump hosts may go, lest two be reached by each other. */
const DEEPEST = 8;

/** Connects to a server, by its jump hosts if it has any, and logs in. @throws Unreachable */
export async function dial(hop: Hop, shared: Shared, depth = 0): Promise<Connection> {
  const way = await throughJumps(hop, shared, depth);
  try {
    const client = await logInPatiently(hop, shared, way?.client);
    const release = () => {
      client.end();
      way?.release();
    };
    client.once('close', () => way?.release());
    return { client, release };
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
      const socket = await (through ? forward(hop, shared, through) : connectSocket(hop, shared));
      return await shared.handshakes(() => logIn(hop, socket, shared, askFor));
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
      if (!error) return resolve(socket);
      socket.on('error', () => undefined).destroy();
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
        if (error) fail(error.message);
        else resolve(stream);
      });
    } catch {
      clock.stop();
      fail('its connection is lost');
    }
  });
}

/** The last of the jump hosts, over the others. Connections to the same ones are shared by all hosts behind them. */
async function throughJumps(hop: Hop, shared: Shared, depth: number): Promise<Connection | undefined> {
  const last = hop.jumps.at(-1);
  if (!last) return undefined;
  if (depth >= DEEPEST)
    throw new Unreachable('JumpFailed', `${hop.label}: more than ${DEEPEST} jump hosts, or some go by each other`);

  const key = JSON.stringify([hop.configFile, hop.hostKeys.acceptNew, hop.jumps.map(plain)]);
  const known = shared.jumps.get(key);
  const jump = known ?? { client: openJump(hop, shared, depth, () => shared.jumps.delete(key)), users: 0 };
  if (!known) shared.jumps.set(key, jump);
  jump.users++;
  const release = once(() => {
    if (--jump.users > 0) return;
    if (shared.jumps.get(key) === jump) shared.jumps.delete(key);
    jump.client.then(
      (connection) => connection.release(),
      () => undefined,
    );
  });
  try {
    const { client } = await jump.client;
    return { client, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function openJump(hop: Hop, shared: Shared, depth: number, gone: () => void): Promise<Connection> {
  const jump = hop.jumps.at(-1);
  if (!jump) throw new Error('no jump host');
  const { host, user, port, ssh = NO_OPTIONS } = jump;
  const resolved = await resolveHop(
    {
      label: `jump host ${host}`,
      host,
      ...(user !== undefined && { user }),
      ...(port !== undefined && { port }),
      sshArguments: { ...(hop.configFile !== undefined && { configFile: hop.configFile }), ...ssh },
      timeoutMs: hop.timeoutMs,
      acceptNewHostKeys: hop.hostKeys.acceptNew,
    },
    shared.settings,
  );
  // As ssh does: the hosts before it in the list are its way, and only the first goes its own.
  const before = hop.jumps.slice(0, -1);
  const connection = await dial(before.length > 0 ? { ...resolved, jumps: before } : resolved, shared, depth + 1);
  connection.client.once('close', gone);
  return connection;
}

const plain = (jump: Hop['jumps'][number]) => [
  jump.user,
  jump.host,
  jump.port,
  jump.ssh?.configFile,
  ...(jump.ssh?.options ?? []),
];

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
