import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyFor } from '../../src/lab/keys.ts';
import { type Lab, startLab } from '../../src/lab/start.ts';
import { SMALL_MACHINE, startTestLab } from '../support/lab.ts';
import { tool } from '../support/tool.ts';

const ssh = tool('ssh', 'openssh-client');
let lab: Lab & { dir: string };

beforeAll(async () => {
  lab = await startTestLab(3);
});
afterAll(() => lab.stop());

describe.skipIf(!ssh)('the OpenSSH client in the lab', () => {
  it('runs a command in the tree of the host it asked for', async () => {
    const said = await openSsh(1, 'cat proc/sys/kernel/hostname; pwd');

    expect(said).toMatchObject({ code: 0, out: `hv02\n${host(1).root}\n`, err: '' });
  });

  it('gets stdout, stderr and the exit status apart', async () => {
    expect(await openSsh(0, 'echo out; echo err >&2; exit 7')).toEqual({ code: 7, out: 'out\n', err: 'err\n' });
  });

  it('gets a shell that reads its commands from stdin', async () => {
    expect(await openSsh(0, '', { input: 'echo one\nx=two\necho $x\nexit 3\n' })).toMatchObject({
      code: 3,
      out: 'one\ntwo\n',
    });
  });

  it('carries megabytes both ways, byte for byte, faster than either end reads them', async () => {
    const bytes = randomBytes(8 << 20);

    const said = await openSsh(0, 'cat > tmp/blob; sleep 0.2; cat tmp/blob; cat tmp/blob >&2', { input: bytes });

    expect([said.code, sha(said.out), sha(said.err)]).toEqual([0, sha(bytes), sha(bytes)]);
  });

  it('is told when a command was ended by a signal', async () => {
    const said = await openSsh(0, 'kill -TERM $$');

    expect(said.code).toBe(255);
  });

  it('is not held up by a command that ends without reading its input', async () => {
    expect(await openSsh(0, 'exit 4', { input: randomBytes(8 << 20) })).toMatchObject({ code: 4 });
  });

  it('stays connected over its keepalives', async () => {
    const said = await openSsh(0, 'sleep 2.5; echo still here', {
      options: ['ServerAliveInterval=1', 'ServerAliveCountMax=1'],
    });

    expect(said).toMatchObject({ code: 0, out: 'still here\n' });
  });

  it('refuses a host that has another key than the one written down', async () => {
    const moved = join(lab.dir, 'moved');
    const other = readFileSync(lab.knownHostsFile, 'utf8').split('\n')[1]?.split(' ').slice(1).join(' ');
    writeFileSync(moved, `[127.0.0.1]:${host(0).port} ${other}\n`);

    const said = await openSsh(0, 'echo in', { knownHosts: moved });

    expect(said).toMatchObject({ code: 255, out: '' });
    expect(said.err).toContain('HOST IDENTIFICATION HAS CHANGED');
  });

  it('is let in with no other key', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvmplay-key-'));
    const stranger = keyFor(folder, 'stranger').file;

    const said = await openSsh(0, 'echo in', { key: stranger });

    expect(said).toMatchObject({ code: 255, out: '' });
    expect(said.err).toContain('Permission denied (publickey)');
    rmSync(folder, { recursive: true });
  });
});

describe("ssh2's client in the lab", () => {
  it('has several sessions on one connection at once', async () => {
    const client = await connect(0);

    const said = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((word) => exec(client, `sleep 0.1; echo ${word}`)));

    expect(said.map(({ out }) => out)).toEqual(['a\n', 'b\n', 'c\n', 'd\n', 'e\n']);
    client.end();
  });

  it('can signal what it started, children too', async () => {
    const client = await connect(0);
    const channel = await open(client, 'sleep 1000 & echo started; wait');
    await once(channel, 'data');

    channel.signal('TERM');
    const [, signal] = (await once(channel, 'exit')) as [number | null, string];

    expect(signal).toBe('SIGTERM');
    client.end();
  });

  it('ends what it started by hanging up', async () => {
    const client = await connect(0);
    const channel = await open(client, 'echo $$; exec sleep 1000');
    const [pid] = (await once(channel, 'data')) as [Buffer];

    client.destroy();

    await expect.poll(() => existsSync(`/proc/${String(pid).trim()}`), { timeout: 5000 }).toBe(false);
  });

  it('cannot use a terminal, forward a port or fetch files by sftp', async () => {
    const client = await connect(0);

    const refused = await Promise.all([
      new Promise((done) => client.sftp((error) => done(error?.message))),
      new Promise((done) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, (error) => done(error?.message))),
      new Promise((done) => client.shell({ term: 'vt100' }, (error) => done(error?.message))),
    ]);

    expect(refused.map(Boolean)).toEqual([true, true, true]);
    client.end();
  });
});

describe('the hosts of a lab', () => {
  it('end with everything that runs in them', async () => {
    const brief = await startTestLab(1);
    const client = await connect(0, brief);
    const channel = await open(client, 'trap "" HUP TERM; echo $$; sleep 1000; echo never');
    const [pid] = (await once(channel, 'data')) as [Buffer];

    await brief.stop();

    expect(existsSync(`/proc/${String(pid).trim()}`)).toBe(false);
    await expect(once(dial(brief.hosts[0]?.port ?? 0, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  it('have the whole captured machine, each a copy of its own', () => {
    const tops = lab.hosts.map(({ root }) => statSync(join(root, 'proc/sys/vm/zone_reclaim_mode')).ino);

    expect(new Set(tops).size).toBe(3);
    for (const { root } of lab.hosts)
      for (const [path, entry] of Object.entries(SMALL_MACHINE))
        if (typeof entry === 'string') expect(statSync(join(root, path)).isFile()).toBe(true);
    expect(statSync(join(host(0).root, 'sys/class/net/eth0/address')).isFile()).toBe(true);
  });

  it('have each a host key of their own, in known_hosts under its port', () => {
    const lines = readFileSync(lab.knownHostsFile, 'utf8').trim().split('\n');

    expect(lines.map((line) => line.split(' ')[0])).toEqual(lab.hosts.map(({ port }) => `[127.0.0.1]:${port}`));
    expect(new Set(lines.map((line) => line.split(' ')[2])).size).toBe(3);
  });

  it('take the next port when one is in use', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'kvmplay-lab-'));

    const second = await startLab({ dir, hosts: 2, machine: SMALL_MACHINE, port: host(0).port });

    expect(
      second.hosts.every(({ port }) => port > host(0).port && !lab.hosts.some((taken) => taken.port === port)),
    ).toBe(true);
    await second.stop();
    rmSync(dir, { recursive: true });
  });
});

function host(index: number): Lab['hosts'][number] {
  const found = lab.hosts[index];
  if (!found) throw new Error(`the lab has no host ${index}`);
  return found;
}

const sha = (data: string | Buffer): string =>
  createHash('sha256')
    .update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    .digest('hex');

interface Ssh {
  readonly input?: string | Buffer;
  readonly key?: string;
  readonly knownHosts?: string;
  readonly options?: readonly string[];
}

/** What the real client prints and how it ends. Output is decoded byte by byte, so that bytes can be compared. */
async function openSsh(
  index: number,
  command: string,
  how: Ssh = {},
): Promise<{ code: number; out: string; err: string }> {
  const settings = [
    `UserKnownHostsFile=${how.knownHosts ?? lab.knownHostsFile}`,
    ...['GlobalKnownHostsFile=none', 'StrictHostKeyChecking=yes'],
    ...['IdentitiesOnly=yes', 'IdentityAgent=none', 'BatchMode=yes'],
    ...(how.options ?? []),
  ].flatMap((setting) => ['-o', setting]);
  const key = ['-i', how.key ?? lab.keyFile];
  const port = ['-p', String(host(index).port)];
  const child = spawn('ssh', ['-F', 'none', '-T', '-l', 'lab', ...port, ...key, ...settings, '127.0.0.1', command]);
  child.stdin.on('error', () => {}); // The command may end without reading it.
  child.stdin.end(how.input ?? '');
  const [out, err, [code]] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, 'close')]);
  return { code, out: out.toString('latin1'), err: err.toString('latin1') };
}

async function connect(index: number, of = lab): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  const expected = readFileSync(of.knownHostsFile, 'utf8').trim().split('\n')[index]?.split(' ')[2];
  client.connect({
    host: '127.0.0.1',
    port: of.hosts[index]?.port ?? 0,
    username: 'lab',
    privateKey: readFileSync(of.keyFile),
    hostVerifier: (key: Buffer) => key.toString('base64') === expected,
  });
  await once(client, 'ready');
  client.on('error', () => {});
  return client;
}

function open(client: ssh2.Client, command: string): Promise<ssh2.ClientChannel> {
  return new Promise((resolve, reject) =>
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
}

async function exec(client: ssh2.Client, command: string): Promise<{ out: string }> {
  const channel = await open(client, command);
  return { out: (await buffer(channel)).toString() };
}
