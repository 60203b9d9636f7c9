import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin', 'kvmplay.js');

/** A folder of a user's with an inventory of local directories as hosts, and the built command line to type in it. */
export function makeSite(hosts: readonly string[] = ['h1']) {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-cli-'));
  const write = (name: string, text: string | Buffer): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const host of hosts) {
    write(`${host}/proc/sys/vm/swappiness`, '60\n');
    write(`${host}/etc/hostname`, `${host}\n`);
  }
  const lines = hosts.map(
    (host) => `${host} ansible_connection=local kvmplay_root=${folder}/${host} ansible_become=false`,
  );
  write('hosts', `[hypervisors]\n${lines.join('\n')}\n`);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_STATE_HOME: join(folder, 'state'),
    EDITOR: join(folder, 'editor'),
  };
  const kvmplay = (...args: string[]) => {
    const done = spawnSync(process.execPath, [bin, ...args], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
    return { status: done.status, out: done.stdout, err: done.stderr };
  };
  return { folder, env, bin, write, read: (name: string) => readFileSync(join(folder, name), 'utf8'), kvmplay };
}
