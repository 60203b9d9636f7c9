import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey, noSshd, type Sshd } from '../support/sshd.ts';
import { nobody, openSite, run } from './site.ts';

const why = noSshd();

describe.skipIf(why)(`host keys and a real sshd${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  let sshd: Sshd;
  let file = 0;
  beforeAll(async () => {
    sshd = await site.server({ hostKeyTypes: ['ed25519', 'ecdsa', 'rsa'] });
  });
  afterAll(() => site.close());

  const host = () => `[127.0.0.1]:${sshd.port}`;
  const keyOf = (type: string) => (sshd.hostKeys[type] ?? '').split(' ').slice(0, 2).join(' ');
  const fingerprint = (publicKey: string) =>
    execFileSync('ssh-keygen', ['-lf', '-'], { input: publicKey, encoding: 'utf8' }).split(' ')[1] ?? '';
  /** With a known_hosts file of exactly these lines. */
  const knowing = (lines: string, more = '') => {
    const path = join(site.folder, `known_${file++}`);
    writeFileSync(path, lines);
    return {
      path,
      variables: site.variables(sshd, {
        ansible_ssh_common_args: `-o UserKnownHostsFile=${path} ${more}`,
      }),
    };
  };
  const stranger = makeKey(site.folder, 'ed25519').publicKey.split(' ').slice(0, 2).join(' ');

  test.each(['ed25519', 'ecdsa', 'rsa'])('asks the server for the %s key when that is the one known', async (type) => {
    const { variables } = knowing(`${host()} ${keyOf(type)}\n`);

    expect(await run(variables)).toBe('root\n');
  });

  test('asks the server for a key known under a hashed name, whatever its type', async () => {
    const { path, variables } = knowing(`${host()} ${keyOf('rsa')}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', path], { stdio: 'pipe' });

    expect(readFileSync(path, 'utf8')).toMatch(/^\|1\|/);
    expect(await run(variables)).toBe('root\n');
  });

  test.each([
    ['a pattern', () => `[127.0.0.*]:${sshd.port}`],
    ['one of several names', () => `elsewhere,${host()}`],
    ['the same host on port 22', () => '127.0.0.1'],
    ['patterns of which another is negated', () => `!otherhost,*`],
  ])('takes a key known by %s', async (_, names) => {
    expect(await run(knowing(`# a comment\n\n${names()} ${keyOf('ed25519')} me@here\n`).variables)).toBe('root\n');
  });

  test('refuses an unknown key, with its fingerprint and how to add it', async () => {
    const { path, variables } = knowing(`!${host()},!127.0.0.1,* ${keyOf('ed25519')}\nother ${stranger}\n`);

    await expect(run(variables)).rejects.toMatchObject({
      code: 'HostKeyUnknown',
      message: `kvm1: the host key ssh-ed25519 ${fingerprint(keyOf('ed25519'))} of ${host()} is not known`,
      hint: expect.stringContaining(`ssh-keyscan -p ${sshd.port} -t ed25519 127.0.0.1 >> ${path}`),
    });
  });

  test('can be told how to add a key, and it works as told', async () => {
    const { variables } = knowing('');
    const error = await run(variables).catch((one: { hint: string }) => one);
    const [, command = ''] = /add it: (ssh-keyscan [^;]*);/.exec(typeof error === 'string' ? '' : error.hint) ?? [];

    execFileSync('sh', ['-c', command], { stdio: 'pipe' });

    expect(await run(variables)).toBe('root\n');
  });

  test('refuses a changed key and names the line, even where new keys are accepted', async () => {
    const { path, variables } = knowing(`# one\n${host()} ${stranger}\n`, '-o StrictHostKeyChecking=no');

    await expect(run(variables, undefined, { flags: { acceptNewHostKeys: true } })).rejects.toMatchObject({
      code: 'HostKeyChanged',
      message: expect.stringContaining(`${path}:2 has ${fingerprint(stranger)}`),
      hint: expect.stringContaining(`ssh-keygen -f ${path} -R '${host()}'`),
    });
    expect(readFileSync(path, 'utf8')).toBe(`# one\n${host()} ${stranger}\n`);
  });

  test('refuses a server that has no key of the types known for it', async () => {
    const only = await site.server({ unknown: true });
    const { variables } = knowing(`[127.0.0.1]:${only.port} ${keyOf('rsa')}\n`);

    await expect(
      run({ ...variables, ansible_port: only.port }, undefined, { flags: { acceptNewHostKeys: true } }),
    ).rejects.toMatchObject({ code: 'HostKeyChanged', message: expect.stringContaining('of another type') });
  });

  test.each([
    ['by its name', () => `${host()} ${keyOf('ed25519')}\n@revoked ${host()} ${keyOf('ed25519')}\n`],
    ['everywhere', () => `@revoked * ${keyOf('ed25519')}\n${host()} ${keyOf('ed25519')}\n`],
    ['and otherwise unknown', () => `@revoked * ${keyOf('ed25519')}\n`],
  ])('refuses a key that is revoked %s', async (_, lines) => {
    await expect(
      run(knowing(lines()).variables, undefined, { flags: { acceptNewHostKeys: true } }),
    ).rejects.toMatchObject({ code: 'HostKeyRevoked' });
  });

  test('refuses where only a certificate authority is known', async () => {
    const { path, variables } = knowing(`@cert-authority * ${stranger}\n`);

    await expect(run(variables, undefined, { flags: { acceptNewHostKeys: true } })).rejects.toMatchObject({
      code: 'HostKeyUnknown',
      message: expect.stringContaining(`a certificate authority is (${path}:1)`),
    });
  });

  describe('accepting new keys', () => {
    test.each([
      ['by the flag', {}, { acceptNewHostKeys: true }],
      ['by StrictHostKeyChecking=accept-new', { ansible_ssh_extra_args: '-o StrictHostKeyChecking=accept-new' }, {}],
      ['by StrictHostKeyChecking=no', { ansible_ssh_extra_args: '-o StrictHostKeyChecking=no' }, {}],
      ['by ansible_host_key_checking', { ansible_host_key_checking: 'false' }, {}],
    ])('notes a new key once and for all %s', async (_, more, flags) => {
      const { path, variables } = knowing('no-newline ssh-ed25519 AAAA');
      const ui = nobody();

      await run({ ...variables, ...more }, undefined, { flags, ui });
      await run(variables);

      expect(readFileSync(path, 'utf8')).toBe(`no-newline ssh-ed25519 AAAA\n${host()} ${keyOf('ed25519')}\n`);
      expect(ui.notices).toHaveLength(1);
    });

    test('hashes the names where HashKnownHosts says so, as ssh-keygen finds them', async () => {
      const { path, variables } = knowing('', '-o HashKnownHosts=yes');

      await run(variables, undefined, { flags: { acceptNewHostKeys: true } });

      expect(readFileSync(path, 'utf8')).toMatch(/^\|1\|\S+\|\S+ ssh-ed25519 \S+\n$/);
      expect(execFileSync('ssh-keygen', ['-F', host(), '-f', path], { encoding: 'utf8' })).toContain('found: line 1');
      expect(await run(variables)).toBe('root\n');
    });

    test('loses no key when many hosts are new at once', async () => {
      const addresses = Array.from({ length: 16 }, (_, index) => `127.0.2.${index + 1}`);
      const many = await site.server({ addresses, unknown: true });
      const { path, variables } = knowing('');
      const ui = nobody();

      await Promise.all(
        addresses.map((ansible_host) =>
          run({ ...variables, ansible_host, ansible_port: many.port }, undefined, {
            ui,
            flags: { acceptNewHostKeys: true },
          }),
        ),
      );

      const lines = readFileSync(path, 'utf8').trimEnd().split('\n').sort();
      expect(lines).toEqual(
        addresses.map((address) => `[${address}]:${many.port} ${many.hostKeys.ed25519?.replace(/ kvm.*/, '')}`).sort(),
      );
    });

    test('says so when the key cannot be noted', async () => {
      const { variables } = knowing('');
      const args = `-o UserKnownHostsFile=${site.key.path}/known_hosts`;

      await expect(
        run({ ...variables, ansible_ssh_common_args: args }, undefined, { flags: { acceptNewHostKeys: true } }),
      ).rejects.toMatchObject({ code: 'HostKeyUnknown', message: expect.stringContaining('cannot be noted') });
    });
  });
});
