import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noSshd } from '../support/sshd.ts';
import { openUsers, type User } from '../support/users.ts';
import { nobody, openSite, run } from './site.ts';

const why = noSshd();
const PASSWORD = `p4$s "wörd'`;

describe.skipIf(why)(`passwords and a real sshd${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  const users = openUsers();
  let user: User;
  beforeAll(() => {
    user = users.add({ password: PASSWORD });
  });
  afterAll(async () => {
    await site.close();
    users.removeAll();
  });
  const byPassword = (password: string | undefined, more = {}) => ({
    ansible_user: user.name,
    ansible_password: password,
    ansible_ssh_private_key_file: undefined,
    ...more,
  });

  test.each([
    { method: 'password', config: ['PasswordAuthentication yes'] },
    { method: 'keyboard-interactive', config: ['KbdInteractiveAuthentication yes'] },
  ])('lets in by $method, and keeps a wrong one to itself', async ({ method, config }) => {
    const sshd = await site.server({ config });

    expect(await run(site.variables(sshd, byPassword(PASSWORD)))).toBe(`${user.name}\n`);
    const refused = await run(site.variables(sshd, byPassword('not it at all'))).catch((error: unknown) => error);

    expect(refused).toMatchObject({
      code: 'AuthFailed',
      message: `kvm1: ${user.name}@127.0.0.1 did not let us in: tried ${method}; the server offers publickey, ${method}`,
    });
    expect(JSON.stringify(refused)).not.toContain('not it at all');
  });

  test('guesses a wrong password once, though the server would take it in two ways', async () => {
    const sshd = await site.server({ config: ['PasswordAuthentication yes', 'KbdInteractiveAuthentication yes'] });

    await expect(run(site.variables(sshd, byPassword('wrong')))).rejects.toMatchObject({ code: 'AuthFailed' });

    expect(sshd.log().match(/Failed (password|keyboard)/g)).toEqual(['Failed password']);
  });

  test('takes the password from the flags where the inventory has none', async () => {
    const sshd = await site.server({ config: ['PasswordAuthentication yes'] });
    const variables = site.variables(sshd, byPassword(undefined));

    expect(await run(variables, undefined, { flags: { password: PASSWORD } })).toBe(`${user.name}\n`);
    await expect(run(variables)).rejects.toMatchObject({
      code: 'AuthFailed',
      hint: 'give a password with -k or ansible_password, or a key with --private-key',
    });
  });

  test.each(['publickey,password', 'password,publickey', 'publickey,keyboard-interactive'])(
    'gives the server both when it wants %s',
    async (methods) => {
      const sshd = await site.server({
        config: ['PasswordAuthentication yes', 'KbdInteractiveAuthentication yes', `AuthenticationMethods ${methods}`],
      });

      const both = site.variables(sshd, byPassword(PASSWORD, { ansible_ssh_private_key_file: site.key.path }));

      expect(await run(both)).toBe(`${user.name}\n`);
    },
  );

  test('says that the password has expired', async () => {
    const old = users.add({ password: PASSWORD });
    const chage = spawn('chage', ['-d', '0', old.name]);
    await new Promise((resolve) => chage.once('exit', resolve));
    const sshd = await site.server({ config: ['PasswordAuthentication yes'] });

    const outcome = run(site.variables(sshd, byPassword(PASSWORD, { ansible_user: old.name })), undefined, {
      ui: nobody(),
    });

    await expect(outcome).rejects.toThrow(/expired|change/i);
  });
});
