import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ABSENT, command, dir, file, glob, link, type Remote, stat, text } from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

const asRoot = process.getuid?.() === 0;

describe.each(shells())('a directory as root, $name', (shell) => {
  let place: string;
  let root: string;
  let remote: Remote;
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'kvmplay-root-'));
    root = join(place, 'the root');
    for (const path of ['etc', 'usr/lib', 'sys/devices/one', 'sys/class/net', 'deep/er'])
      mkdirSync(join(root, path), { recursive: true });
    mkdirSync(join(place, 'outside'));
    writeFileSync(join(place, 'outside/secret'), 'outside\n');
    writeFileSync(join(root, 'usr/lib/os-release'), 'NAME=inside\n');
    writeFileSync(join(root, 'sys/devices/one/mtu'), '1500\n\n');
    const links = {
      'etc/os-release': '/usr/lib/os-release',
      'etc/upwards': '../../../../../../usr/lib/os-release',
      'etc/passwd-outside': '/etc/passwd',
      'etc/secret': join(place, 'outside/secret'),
      'etc/secret-dir': join(place, 'outside'),
      'etc/climb': '../../outside',
      'etc/loop': 'loop',
      'sys/class/net/one': '../../devices/one',
      'sys/class/net/two': '/sys/devices/one',
      'deep/er/lib': '/usr/lib',
    };
    for (const [path, to] of Object.entries(links)) symlinkSync(to, join(root, path));
    // So many links that no kernel follows them, and behind them the way out.
    for (let hop = 0; hop < 45; hop++) symlinkSync(`hop${hop + 1}`, join(root, `deep/hop${hop}`));
    symlinkSync(join(place, 'outside'), join(root, 'deep/hop45'));
    remote = await openShell(localChannel(shell.command), { name: 'image', root });
  });
  afterAll(async () => {
    await remote.close();
    rmSync(place, { recursive: true, force: true });
  });

  test('reads under it, links followed inside it', async () => {
    const { readings } = await remote.exchange({
      actions: [],
      probes: [
        file('/etc/os-release'),
        file('/etc/upwards'),
        file('/deep/er/lib/os-release'),
        file('/deep/../usr/./lib//os-release'),
        file('/../../usr/lib/os-release'),
        file('/sys/class/net/two/mtu'),
        glob('/sys/class/net/*/mtu'),
        glob('/*/er/l*/os*'),
        dir('/sys/class/net/two'),
        link('/etc/os-release'),
        stat('/etc/os-release'),
        stat('/usr/lib/os-release'),
      ],
    });

    expect(readings.slice(0, 5)).toEqual(Array(5).fill(text('NAME=inside\n')));
    expect(readings.slice(5)).toEqual([
      text('1500\n'),
      { is: 'files', files: { '/sys/class/net/one/mtu': text('1500\n'), '/sys/class/net/two/mtu': text('1500\n') } },
      { is: 'files', files: { '/deep/er/lib/os-release': text('NAME=inside\n') } },
      { is: 'names', names: ['mtu'] },
      text('/usr/lib/os-release'),
      { is: 'stat', stat: expect.objectContaining({ type: 'link' }) },
      {
        is: 'stat',
        stat: expect.objectContaining({ type: 'file', owner: 'root', size: 12 }),
      },
    ]);
  });

  test.each([
    '/etc/passwd-outside',
    '/etc/secret',
    '/etc/secret-dir/secret',
    '/etc/climb/secret',
    '/deep/hop0/secret',
    '/etc/loop',
  ])('does not leave it by %s', async (path) => {
    const parent = path.slice(0, path.lastIndexOf('/'));
    const before = execFileSync('find', [place], { encoding: 'utf8' });

    const { readings } = await remote.exchange({
      actions: [],
      probes: [file(path), glob(`${path}*`), glob(`${parent}/*`), dir(path), dir(`${path}/..`), stat(`${path}/.`)],
    });
    for (const action of [
      { do: 'poke', path, value: 'x' },
      { do: 'own', path, mode: '0777' },
    ] as const)
      expect((await remote.exchange({ actions: [action], probes: [] })).results[0]).toMatchObject({ ok: false });

    expect(JSON.stringify(readings)).not.toContain('outside\\n');
    expect(JSON.stringify(readings)).not.toContain('root:x:');
    expect(readings[0]).toEqual(ABSENT);
    expect(readFileSync(join(place, 'outside/secret'), 'utf8')).toBe('outside\n');
    expect(execFileSync('find', [place], { encoding: 'utf8' })).toBe(before);
  });

  test('writes under it, and to where links point inside it', async () => {
    const { results } = await remote.exchange({
      actions: [
        { do: 'mkdir', path: '/etc/sysctl.d' },
        { do: 'write', path: '/etc/sysctl.d/99.conf', content: 'a = 1\n' },
        { do: 'write', path: '/etc/os-release', content: 'NAME=new\n', owner: '0', group: '0' },
        { do: 'poke', path: '/sys/class/net/two/mtu', value: '9000' },
        { do: 'link', path: '/etc/mtu', to: '/sys/class/net/one/mtu' },
        { do: 'mkdir', path: '/etc/climb/new' },
        { do: 'write', path: '/etc/climb/new/file', content: '' },
        { do: 'remove', path: '/etc/secret' },
      ],
      probes: [file('/etc/mtu')],
    });

    expect(results.filter((result) => result.ok !== true)).toEqual([]);
    expect(readFileSync(join(root, 'etc/sysctl.d/99.conf'), 'utf8')).toBe('a = 1\n');
    expect(lstatSync(join(root, 'etc/os-release')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(root, 'usr/lib/os-release'), 'utf8')).toBe('NAME=new\n');
    expect(readFileSync(join(root, 'sys/devices/one/mtu'), 'utf8')).toBe('9000\n');
    // ../../outside, seen from /etc of the root, is /outside: no way leads above the root.
    expect(existsSync(join(root, 'outside/new/file'))).toBe(true);
    expect(readdirSync(join(place, 'outside'))).toEqual(['secret']);
    expect(existsSync(join(place, 'outside/secret'))).toBe(true);
  });

  test('runs no commands and makes no knob that is not there', async () => {
    const { results, readings } = await remote.exchange({
      actions: [{ do: 'exec', argv: ['true'] }],
      probes: [command('true')],
    });
    const knob = await remote.exchange({
      actions: [{ do: 'poke', path: '/sys/kernel/none', value: '1' }],
      probes: [file('/sys/kernel/none')],
    });

    expect(results[0]).toMatchObject({
      ok: false,
      message: expect.stringContaining('no commands run in an offline root'),
    });
    expect(readings[0]).toEqual(ABSENT);
    expect(knob.results[0]).toMatchObject({ ok: false, errno: 'ENOENT' });
    expect(knob.readings[0]).toEqual(ABSENT);
  });

  test.skipIf(!asRoot)('takes names of users and groups from its own files', async () => {
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nqemu:x:4711:4712:a b:/:/bin/sh\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nkvm:x:4712:qemu\n');

    const { results, readings } = await remote.exchange({
      actions: [{ do: 'write', path: '/etc/owned', content: '', owner: 'qemu', group: 'kvm', mode: '0640' }],
      probes: [stat('/etc/owned'), stat('/etc')],
    });
    const given = await remote.exchange({
      actions: [{ do: 'own', path: '/deep', owner: 'qemu', mode: '0711' }],
      probes: [stat('/deep')],
    });
    const unknown = await remote.exchange({
      actions: [{ do: 'own', path: '/etc/owned', owner: 'daemon' }],
      probes: [],
    });

    expect(results).toEqual([{ ok: true }]);
    expect(lstatSync(join(root, 'etc/owned'))).toMatchObject({ uid: 4711, gid: 4712 });
    expect(readings).toMatchObject([
      { stat: { owner: 'qemu', group: 'kvm', mode: '0640' } },
      { stat: { owner: 'root', group: 'root' } },
    ]);
    expect(given).toMatchObject({ results: [{ ok: true }], readings: [{ stat: { owner: 'qemu', mode: '0711' } }] });
    expect(unknown.results[0]).toMatchObject({ ok: false, message: expect.stringContaining("the root's /etc/passwd") });
  });
});

test('says that there is no such directory to be the root', async () => {
  await expect(openShell(localChannel(), { name: 'image', root: '/no/such/place' })).rejects.toMatchObject({
    code: 'NoRoot',
    message: expect.stringContaining('/no/such/place'),
  });
});
