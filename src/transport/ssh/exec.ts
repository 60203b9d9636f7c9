import type { Client, ClientChannel } from 'ssh2';
import { Unreachable } from '../../contract/index.ts';
import type { Channel } from '../channel.ts';
import { startClock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Hop } from './hop.ts';

/** Runs a command in the connection's one session. The connection ends when the command has. */
export async function execute(hop: Hop, connection: Connection, command: string): Promise<Channel> {
  const { client } = connection;
  const stream = await open(hop, client, command).catch((error: unknown) => {
    connection.release();
    throw error;
  });
  const closed = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    let end: { code: number | null; signal: string | null } = { code: null, signal: null };
    stream.on('exit', (code: number | null, signal?: string) => {
      end = { code, signal: signal ?? null };
    });
    stream.once('close', () => resolve(end));
    client.once('close', () => resolve(end));
  });
  void closed.then(() => connection.release());
  // Writing to a connection that is gone is told by `closed`.
  stream.on('error', () => undefined);
  return {
    stdin: stream,
    stdout: stream,
    stderr: stream.stderr,
    closed,
    kill: () => {
      stream.close();
      client.destroy();
    },
  };
}

function open(hop: Hop, client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clock.stop();
      reject(new Unreachable('SessionRefused', `${hop.label}: cannot start a shell: ${why}`));
    };
    const clock = startClock(
      hop.timeoutMs,
      () => false,
      () => fail('nothing answered'),
    );
    let why = '';
    client.on('error', (error) => {
      why = `: ${error.message}`;
    });
    client.once('close', () => {
      clock.stop();
      reject(
        new Unreachable('ConnectionLost', `${hop.label}: the connection was lost before a shell had started${why}`),
      );
    });
    try {
      client.exec(command, (error, stream) => {
        clock.stop();
        if (error) fail(error.message);
        else resolve(stream);
      });
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  });
}
