import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Connection, ServerChannel } from 'ssh2';
import ssh2 from 'ssh2';
import type { Key } from './keys.ts';

export interface SshServer {
  readonly port: number;
  /** Ends every connection and everything that was started through one. */
  stop(): Promise<void>;
}

export interface SshServerOptions {
  readonly hostKey: Key;
  /** The one key that is let in, under any user name. */
  readonly userKey: Key;
  /** Where commands start. They are run by whoever runs the lab and are not shut in: this is no sandbox. */
  readonly root: string;
  /** A folder of commands that stand in for the host's own, where there are any. */
  readonly commands?: string;
  /** The first port to try; the next free one is taken. 0: any. */
  readonly port: number;
}

/** One SSH server on 127.0.0.1 that runs each command, or the shell, in a real `sh`. No terminals, no forwarding. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const connections = new Set<Connection>();
  const children = new Set<ChildProcess>();
  const ssh = new ssh2.Server({ hostKeys: [options.hostKey.pem] }, (connection) => {
    connections.add(connection);
    connection.on('error', () => {}); // A client that drops off; 'close' follows.
    connection.on('close', () => connections.delete(connection));
    admitOnly(connection, options.userKey);
    connection.on('session', (acceptSession) => {
      const session = acceptSession();
      let child: ChildProcess | undefined;
      const run = (channel: ServerChannel, argv: readonly string[]): void => {
        const started = startSh(channel, argv, options);
        child = started;
        children.add(started);
        started.once('exit', () => children.delete(started));
      };
      session.on('exec', (accept, _reject, { command }) => run(accept(), ['-c', command]));
      session.on('shell', (accept) => run(accept(), []));
      session.on('env', (accept) => accept?.()); // Taken and not used, as sshd does with what AcceptEnv lacks.
      session.on('signal', (accept, _reject, { name }) => {
        if (child) endGroup(child, `SIG${name.replace(/^SIG/, '')}` as NodeJS.Signals);
        accept?.();
      });
    });
  });
  // A listener of ours, since ssh2's own leaves Nagle's algorithm on: 40 ms for an answer in two packets.
  const server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
  const port = await listen(server, options.port);
  return {
    port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      const ended = [...children].map((child) => once(child, 'exit'));
      for (const child of children) endGroup(child, 'SIGKILL');
      await Promise.all(ended);
      for (const connection of connections) connection.end();
      await closed;
    },
  };
}

function admitOnly(connection: Connection, userKey: Key): void {
  const expected = userKey.parsed.getPublicSSH();
  connection.on('authentication', (context) => {
    const known =
      context.method === 'publickey' && context.key.algo === userKey.parsed.type && context.key.data.equals(expected);
    if (!known) return context.reject(['publickey']);
    // Without a signature the client only asks whether this key would do.
    if (!context.signature || !context.blob) return context.accept();
    if (userKey.parsed.verify(context.blob, context.signature, context.hashAlgo) === true) context.accept();
    else context.reject(['publickey']);
  });
}

/** Joins a channel and a `sh`, with back-pressure both ways; the exit status goes out behind the last of the output. */
function startSh(channel: ServerChannel, argv: readonly string[], { root, commands }: SshServerOptions): ChildProcess {
  const { PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  const env = {
    PATH,
    HOME: root,
    SHELL: '/bin/sh',
    USER: 'lab',
    LOGNAME: 'lab',
    ...(commands && { KVMPLAY_COMMANDS: commands }),
  };
  // A process group of its own, so that what it started can be ended with it.
  const child = spawn('sh', argv, { cwd: root, env, detached: true });
  const { stdout, stderr } = outputsOf(channel);
  child.on('error', (error) => stderr.write(`kvmplay lab: cannot run sh in ${root}: ${error.message}\n`));
  child.stdin.on('error', () => {}); // It ended without reading all of its input.
  channel.pipe(child.stdin);
  child.stdout.pipe(stdout);
  child.stderr.pipe(stderr);

  // A client that goes hangs up on what it started. Nobody takes the rest of the output: it must not hold anything up.
  channel.once('close', () => {
    endGroup(child, 'SIGHUP');
    for (const output of [child.stdout, child.stderr]) output.unpipe().resume();
  });
  child.once('close', async (code, signal) => {
    channel.unpipe(child.stdin);
    channel.resume();
    await Promise.all([finished(stdout), finished(stderr)]);
    if (signal) channel.exit(signal.slice('SIG'.length));
    else channel.exit(code === null || code < 0 ? 127 : code);
    channel.end();
  });
  return child;
}

/**
 * A channel's two outputs, taking turns. ssh2 1.17 never forgets a chunk of stdout that once had to wait for the client's
 * window, and sends it again when stderr has to wait: so one at a time, and what is done with is forgotten for it.
 */
function outputsOf(channel: ServerChannel): { stdout: Writable; stderr: Writable } {
  let turn = Promise.resolve();
  const output = (stream: Writable): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        turn = turn.then(
          () =>
            new Promise((sent) => {
              Object.assign(channel, { _chunk: undefined, _chunkcb: undefined });
              stream.write(chunk, () => {
                sent();
                done();
              });
            }),
        );
      },
    });
  return { stdout: output(channel), stderr: output(channel.stderr) };
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself, or the client named a signal that this system lacks.
  }
}

/** Listens on `first` or the next free port. */
function listen(server: Server, first: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let port = first;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || port === 0 || port >= 65_535) return reject(error);
      port += 1;
      server.listen(port, '127.0.0.1');
    });
    server.once('listening', () => resolve((server.address() as AddressInfo).port));
    server.listen(port, '127.0.0.1');
  });
}
