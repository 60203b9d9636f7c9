import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey, noSshd, type Sshd } from '../support/sshd.ts';
import { nobody, openSite, run } from './site.ts';

const why = noSshd();

describe.skipIf(why)(`keys and a real sshd${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  const kinds = [
    { kind: 'ed25519' },
    { kind: 'ecdsa' },
    { kind: 'rsa' },
    { kind: 'rsa', format: 'PEM' },
    { kind: 'ecdsa', format: 'PKCS8' },
    { kind: 'ed25519', passphrase: 'open sesame' },
    { kind: 'rsa', passphrase: 'open sesame' },
    { kind: 'rsa', format: 'PEM', passphrase: 'open sesame' },
    { kind: 'ecdsa', format: 'PKCS8', passphrase: 'open sesame' },
  ].map((one) => ({ ...one, key: makeKey(site.folder, one.kind, one) }));
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await site.server({ authorizedKeys: kinds.map((one) => one.key.publicKey) });
  });
  afterAll(() => site.close());
  const variables = (path: string) => site.variables(sshd, { ansible_ssh_private_key_file: path });

  test.each(kinds.filter((one) => !one.passphrase))('lets in by a key of type $kind $format', async ({ key }) => {
    expect(await run(variables(key.path))).toBe('root\n');
  });

  test.each(kinds.filter((one) => one.passphrase))(
    'asks once for the passphrase of a key of type $kind $format, however many hosts it is for',
    async ({ key, passphrase = '' }) => {
      const ui = nobody([passphrase]);

      const outputs = await Promise.all([1, 2, 3].map(() => run(variables(key.path), undefined, { ui })));

      expect(outputs).toEqual(['root\n', 'root\n', 'root\n']);
      expect(ui.asked).toEqual([`Passphrase for key ${key.path}: `]);
    },
  );

  test('asks again for a passphrase that was wrong, three times at most', async () => {
    const key = kinds.find((one) => one.passphrase)?.key.path ?? '';
    const clumsy = nobody(['shut sesame', 'open sesame']);
    const stranger = nobody(['a', 'b', 'c', 'open sesame']);

    expect(await run(variables(key), undefined, { ui: clumsy })).toBe('root\n');
    await expect(run(variables(key), undefined, { ui: stranger })).rejects.toMatchObject({
      code: 'AuthFailed',
      message: expect.stringContaining('the passphrase was wrong three times'),
    });
    expect(stranger.asked).toHaveLength(3);
  });

  test('asks for no passphrase that would open nothing', async () => {
    const ui = nobody(['open sesame']);
    const key = makeKey(site.folder, 'ed25519', { passphrase: 'open sesame' });

    await expect(run(variables(key.path), undefined, { ui })).rejects.toMatchObject({ code: 'AuthFailed' });
    expect(ui.asked).toEqual([]);
  });

  test('says what was tried and what the server offers when no key fits', async () => {
    const key = makeKey(site.folder, 'ed25519');

    await expect(run(variables(key.path))).rejects.toMatchObject({
      code: 'AuthFailed',
      message: `kvm1: root@127.0.0.1 did not let us in: tried key ${key.path}; the server offers publickey`,
    });
  });

  test('says so when the key that was asked for is not there, or is no key', async () => {
    await expect(run(variables(join(site.folder, 'none')))).rejects.toMatchObject({
      code: 'PrivateKeyUnusable',
      message: `the private key ${join(site.folder, 'none')} does not exist`,
    });
    await expect(run(variables(`${site.key.path}.pub`))).rejects.toMatchObject({ code: 'PrivateKeyUnusable' });
  });

  describe('with a real ssh-agent', () => {
    const socket = join(site.folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    const held = kinds.filter((one) => !one.format).map((one) => one.key);
    const add = (path: string, passphrase: string) => {
      const ask = join(site.folder, 'ask.sh');
      execFileSync('sh', [
        '-c',
        'printf "#!/bin/sh\\necho \\"%s\\"\\n" "$1" >"$2"; chmod 700 "$2"',
        'sh',
        passphrase,
        ask,
      ]);
      execFileSync('ssh-add', ['-q', path], {
        env: { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: 'force' },
        stdio: 'pipe',
      });
    };
    beforeAll(async () => {
      while (!existsSync(socket)) await sleep(10);
      for (const key of held) add(key.path, 'open sesame');
    });
    afterAll(async () => {
      agent.kill();
      await once(agent, 'exit');
      rmSync(socket, { force: true });
    });
    const byAgent = (more: string, user = 'root') =>
      site.variables(sshd, {
        ansible_user: user,
        ansible_ssh_private_key_file: undefined,
        ansible_ssh_args: `-F ${join(site.folder, 'config')} -o IdentityAgent=${socket} ${more}`,
      });

    test('lets in by a key that the agent holds, and asks nobody', async () => {
      const ui = nobody();

      expect(await run(byAgent(''), undefined, { ui })).toBe('root\n');
      expect(ui.asked).toEqual([]);
    });

    test.each(held.map(({ path }) => ({ path })))('signs by the agent with every type of key', async ({ path }) => {
      const ui = nobody();

      expect(await run(byAgent(`-o IdentitiesOnly=yes -i ${path}`), undefined, { ui })).toBe('root\n');
      expect(ui.asked).toEqual([]);
    });

    test('puts the key that was asked for before all that the agent holds, which may be too many', async () => {
      for (let count = held.length; count < 8; count++) add(makeKey(site.folder, 'ed25519').path, '');
      const strict = await site.server({ config: ['MaxAuthTries 2'] });
      const variables = { ...byAgent(''), ansible_port: strict.port };

      expect(await run({ ...variables, ansible_ssh_private_key_file: site.key.path })).toBe('root\n');
      await expect(run(variables)).rejects.toMatchObject({
        code: 'AuthFailed',
        message: expect.stringMatching(/tried agent key .*Too many authentication failures/),
      });
    });

    test('tries no other key of the agent with IdentitiesOnly', async () => {
      const key = makeKey(site.folder, 'ed25519');

      await expect(run(byAgent(`-o IdentitiesOnly=yes -i ${key.path}`))).rejects.toMatchObject({
        message: expect.stringContaining(`tried key ${key.path};`),
      });
    });
  });
});
