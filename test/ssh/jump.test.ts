import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/transport/connect.ts';
import { targetOf } from '../../src/transport/target.ts';
import { makeKey, noSshd, type Sshd } from '../support/sshd.ts';
import { ask, nobody, openSite, run } from './site.ts';

const why = noSshd();

describe.skipIf(why)(`jump hosts, all of them real${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  let outer: Sshd;
  let inner: Sshd;
  let target: Sshd;
  beforeAll(async () => {
    [outer, inner, target] = await Promise.all([
      site.server({ addresses: ['127.0.3.1'] }),
      site.server({ addresses: ['127.0.3.2'] }),
      site.server({ addresses: ['127.0.3.3'] }),
    ]);
  });
  afterAll(() => site.close());
  const via = (args: string) => site.variables(target, { ansible_ssh_common_args: args });
  const client = ['sh', '-c', 'set -- $SSH_CONNECTION; echo "$1"'];

  function hosts(): string {
    return [
      `Host outer\n  HostName 127.0.3.1\n  Port ${outer.port}`,
      `Host inner\n  HostName 127.0.3.2\n  Port ${inner.port}`,
      'Host behind\n  HostName 127.0.3.2\n  ProxyJump outer',
      'Host loop1\n  ProxyJump loop2\nHost loop2\n  ProxyJump loop1',
    ].join('\n');
  }

  test.each([
    ['a ProxyJump by its name in the ssh configuration', () => '-J outer'],
    ['a ProxyJump by user and port', () => `-o ProxyJump=root@127.0.3.1:${outer.port} -i ${site.key.path}`],
    ['two hops', () => '-J outer,inner'],
    ['a hop that the ssh configuration puts behind another', () => `-J root@behind:${inner.port}`],
    ['a ProxyCommand', () => '-o ProxyCommand="ssh -W %h:%p -q outer"'],
    [
      'a ProxyCommand with options of its own',
      () => `-o ProxyCommand="ssh -W %h:%p -p ${outer.port} -i ${site.key.path} -l root 127.0.3.1"`,
    ],
  ])('reaches a host through %s', async (_, args) => {
    site.configure(`IdentityFile ${site.key.path}\n${hosts()}`);

    expect(await run(via(args()), client)).toMatch(/^127\./);
  });

  test('shares one connection to a jump host between all the hosts behind it', async () => {
    site.configure(`IdentityFile ${site.key.path}\n${hosts()}`);
    const before = outer.log().split('Accepted publickey').length;
    const ui = nobody();

    await Promise.all(Array.from({ length: 12 }, () => run(via('-J outer'), client, { ui })));

    expect(outer.log().split('Accepted publickey').length - before).toBe(1);
  });

  test('loses the hosts behind a jump host with it, at once', async () => {
    site.configure(`IdentityFile ${site.key.path}\n${hosts()}`);
    const remote = await connect(targetOf('kvm1', via('-J outer,inner')), nobody());

    outer.killSessions();

    await expect(ask(remote, ['sleep', '20'])).rejects.toMatchObject({ code: 'ConnectionLost' });
  });

  test("checks every hop's host key", async () => {
    const known = join(site.folder, 'known_without_inner');
    writeFileSync(known, outer.knownHosts + target.knownHosts);
    site.configure(`UserKnownHostsFile ${known}\nIdentityFile ${site.key.path}\n${hosts()}`);

    await expect(run(via('-J outer,inner'))).rejects.toMatchObject({
      code: 'HostKeyUnknown',
      message: expect.stringMatching(/^jump host inner: /),
    });
  });

  test('says which jump host did not let us in', async () => {
    const key = makeKey(site.folder, 'ed25519');
    site.configure(`Host outer\n  IdentityFile ${key.path}\nMatch all\n${hosts()}`);

    await expect(run(via('-J root@outer'))).rejects.toMatchObject({
      code: 'AuthFailed',
      message: expect.stringMatching(/^jump host outer: root@127\.0\.3\.1 did not let us in/),
    });
  });

  test('says that the jump host cannot reach the host', async () => {
    site.configure(`IdentityFile ${site.key.path}\n${hosts()}`);

    await expect(run({ ...via('-J root@outer'), ansible_host: '127.0.3.9' })).rejects.toMatchObject({
      code: 'JumpFailed',
      message: expect.stringContaining('the jump host cannot reach 127.0.3.9'),
    });
  });

  test('notices jump hosts that go by each other', async () => {
    site.configure(hosts());
    await expect(run(via('-J loop1'))).rejects.toMatchObject({ code: 'JumpFailed' });
  });

  test('cannot do any other ProxyCommand, and says so', async () => {
    site.configure(`IdentityFile ${site.key.path}\nProxyCommand nc -X 5 %h %p`);

    await expect(run(via(''))).rejects.toMatchObject({
      code: 'JumpFailed',
      message: expect.stringContaining('nc -X 5 %h %p'),
    });
  });
});
