import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tool } from '../support/tool.ts';
import { makeSite } from './site.ts';

const ansibleVault = tool('ansible-vault', 'ansible-core');

describe('kvmplay vault', () => {
  let site: ReturnType<typeof makeSite>;
  const old = ['--vault-id', 'dev@pw1'];
  const editor = (script: string) => {
    site.write('editor', `#!/bin/sh\n${script}\n`);
    chmodSync(join(site.folder, 'editor'), 0o755);
  };
  const edit = (...args: string[]) => site.kvmplay('vault', 'edit', ...args);
  const left = () => readdirSync('/dev/shm').filter((name) => name.startsWith('kvmplay-vault-'));
  beforeAll(() => {
    site = makeSite();
    site.write('pw1', 'one\n');
    site.write('pw2', 'two\n');
  });

  it('encrypts in place, views, edits, encrypts anew, decrypts; the mode stays', () => {
    site.write('s.yml', 'a: 1\n');
    chmodSync(join(site.folder, 's.yml'), 0o640);
    const headers: string[] = [];
    const step = (...args: string[]) => {
      const { status, err, out } = site.kvmplay('vault', ...args);
      expect([status, err]).toEqual([0, '']);
      headers.push(site.read('s.yml').split('\n')[0] ?? '');
      return out;
    };

    step('encrypt', 's.yml', ...old);
    expect(step('view', 's.yml', ...old)).toBe('a: 1\n');
    editor('echo "b: 2" >> "$1"');
    expect(edit('s.yml', ...old)).toMatchObject({ status: 0, err: '' });
    step('rekey', 's.yml', ...old, '--new-vault-id', 'prod@pw2');
    expect(site.kvmplay('vault', 'view', 's.yml', ...old)).toMatchObject({ status: 5, out: '' });
    step('decrypt', 's.yml', '--vault-id', 'prod@pw2');

    const v = '$ANSIBLE_VAULT;1.2;AES256;';
    expect(headers).toEqual([`${v}dev`, `${v}dev`, `${v}prod`, 'a: 1']);
    expect(site.read('s.yml')).toBe('a: 1\nb: 2\n');
    expect(statSync(join(site.folder, 's.yml')).mode & 0o777).toBe(0o640);
    expect(readdirSync(site.folder).filter((name) => name.startsWith('.s.yml'))).toEqual([]);
  });

  it.skipIf(!ansibleVault)('is read by ansible-vault, by pipes too', () => {
    site.write('b.yml', 'x: "ä"\n');
    site.kvmplay('vault', 'encrypt', 'b.yml', '--output', 'b.enc', '--vault-password-file', 'pw1');

    const done = spawnSync(ansibleVault ?? '', ['view', 'b.enc', '--vault-password-file', 'pw1'], { cwd: site.folder });

    expect(String(done.stdout)).toContain('x: "ä"\n');
    expect(site.read('b.yml')).toBe('x: "ä"\n');
  });

  it('writes values that a playbook takes, in the layout of ansible-vault', () => {
    const { out, status } = site.kvmplay('vault', 'encrypt_string', '-n', 'wanted', '10', ...old);
    site.write('group_vars/all.yml', out);
    site.write('p.yml', '- hosts: all\n  tasks:\n    - sysctl: { name: vm.swappiness, value: "{{ wanted }}" }\n');

    const run = site.kvmplay('run', 'p.yml', '-i', 'hosts', ...old);

    expect([status, run.status, run.err]).toEqual([0, 0, '']);
    expect(out).toMatch(/^wanted: !vault \|\n {10}\$ANSIBLE_VAULT;1\.2;AES256;dev\n(?: {10}[0-9a-f]{1,80}\n)+$/);
    expect(site.read('h1/proc/sys/vm/swappiness')).toBe('10\n');
  });

  it('encrypts again with the password that opened it, where two have one id', () => {
    site.write('e.yml', 'e: 1\n');
    site.kvmplay('vault', 'encrypt', 'e.yml', '--vault-password-file', 'pw2');
    editor('echo "f: 2" >> "$1"');

    const done = edit('e.yml', '--vault-password-file', 'pw1', '--vault-password-file', 'pw2');

    expect(done).toMatchObject({ status: 0, err: '' });
    expect(site.kvmplay('vault', 'view', 'e.yml', '--vault-password-file', 'pw2').out).toBe('e: 1\nf: 2\n');
  });

  it('creates a file that is not there, and leaves alone one that is', () => {
    editor('echo "new: 1" > "$1"');
    const create = () => site.kvmplay('vault', 'create', 'new.yml', ...old);

    expect(create()).toMatchObject({ status: 0, err: '' });
    const text = site.read('new.yml');
    const again = create();

    expect(text).toMatch(/^\$ANSIBLE_VAULT;1\.2;AES256;dev\n/);
    expect(site.kvmplay('vault', 'view', 'new.yml', ...old).out).toBe('new: 1\n');
    expect([again.status, site.read('new.yml'), left()]).toEqual([5, text, []]);
    expect(statSync(join(site.folder, 'new.yml')).mode & 0o777).toBe(0o600);
  });

  it('opens a vault with line ends of Windows', () => {
    site.write('w.yml', 'w: 1\n');
    site.kvmplay('vault', 'encrypt', 'w.yml', ...old);
    site.write('w.yml', site.read('w.yml').replaceAll('\n', '\r\n'));

    expect(site.kvmplay('vault', 'view', 'w.yml', ...old)).toMatchObject({ status: 0, out: 'w: 1\n' });
  });

  it.each([
    ['exit 3', 1],
    ["kill -TERM $(awk '{print $4}' /proc/$PPID/stat); sleep 1", null],
  ])('leaves the file as it was, and no plain text, when the editor does: %s', (script, status) => {
    site.write('c.yml', 'c: 1\n');
    site.kvmplay('vault', 'encrypt', 'c.yml', ...old);
    const before = site.read('c.yml');
    editor(`echo broken > "$1"; ${script}`);

    const done = edit('c.yml', ...old);

    expect(done.status).toBe(status);
    expect([site.read('c.yml'), left()]).toEqual([before, []]);
  });

  it.each([
    [['encrypt', 'd.enc', '--vault-password-file', 'pw1'], 'AlreadyEncrypted'],
    [['decrypt', 'd.yml', '--vault-password-file', 'pw1'], 'NotEncrypted'],
    [['encrypt', 'd.yml'], 'NoVaultPassword'],
    [['encrypt', 'd.yml', '--vault-id', 'a@pw1', '--vault-id', 'b@pw2'], 'WhichVaultId'],
    [['encrypt', 'd.yml', 'd.enc', '--output', 'x', '--vault-id', 'a@pw1'], 'BadFlags'],
    [['encrypt', 'd.yml', '--age-recipient', 'age1x'], 'BadAgeRecipient'],
    [['rekey', 'd.enc', '--vault-id', 'pw2', '--new-vault-password-file', 'pw1'], 'VaultLocked'],
  ])('refuses %j and writes nothing', (args, code) => {
    site.write('d.yml', 'd: 1\n');
    site.write('d.enc', '');
    site.kvmplay('vault', 'encrypt', 'd.yml', '--output', 'd.enc', '--vault-password-file', 'pw1');
    const before = [site.read('d.yml'), site.read('d.enc')];

    const { status, err } = site.kvmplay('vault', ...args);

    expect(status).toBe(5);
    expect(err).toContain(code);
    expect([site.read('d.yml'), site.read('d.enc')]).toEqual(before);
  });
});
