import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where images are kept between runs: $KVMPLAY_CACHE, else the user's cache directory. */
export function cacheDirectory(): string {
  return process.env.KVMPLAY_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kvmplay');
}

/** The folder that a recipe's `build.sh` fills, built now unless this very recipe has been built before. */
export function cachedImage(recipe: string, what: string): string {
  const directory = join(cacheDirectory(), `${what.replaceAll(' ', '-')}-${hashOf(recipe)}`);
  if (!existsSync(directory)) build(recipe, what, directory);
  return directory;
}

function build(recipe: string, what: string, directory: string): void {
  mkdirSync(cacheDirectory(), { recursive: true });
  const unfinished = mkdtempSync(join(cacheDirectory(), 'building-'));
  console.error(`kvmplay: building the ${what} (mmdebstrap) …`);
  const { status } = spawnSync('timeout', ['900', 'sh', join(recipe, 'build.sh'), unfinished], {
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) renameSync(unfinished, directory);
  else rmSync(unfinished, { recursive: true, force: true });
  if (status !== 0) throw new Error(`${recipe}/build.sh failed with status ${status}; its words are above`);
}

function hashOf(recipe: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(recipe).sort()) hash.update(`${name}\0`).update(readFileSync(join(recipe, name)));
  return hash.digest('hex').slice(0, 16);
}
