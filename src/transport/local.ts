import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import type { Channel } from './channel.ts';

/** How long the last output of a process that has ended may take to arrive. */
const DRAIN_MS = 300;

/** A process of this machine: `sh`, or what is to become one (`sudo sh`). In a session of its own, so that Ctrl-C is ours. */
export function localChannel(command: readonly [string, ...string[]] = ['sh']): Channel {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: 'pipe', detached: true, cwd: '/' });
  const stderr = new PassThrough();
  child.stderr.pipe(stderr);
  const closed = new Promise<Awaited<Channel['closed']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
    // What it started may live on and keep its streams open.
    child.on('exit', (code, signal) => setTimeout(resolve, DRAIN_MS, { code, signal }).unref());
    child.on('error', (error) => {
      stderr.end(error.message);
      resolve({ code: null, signal: null });
    });
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr,
    closed,
    kill: () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    },
  };
}
