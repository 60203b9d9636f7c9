import { readFileSync } from 'node:fs';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Remote } from '../../src/contract/index.ts';
import { connect } from '../../src/transport/connect.ts';
import { targetOf } from '../../src/transport/target.ts';
import { freePort, makeKey, noSshd, type Sshd } from '../support/sshd.ts';
import { ask, nobody, openSite, run } from './site.ts';

const why = noSshd();

describe.skipIf(why)(`many hosts, and hosts in trouble${why ? ` (skipped: ${why})` : ''}`, () => {
  const site = openSite();
  afterAll(() => site.close());
  const open = (sshd: Sshd, more = {}, ui = nobody(), name = 'kvm1') =>
    connect(targetOf(name, site.variables(sshd, more)), ui);

  describe('fifty hosts', () => {
    let servers: Sshd[];
    beforeAll(async () => {
      const addresses = (from: number) => Array.from({ length: 13 }, (_, index) => `127.0.1.${from + index}`);
      servers = await Promise.all([1, 14, 27, 40].map((from) => site.server({ addresses: addresses(from) })));
    });
    const everywhere = (then: (remote: Remote, index: number) => Promise<unknown>) => {
      const ui = nobody();
      const hosts = servers
        .flatMap((sshd) => sshd.addresses.map((ansible_host) => ({ sshd, ansible_host })))
        .slice(0, 50);
      return Promise.all(
        hosts.map(async ({ sshd, ansible_host }, index) => then(await open(sshd, { ansible_host }, ui), index)),
      );
    };

    test('are all reached at once, and asked twice over the same connection', { timeout: 90_000 }, async () => {
      const outputs = await everywhere(async (remote, index) => {
        const first = await ask(remote, ['echo', String(index)]);
        const second = await ask(remote, ['echo', String(index)]);
        await remote.close();
        return [first, second, remote.roundTrips];
      });

      expect(outputs).toEqual(
        Array.from({ length: 50 }, (_, index) => {
          const echoed = { is: 'output', status: 0, stdout: `${index}\n`, stderr: '' };
          return [echoed, echoed, 2];
        }),
      );
    });

    test('go on undisturbed when one server dies, whose hosts are lost at once', async () => {
      const [dying, ...others] = await Promise.all(servers.map((sshd) => open(sshd, {}, nobody(), `on ${sshd.port}`)));
      const hanging = dying && ask(dying, ['sleep', '20']);
      const lost = expect(hanging).rejects.toMatchObject({
        code: 'ConnectionLost',
        message: expect.stringContaining(`on ${servers[0]?.port}`),
      });
      // The command has begun: the next answer of another host comes after it was sent.
      for (const other of others) await ask(other, ['true']);

      servers[0]?.killSessions();

      await lost;
      await expect(dying && ask(dying, ['true'])).rejects.toMatchObject({ code: 'ConnectionLost' });
      for (const other of others) expect(await ask(other, ['echo', 'well'])).toMatchObject({ stdout: 'well\n' });
      await Promise.all([dying, ...others].map((remote) => remote?.close()));
    });
  });

  test('a host that has gone silent is lost after the keepalives that the ssh configuration allows', async () => {
    const sshd = await site.server();
    const remote = await open(sshd, { ansible_ssh_extra_args: '-o ServerAliveInterval=1 -o ServerAliveCountMax=1' });

    sshd.freezeSessions();

    await expect(ask(remote, ['true'])).rejects.toMatchObject({ code: 'ConnectionLost' });
  });

  test('twenty hosts get in though the server takes two logins at a time', async () => {
    const sshd = await site.server({ config: ['MaxStartups 2', 'LogLevel VERBOSE'] });
    const ui = nobody();

    const outputs = await Promise.all(
      Array.from({ length: 20 }, () => run(site.variables(sshd), ['echo', 'in'], { ui })),
    );

    expect(outputs).toEqual(Array.from({ length: 20 }, () => 'in\n'));
    expect(sshd.log()).toMatch(/MaxStartups|drop connection/);
  });

  test('one session is all that a host needs to allow', async () => {
    const sshd = await site.server({ config: ['MaxSessions 1'] });
    const remote = await open(sshd);

    expect(await ask(remote, ['echo', 'one'])).toMatchObject({ stdout: 'one\n' });
    expect(await ask(remote, ['echo', 'two'])).toMatchObject({ stdout: 'two\n' });
    await remote.close();
  });

  test('a host that allows no session is said to', async () => {
    const sshd = await site.server({ config: ['MaxSessions 0'] });

    await expect(open(sshd)).rejects.toMatchObject({ code: 'SessionRefused' });
  });

  test('a connection that is gone before a shell has started is told as lost', async () => {
    const hostKey = makeKey(site.folder, 'ed25519', { name: 'host' });
    const server = new ssh2.Server({ hostKeys: [readFileSync(hostKey.path)] }, (connection) => {
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => context.accept());
      connection.on('session', () => connection.end());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    site.know(`[127.0.0.1]:${port} ${hostKey.publicKey}\n`);
    const sshd = await site.server();

    await expect(open(sshd, { ansible_port: port })).rejects.toMatchObject({
      code: 'ConnectionLost',
      message: 'kvm1: the connection was lost before a shell had started',
    });
    server.close();
  });

  test.each([
    ['a port where nobody listens', async () => ({ ansible_port: await freePort() }), 'ConnectionRefused'],
    ['a name that is not known', async () => ({ ansible_host: 'no-such-host.invalid' }), 'NameNotResolved'],
  ])('says what is wrong with %s', async (_, more, code) => {
    const sshd = await site.server();

    await expect(open(sshd, await more())).rejects.toMatchObject({ code, message: expect.stringMatching(/^kvm1: /) });
  });

  test('gives up on a server that says nothing within the time it has', async () => {
    const { createServer } = await import('node:net');
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const sshd = await site.server();

    await expect(
      open(sshd, { ansible_port: typeof address === 'object' ? address?.port : 0, ansible_ssh_timeout: 0.5 }),
    ).rejects.toMatchObject({ code: 'ConnectTimeout', hint: 'give it longer with -T SECONDS' });
    silent.close();
  });

  test('closes everything when it is interrupted', async () => {
    const sshd = await site.server();
    const controller = new AbortController();
    const ui = { ...nobody(), signal: controller.signal };
    const remote = await open(sshd, {}, ui);
    const answer = expect(ask(remote, ['sleep', '20'])).rejects.toMatchObject({ code: 'ConnectionLost' });
    const onTheWay = expect(open(sshd, {}, ui)).rejects.toMatchObject({ code: 'Interrupted' });

    controller.abort();

    await Promise.all([answer, onTheWay]);
    await expect(open(sshd, {}, ui)).rejects.toMatchObject({ code: 'Interrupted' });
  });

  test('works in a directory that stands for the root', async () => {
    const sshd = await site.server();
    const remote = await open(sshd, { kvmplay_root: site.folder });

    const { readings } = await remote.exchange({ actions: [], probes: [{ kind: 'file', path: '/known_hosts' }] });

    expect(readings).toMatchObject([{ is: 'text', text: expect.stringContaining(String(sshd.port)) }]);
    await remote.close();
  });
});
