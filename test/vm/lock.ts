import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDirectory } from '../support/cached-image.ts';

interface Lock {
  /** From now on the lock lasts as long as this process does. */
  heldBy(pid: number | undefined): void;
  release(): void;
}

/** Waits until no other emulated host runs under this cache. A lock whose process is gone is taken over. */
export async function lockMachine(seconds: number): Promise<Lock> {
  const path = join(cacheDirectory(), 'machine.lock');
  mkdirSync(cacheDirectory(), { recursive: true });
  const limit = Date.now() + seconds * 1000;
  while (!taken(path)) {
    if (Date.now() > limit) throw new Error(`another emulated host runs (process ${readFileSync(path, 'utf8')})`);
    await sleep(1000);
  }
  return {
    heldBy: (pid) => writeFileSync(path, String(pid ?? process.pid)),
    release: () => rmSync(path, { force: true }),
  };
}

function taken(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!runs(path)) rmSync(path, { force: true });
    return false;
  }
}

function runs(path: string): boolean {
  try {
    process.kill(Number(readFileSync(path, 'utf8')), 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
