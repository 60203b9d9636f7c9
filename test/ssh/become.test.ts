import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noSshd, type Sshd } from '../support/sshd.ts';
import { openUsers, type User } from '../support/users.ts';
import { openSite, run } from './site.ts';

const why = noSshd();
const PASSWORD = `p4$s "wörd'`;
const NOISE = 'echo "Welcome! Password: "\necho "mind the gap" >&2\nprintf "no newline"\n';

describe.skipIf(why)(`sudo, su and login shells, all of them real${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  const users = openUsers();
  let sshd: Sshd;
  let free: User;
  let asked: User;
  let nobody: User;
  let other: User;
  beforeAll(async () => {
    free = users.add({ shell: '/bin/bash', profile: NOISE });
    asked = users.add({ shell: '/bin/bash', profile: NOISE, password: PASSWORD });
    nobody = users.add({ password: PASSWORD });
    other = users.add({ password: PASSWORD });
    users.allow(
      `${free.name} ALL=(ALL) NOPASSWD: ALL`,
      `${asked.name} ALL=(ALL) ALL`,
      `Defaults:${asked.name} lecture=always, timestamp_timeout=0`,
    );
    sshd = await site.server();
  });
  afterAll(async () => {
    await site.close();
    users.removeAll();
  });
  const as = (user: User, more: Record<string, unknown>) =>
    run(site.variables(sshd, { ansible_user: user.name, ...more }));

  describe('sudo', () => {
    test('becomes root without a password', async () => {
      expect(await as(free, { ansible_become: true })).toBe('root\n');
    });

    test('becomes somebody else', async () => {
      expect(await as(free, { ansible_become: true, ansible_become_user: other.name })).toBe(`${other.name}\n`);
    });

    test.each([
      ['when it asks', () => asked],
      ['when it does not ask', () => free],
    ])('becomes root with a password %s, through the lecture and a noisy profile', async (_, user) => {
      expect(await as(user(), { ansible_become: 'yes', ansible_become_password: PASSWORD })).toBe('root\n');
    });

    test('takes the password from the flags', async () => {
      const variables = site.variables(sshd, { ansible_user: asked.name });

      expect(await run(variables, undefined, { flags: { become: true, becomePassword: PASSWORD } })).toBe('root\n');
    });

    test('carries bytes of any kind, without a terminal in between', async () => {
      const bytes = String.raw`\000\001\003\004\015\012\021\023\032\177\377`;

      expect(
        await run(
          site.variables(sshd, { ansible_user: asked.name, ansible_become: true, ansible_become_password: PASSWORD }),
          ['sh', '-c', `printf '${bytes}' | od -An -tx1; test -t 0 || echo no terminal`],
        ),
      ).toBe(' 00 01 03 04 0d 0a 11 13 1a 7f ff\nno terminal\n');
    });

    test('says that a password is needed', async () => {
      await expect(as(asked, { ansible_become: true })).rejects.toMatchObject({
        code: 'BecomePasswordNeeded',
        message: 'kvm1: cannot become root by sudo: it wants a password',
        hint: 'give it with -K or ansible_become_password',
      });
    });

    test('says that the password is wrong, and not what it was', async () => {
      const error = await as(asked, { ansible_become: true, ansible_become_password: 'not it' }).catch((one) => one);

      expect(error).toMatchObject({ code: 'BecomePasswordWrong' });
      expect(JSON.stringify(error) + error.message).not.toContain('not it');
    });

    test('says that the user is not in the sudoers file', async () => {
      await expect(as(nobody, { ansible_become: true, ansible_become_password: PASSWORD })).rejects.toMatchObject({
        code: 'BecomeFailed',
        message: expect.stringContaining('is not in the sudoers file'),
      });
    });

    test('says that sudo wants a terminal', async () => {
      const user = users.add();
      users.allow(`${user.name} ALL=(ALL) NOPASSWD: ALL`, `Defaults:${user.name} requiretty`);

      await expect(as(user, { ansible_become: true })).rejects.toMatchObject({
        code: 'BecomeFailed',
        hint: expect.stringContaining('requiretty'),
      });
    });

    test('says that there is no such user', async () => {
      await expect(as(free, { ansible_become: true, ansible_become_user: 'nobody-here' })).rejects.toMatchObject({
        code: 'BecomeFailed',
        message: expect.stringContaining('nobody-here'),
      });
    });

    test('is left alone by root, who needs none', async () => {
      expect(await run(site.variables(sshd, { ansible_become: true }))).toBe('root\n');
    });
  });

  describe('su', () => {
    const su = (more: Record<string, unknown>) => ({
      ansible_become: true,
      ansible_become_method: 'su',
      ansible_become_user: other.name,
      ...more,
    });

    test('becomes another with their password, through a noisy profile that speaks of passwords', async () => {
      expect(await as(asked, su({ ansible_become_password: PASSWORD }))).toBe(`${other.name}\n`);
    });

    test('needs no password of root', async () => {
      expect(await run(site.variables(sshd, su({})))).toBe(`${other.name}\n`);
    });

    test('says that the password is wrong, or needed', async () => {
      await expect(as(asked, su({ ansible_become_password: 'wrong' }))).rejects.toMatchObject({
        code: 'BecomePasswordWrong',
      });
      await expect(as(asked, su({}))).rejects.toMatchObject({ code: 'BecomePasswordNeeded' });
    });
  });

  test.each(['/bin/bash', '/bin/dash', 'busybox'])('works for a user whose login shell is %s', async (name) => {
    const shell = name === 'busybox' ? join(sshdFolder(), 'ash') : name;
    if (name === 'busybox') symlinkSync('/bin/busybox', shell);
    const user = users.add({ shell, profile: NOISE });
    users.allow(`${user.name} ALL=(ALL) NOPASSWD: ALL`);

    expect(await as(user, {})).toBe(`${user.name}\n`);
    expect(await as(user, { ansible_become: true })).toBe('root\n');
  });

  test('says what a login shell that lets nobody in has to say', async () => {
    const user = users.add({ shell: '/usr/sbin/nologin' });

    await expect(as(user, {})).rejects.toMatchObject({ message: expect.stringContaining('exit status 1') });
    // On a busy machine it may be gone before the question for a password is written.
    const code = expect.stringMatching(/^(BecomeFailed|ConnectionLost)$/);
    await expect(as(user, { ansible_become: true })).rejects.toMatchObject({ code });
  });

  test('works locally, as oneself', async () => {
    expect(await run({ ansible_connection: 'local', ansible_become: true })).toBe('root\n');
    expect(await run({ ansible_connection: 'local', ansible_become: true, ansible_become_user: other.name })).toBe(
      `${other.name}\n`,
    );
  });

  /** A folder that others may enter. */
  function sshdFolder(): string {
    return free.home.slice(0, free.home.lastIndexOf('/'));
  }
});
