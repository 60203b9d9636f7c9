import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface Shell {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** The shells that hosts have as `sh`, as far as this machine has them; under CI all have to be there. */
export function shells(): Shell[] {
  const places = mkdtempSync(join(tmpdir(), 'kvmplay-shells-'));
  afterAll(() => rmSync(places, { recursive: true, force: true }));
  const found: Shell[] = [];
  const dash = program('dash');
  if (dash) found.push({ name: 'dash', command: [dash] });
  const bash = program('bash');
  if (bash) {
    symlinkSync(bash, join(places, 'sh'));
    found.push({ name: 'bash called as sh', command: [join(places, 'sh')] });
  }
  const busybox = program('busybox');
  if (busybox) {
    found.push({ name: 'busybox sh with GNU tools', command: [busybox, 'sh'] });
    const applets = mkdtempSync(join(places, 'applets-'));
    for (const name of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n'))
      symlinkSync(busybox, join(applets, name));
    found.push({ name: 'busybox alone', command: ['/usr/bin/env', '-i', `PATH=${applets}`, join(applets, 'sh')] });
  }
  if (process.env.CI && found.length < 4) throw new Error('CI has to have dash, bash and busybox');
  return found;
}

const program = (name: string): string | undefined =>
  ['/usr/bin', '/bin', '/usr/local/bin'].map((place) => join(place, name)).find((path) => existsSync(path));
