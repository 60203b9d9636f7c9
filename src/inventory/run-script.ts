import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { complaintOf } from '../contract/index.ts';
import { mistake, UserError } from '../source/diagnostic.ts';

const OUTPUT_LIMIT = 64 * 1024 * 1024;

export interface ScriptOptions {
  readonly cwd: string;
  /** Milliseconds after which the script is killed, with all it started. */
  readonly timeoutMs: number;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Run an inventory script and give what it printed. Throws `UserError` (`InventoryScript`) when it cannot be run, fails,
 * takes too long or prints too much or no UTF-8.
 */
export function runScript(path: string, args: readonly string[], options: ScriptOptions): Promise<Output> {
  const command = [path, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const fail = (why: string, hint?: string) =>
      reject(
        new UserError([mistake('InventoryScript', `the inventory script \`${command}\` ${why}`, undefined, hint)]),
      );
    // A process group of its own, so that what the script started ends with it.
    const child = spawn(path, args, { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stop = (why: string) => {
      if (child.pid !== undefined) killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      fail(why);
    };
    const seconds = options.timeoutMs / 1000;
    const timer = setTimeout(() => stop(`did not end within ${seconds} seconds`), options.timeoutMs);
    const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let size = 0;
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > OUTPUT_LIMIT) stop(`printed more than ${OUTPUT_LIMIT} bytes`);
        else collected[name].push(chunk);
      });
    child.on('error', (error) => fail(`cannot be run: ${error.message}`, 'make it executable, with a #! line'));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const stderr = Buffer.concat(collected.stderr).toString();
      const complaint = complaintOf({ stdout: Buffer.concat(collected.stdout).toString(), stderr });
      const words = complaint === '' ? ' and said nothing' : `: ${complaint}`;
      if (signal) return fail(`was ended by signal ${signal} (${constants.signals[signal]})${words}`);
      if (code !== 0) return fail(`ended with status ${code}${words}`);
      try {
        resolve({
          stdout: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(collected.stdout)),
          stderr,
        });
      } catch {
        fail('printed bytes that are not UTF-8 text');
      }
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}
