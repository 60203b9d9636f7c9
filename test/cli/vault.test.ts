import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeAge } from '../../src/vault/age.ts';
import { writeEnvelope } from '../../src/vault/envelope.ts';
import { makeSite } from './site.ts';

const indented = (text: string) => text.trimEnd().replaceAll(/^/gm, '    ');
const sealed = (plain: string, password = 'pw1', label?: string) =>
  writeEnvelope(Buffer.from(plain), Buffer.from(password), label);

const SITE = `- name: Tune
  hosts: hypervisors
  vars_files: [secret.yml]
  tasks:
    - name: swappiness
      sysctl: { name: vm.swappiness, value: "{{ wanted }}" }
    - name: dirty
      when: from_file == "a{{b"
      sysctl: { name: vm.dirty_ratio, value: "{{ ratio }}" }
`;

describe('variables that are encrypted', () => {
  let site: ReturnType<typeof makeSite>;
  beforeAll(async () => {
    site = makeSite(['h1']);
    site.write('h1/proc/sys/vm/dirty_ratio', '20\n');
    site.write('site.yml', SITE);
    site.write('pw1', 'pw1\n');
    site.write('pw2', 'pw2\n');
    site.write('ask-client', '#!/bin/sh\n[ "$1 $2" = "--vault-id prod" ] && echo pw2\n');
    chmodSync(join(site.folder, 'ask-client'), 0o755);
    site.write('secret.yml', await sealed('from_file: !unsafe "a{{b"\nunused: x\n'));
    site.write('group_vars/all.yml', await sealed('ratio: 30\n', 'pw2', 'prod'));
    const inline = indented(await sealed('10', 'pw1'));
    const other = indented(await sealed('not needed', 'pw3', 'other'));
    site.write('host_vars/h1.yml', `wanted: !vault |\n${inline}\nunused: !vault |\n${other}\n`);
  });

  const ids = ['--vault-id', 'pw1', '--vault-id', 'prod@ask-client'];

  it('are opened by several ids, files and scripts; a value that is not used needs no password', () => {
    const { status, err } = site.kvmplay('run', 'site.yml', '-i', 'hosts', ...ids);
    const again = site.kvmplay('audit', 'site.yml', '-i', 'hosts', ...ids);

    expect([status, err, again.status]).toEqual([0, '', 0]);
    expect(site.read('h1/proc/sys/vm/swappiness')).toBe('10\n');
    expect(site.read('h1/proc/sys/vm/dirty_ratio')).toBe('30\n');
  });

  it.each([
    [[], 'VaultLocked', 'group_vars/all.yml:1:1', 'no vault password was given'],
    [['--vault-id', 'pw1'], 'VaultLocked', 'group_vars/all.yml:1:1', 'for the vault id "prod"'],
    [['--vault-id', 'pw2'], 'VaultLocked', 'secret.yml:1:1', '(tried: default)'],
    [['--vault-password-file', 'gone'], 'BadVaultPassword', 'gone', 'look at the path'],
    [['--vault-id', 'x@ask-client'], 'BadVaultPassword', 'ask-client', 'status 1'],
    [['-J'], 'BadVaultPassword', 'no terminal', '--vault-password-file'],
  ])('with %j are mistakes, found before any host is touched', (flags, ...said) => {
    const { status, err, out } = site.kvmplay('audit', 'site.yml', '-i', 'hosts', ...flags);

    expect([status, out]).toEqual([5, '']);
    for (const one of said) expect(err).toContain(one);
  });

  it('are mistakes at their place where they are used and nothing opens them', async () => {
    const folder = makeSite(['h1']);
    folder.write('site.yml', '- hosts: all\n  tasks:\n    - sysctl: { name: vm.swappiness, value: "{{ wanted }}" }\n');
    folder.write('host_vars/h1.yml', `wanted: !vault |\n${indented(await sealed('10'))}\n`);
    const damaged = makeSite(['h1']);
    damaged.write('site.yml', folder.read('site.yml'));
    damaged.write('host_vars/h1.yml', 'wanted: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  616\n');

    const locked = folder.kvmplay('audit', 'site.yml', '-i', 'hosts');
    const broken = damaged.kvmplay('audit', 'site.yml', '-i', 'hosts');

    expect([locked.status, broken.status]).toEqual([5, 5]);
    expect(locked.err).toMatch(/error\[VaultLocked\].*host_vars\/h1\.yml:1:16/s);
    expect(broken.err).toMatch(/error\[BadVault\].*host_vars\/h1\.yml:1:16/s);
  });

  it('may be encrypted by age, as values and as files', async () => {
    const folder = makeSite(['h1']);
    const identity = await generateIdentity();
    const to = await identityToRecipient(identity);
    folder.write('key', `# a key\n${identity}\n`);
    folder.write('site.yml', '- hosts: all\n  tasks:\n    - sysctl: { name: vm.swappiness, value: "{{ wanted }}" }\n');
    folder.write('group_vars/all.yml', await writeAge(Buffer.from('wanted: "{{ inner }}"\n'), [to]));
    folder.write('host_vars/h1.yml', `inner: !age |\n${indented(await writeAge(Buffer.from('10'), [to]))}\n`);

    const without = folder.kvmplay('audit', 'site.yml', '-i', 'hosts');
    const { status, err } = folder.kvmplay('run', 'site.yml', '-i', 'hosts', '--age-identity', 'key');

    expect(without.err).toContain('VaultLocked');
    expect([without.status, status, err]).toEqual([5, 0, '']);
    expect(folder.read('h1/proc/sys/vm/swappiness')).toBe('10\n');
  });
});
