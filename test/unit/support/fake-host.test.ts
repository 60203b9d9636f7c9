import { describe, expect, it } from 'vitest';
import {
  type Action,
  command,
  dir,
  file,
  glob,
  link,
  type Probe,
  stat,
  Unreachable,
} from '../../../src/contract/index.ts';
import { type FakeHost, type FakeHostOptions, fakeHost } from '../../support/fake-host.ts';
import { clamped, refusing } from '../../support/fake-kernel.ts';

const KSM = '/sys/kernel/mm/ksm';
const poke = (path: string, value: string): Action => ({ do: 'poke', path, value });
const look = async (host: FakeHost, probe: Probe) =>
  (await host.exchange({ actions: [], probes: [probe] })).readings[0];
const act = async (host: FakeHost, ...actions: Action[]) => (await host.exchange({ actions, probes: [] })).results;

describe('the fake host', () => {
  it('answers every kind of probe', async () => {
    const host = fakeHost({
      files: {
        '/sys/devices/pci0/net/eth0/mtu': '1500\n',
        '/sys/class/net/eth0': { link: '../../devices/pci0/net/eth0' },
        '/etc/raw': { base64: '/w==' },
        '/etc/secret': { refused: 'Permission denied' },
      },
      commands: { 'uname -r': '6.1.0\n' },
    });
    const cases: [Probe, unknown][] = [
      [file('/sys/class/net/eth0/mtu'), { is: 'text', text: '1500\n' }],
      [file('/etc/raw'), { is: 'bytes', base64: '/w==' }],
      [file('/etc/none'), { is: 'absent' }],
      [file('/etc/secret'), { is: 'refused', why: 'Permission denied' }],
      [
        glob('/sys/class/net/*/mtu'),
        { is: 'files', files: { '/sys/class/net/eth0/mtu': { is: 'text', text: '1500\n' } } },
      ],
      [dir('/etc'), { is: 'names', names: ['raw', 'secret'] }],
      [link('/sys/class/net/eth0'), { is: 'text', text: '../../devices/pci0/net/eth0' }],
      [stat('/etc/raw'), { is: 'stat', stat: { type: 'file', mode: '0644', owner: 'root', group: 'root', size: 1 } }],
      [command('uname', '-r'), { is: 'output', status: 0, stdout: '6.1.0\n', stderr: '' }],
      [command('virsh', 'list'), { is: 'absent' }],
    ];

    for (const [probe, reading] of cases) expect(await look(host, probe)).toEqual(reading);
    expect(host.roundTrips).toBe(cases.length);
  });

  it('keeps the mode of a file it replaces, and replaces what a link points to', async () => {
    const host = fakeHost({ files: { '/etc/real': 'old', '/etc/name': { link: 'real' } } });

    await act(host, { do: 'own', path: '/etc/real', mode: '0600' }, { do: 'write', path: '/etc/name', content: 'new' });

    expect(host.read('/etc/real')).toBe('new');
    expect(host.files.stat('/etc/real')?.mode).toBe('0600');
  });

  it('stops at the first action that fails, and reads nevertheless', async () => {
    const host = fakeHost({ files: { '/proc/sys/a': '1\n' } });

    const answer = await host.exchange({
      actions: [poke('/proc/sys/none', '1'), poke('/proc/sys/a', '2')],
      probes: [file('/proc/sys/a')],
    });

    expect(answer.results).toMatchObject([{ ok: false, errno: 'ENOENT' }, { ok: 'skipped' }]);
    expect(answer.readings).toEqual([{ is: 'text', text: '1\n' }]);
    expect(host.actions).toHaveLength(1);
  });

  const kernelCases: [string, FakeHostOptions, Action, Record<string, string>][] = [
    ['moves the brackets', { files: { '/sys/e': 'a [b] c\n' } }, poke('/sys/e', 'c'), { '/sys/e': 'a b [c]\n' }],
    [
      'refuses a token it does not offer',
      { files: { '/sys/e': 'a [b]\n' } },
      poke('/sys/e', 'x'),
      { '/sys/e': 'a [b]\n' },
    ],
    [
      'clamps in silence',
      { files: { '/sys/n': '0\n' }, kernel: { '/sys/n': clamped(439) } },
      poke('/sys/n', '5000'),
      { '/sys/n': '439\n' },
    ],
    [
      'refuses',
      { files: { '/sys/n': '0\n' }, kernel: { '/sys/n': refusing('EIO') } },
      poke('/sys/n', '1'),
      { '/sys/n': '0\n' },
    ],
    [
      'takes a leading zero for octal',
      { files: { '/proc/sys/vm/swappiness': '60\n' } },
      poke('/proc/sys/vm/swappiness', '010'),
      { '/proc/sys/vm/swappiness': '8\n' },
    ],
    [
      'zeroes the twin',
      { files: { '/proc/sys/vm/dirty_ratio': '20\n', '/proc/sys/vm/dirty_bytes': '0\n' } },
      poke('/proc/sys/vm/dirty_bytes', '4096'),
      { '/proc/sys/vm/dirty_ratio': '0\n', '/proc/sys/vm/dirty_bytes': '4096\n' },
    ],
    [
      'unmerges',
      { files: { [`${KSM}/run`]: '1\n', [`${KSM}/pages_sharing`]: '4084\n' } },
      poke(`${KSM}/run`, '2'),
      { [`${KSM}/run`]: '2\n', [`${KSM}/pages_sharing`]: '0\n' },
    ],
    [
      'keeps merged pages when only stopped',
      { files: { [`${KSM}/run`]: '1\n', [`${KSM}/pages_sharing`]: '4084\n' } },
      poke(`${KSM}/run`, '0'),
      { [`${KSM}/run`]: '0\n', [`${KSM}/pages_sharing`]: '4084\n' },
    ],
    [
      'is busy while pages are merged',
      { files: { [`${KSM}/merge_across_nodes`]: '1\n', [`${KSM}/pages_sharing`]: '4084\n' } },
      poke(`${KSM}/merge_across_nodes`, '0'),
      { [`${KSM}/merge_across_nodes`]: '1\n' },
    ],
  ];
  it.each(kernelCases)('has a kernel that %s', async (_, options, action, expected) => {
    const host = fakeHost(options);

    await act(host, action);

    for (const [path, content] of Object.entries(expected)) expect(host.read(path)).toBe(content);
  });

  it('breaks in the frame it is told to, after so many actions, until reconnected', async () => {
    const host = fakeHost({ files: { '/a': '1', '/b': '1' }, drop: { frame: 2, afterActions: 1 } });

    await look(host, file('/a'));
    await expect(act(host, poke('/a', '2'), poke('/b', '2'))).rejects.toThrow(Unreachable);
    await expect(look(host, file('/a'))).rejects.toThrow(Unreachable);
    host.reconnect();

    expect(await look(host, file('/a'))).toEqual({ is: 'text', text: '2\n' });
    expect(host.read('/b')).toBe('1');
    expect(host.roundTrips).toBe(2);
  });

  it('says so when a test asks a command it was not told of', async () => {
    const host = fakeHost({ commands: { 'systemctl is-active ksm': 'inactive\n' } });

    await expect(look(host, command('systemctl', 'stop', 'ksm'))).rejects.toThrow('no answer to: systemctl stop ksm');
  });
});
