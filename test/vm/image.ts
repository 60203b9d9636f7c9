import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';

const RECIPE = join('test', 'vm', 'image');

/** The emulated host's files: a raw root disk to put overlays on, what boots it, and the key that opens it. */
export interface Image {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly key: string;
  /** The host key's type and blob, as in known_hosts. */
  readonly hostKey: string;
}

/** Builds the image, or finds the one that this recipe made before. Building takes one to three minutes. */
export function ensureImage(): Image {
  const directory = join(cacheDirectory(), `image-${recipeHash()}`);
  if (!existsSync(directory)) build(directory);
  const at = (name: string) => join(directory, name);
  return {
    disk: at('disk.raw'),
    kernel: at('vmlinuz'),
    initrd: at('initrd'),
    key: at('id'),
    hostKey: readFileSync(at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ').trim(),
  };
}

function build(directory: string): void {
  mkdirSync(cacheDirectory(), { recursive: true });
  const unfinished = mkdtempSync(join(cacheDirectory(), 'building-'));
  console.error('kvmplay: building the emulated host (mmdebstrap) …');
  const { status } = spawnSync('timeout', ['900', 'sh', join(RECIPE, 'build.sh'), unfinished], {
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) renameSync(unfinished, directory);
  else rmSync(unfinished, { recursive: true, force: true });
  if (status !== 0) throw new Error(`${RECIPE}/build.sh failed with status ${status}; its words are above`);
}

function recipeHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(RECIPE).sort()) hash.update(`${name}\0`).update(readFileSync(join(RECIPE, name)));
  return hash.digest('hex').slice(0, 16);
}
