import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CouldNot } from './exit.ts';

const SHARED_MEMORY = '/dev/shm';

/**
 * A secret text in the user's editor (`$VISUAL`, `$EDITOR`, `vi`), in a private folder in memory where there is one. `keep`
 * is given what comes out; the folder is wiped whatever happens. Throws `CouldNot` when the editor fails: nothing is kept.
 */
export async function editText(text: Buffer, keep: (edited: Buffer) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'kvmplay-vault-'));
  const file = join(folder, 'plain.yml');
  const wipe = () => wiped(folder, file);
  // The editor has the terminal: what is typed there is meant for it.
  const ignore = () => {};
  const end = (signal: NodeJS.Signals) => {
    wipe();
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
  };
  process.on('SIGINT', ignore);
  process.once('SIGTERM', end);
  process.once('SIGHUP', end);
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    await runEditor(file);
    await keep(readFileSync(file));
  } finally {
    wipe();
    process.removeListener('SIGINT', ignore);
    process.removeListener('SIGTERM', end);
    process.removeListener('SIGHUP', end);
  }
}

/** `$EDITOR` may have arguments, as `code --wait` has. */
async function runEditor(file: string): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  const status = await new Promise<number | null>((resolve, reject) => {
    const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (status !== 0)
    throw new CouldNot(
      `the editor ${editor} ended with status ${status}: nothing was changed`,
      'name another with EDITOR',
    );
}

/** Written over before it is removed; editors leave copies beside it, which go with the folder. */
function wiped(folder: string, file: string): void {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile()) writeFileSync(file, randomBytes(stat.size));
  rmSync(folder, { recursive: true, force: true });
}
