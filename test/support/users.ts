import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface User {
  readonly name: string;
  readonly home: string;
}

/** Real users of this machine, and their lines in sudoers, for as long as a test needs them. Only root can. */
export interface Users {
  add(options?: { password?: string; shell?: string; profile?: string }): User;
  /** Lines such as `NAME ALL=(ALL) ALL`. */
  allow(...lines: string[]): void;
  removeAll(): void;
}

export function openUsers(): Users {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-homes-'));
  chmodSync(folder, 0o755);
  const names: string[] = [];
  const sudoers: string[] = [];
  const unique = `${process.pid.toString(36)}${Math.random().toString(36).slice(2, 5)}`;
  return {
    add: ({ password, shell = '/bin/sh', profile } = {}) => {
      const name = `kvp${unique}${names.length}`;
      const home = join(folder, name);
      execFileSync('useradd', ['--no-log-init', '-M', '-d', home, '-s', shell, name], { stdio: 'pipe' });
      names.push(name);
      mkdirSync(home);
      if (password !== undefined) execFileSync('chpasswd', { input: `${name}:${password}\n`, stdio: 'pipe' });
      for (const file of profile === undefined ? [] : ['.profile', '.bashrc'])
        writeFileSync(join(home, file), profile ?? '');
      const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name])));
      chownSync(home, uid, gid);
      return { name, home };
    },
    allow: (...lines) => {
      const file = `/etc/sudoers.d/kvmplay-test-${unique}-${sudoers.length}`;
      writeFileSync(file, lines.map((line) => `${line}\n`).join(''), { mode: 0o440 });
      sudoers.push(file);
      execFileSync('visudo', ['-cqf', file], { stdio: 'pipe' });
    },
    removeAll: () => {
      for (const file of sudoers) rmSync(file, { force: true });
      // sudo's note of who has read the lecture, mail spools and groups go with the user.
      for (const name of names) {
        spawnSync('userdel', ['-f', name]);
        rmSync(`/var/lib/sudo/lectured/${name}`, { force: true });
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
