import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layoutOf, layTree } from '../../src/lab/tree.ts';
import { scratchFolder } from '../support/scratch.ts';

const machine = {
  'proc/sys/vm/swappiness': '60\n',
  '/etc/hosts': '127.0.0.1 localhost\n',
  bin: { link: 'usr/bin' },
  'usr/bin': { dir: true },
  'sys/kernel/mm/ksm/run': '0\n',
} as const;
let root: string;
const at = (path: string): string => join(root, path);

beforeEach(() => {
  root = scratchFolder('kvmplay-tree');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a tree', () => {
  it('has every file, link and directory of its machine, and what each host needs', () => {
    layTree(root, layoutOf(machine));

    expect(readFileSync(at('proc/sys/vm/swappiness'), 'utf8')).toBe('60\n');
    expect(readFileSync(at('etc/hosts'), 'utf8')).toBe('127.0.0.1 localhost\n');
    expect(readlinkSync(at('bin'))).toBe('usr/bin');
    for (const dir of ['usr/bin', 'etc/sysctl.d', 'tmp']) expect(statSync(at(dir)).isDirectory()).toBe(true);
  });

  it('has in a host the texts that are its own', () => {
    layTree(root, layoutOf(machine, { 'proc/sys/vm/swappiness': '10\n', 'etc/sysctl.d/local.conf': 'x = 1\n' }));

    expect(readFileSync(at('proc/sys/vm/swappiness'), 'utf8')).toBe('10\n');
    expect(readFileSync(at('etc/sysctl.d/local.conf'), 'utf8')).toBe('x = 1\n');
  });

  it.each([
    ['a knob that was written to', 'echo 10 > proc/sys/vm/swappiness'],
    ['a text that grew', 'echo >> etc/hosts'],
    ['a text that was emptied', ': > etc/hosts'],
    ['a file that was removed', 'rm sys/kernel/mm/ksm/run'],
    ['a folder that was removed', 'rm -r sys'],
    ['a file that was added', 'echo x > etc/sysctl.d/90-new.conf'],
    ['a folder that was added', 'mkdir -p etc/a/b'],
    ['a file that became a link', 'ln -sf /etc/hosts etc/hosts'],
    ['a folder that became a file', 'rmdir usr/bin; : > usr/bin'],
    ['a folder that became a link', 'rm -r etc; ln -s /etc etc'],
    ['a link that points elsewhere', 'rm bin; ln -s /bin bin'],
    ['a mode', 'chmod 600 etc/hosts'],
  ])('that has been worked on is put back: %s', (_what, damage) => {
    layTree(root, layoutOf(machine));
    const before = picture();
    execFileSync('sh', ['-c', damage], { cwd: root });
    expect(picture()).not.toEqual(before);

    layTree(root, layoutOf(machine));

    expect(picture()).toEqual(before);
  });

  it('is not written to where it is as it should be', () => {
    layTree(root, layoutOf(machine));
    const before = statSync(at('etc/hosts'), { bigint: true });

    layTree(root, layoutOf(machine));

    expect(statSync(at('etc/hosts'), { bigint: true })).toMatchObject({ ino: before.ino, ctimeNs: before.ctimeNs });
  });

  it('never reaches outside its root', () => {
    expect(() => layoutOf({ '../../outside': 'x' })).toThrow('outside its root');
    expect(() => layoutOf({ 'etc/a': 'x', etc: { link: '/etc' } })).toThrow('below etc');
    expect(() => layoutOf({ etc: { link: '/etc' }, 'etc/a': 'x' })).toThrow('below etc');
    expect([...layoutOf({ tmp: { link: '/tmp' }, var: { link: '/var' } }).keys()]).not.toContain('tmp');
  });
});

/** Every path with its kind, its mode and what it holds. */
function picture(folder = root): readonly unknown[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      const stat = lstatSync(path);
      const text = stat.isFile() ? readFileSync(path, 'utf8') : stat.isSymbolicLink() && readlinkSync(path);
      return [[path, stat.mode, text], ...(stat.isDirectory() ? picture(path) : [])];
    });
}
