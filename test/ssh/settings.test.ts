import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSettings } from '../../src/transport/ssh/settings.ts';

const missing = spawnSync('ssh', ['-V']).error;
if (missing && process.env.CI) throw new Error('CI has to have ssh');

describe.skipIf(missing)(`the ssh configuration, against ssh -G${missing ? ' (skipped: there is no ssh)' : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-config-'));
  const file = join(folder, 'config');
  const calls = join(folder, 'calls');
  const path = process.env.PATH ?? '';
  const real = missing ? '' : execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
  beforeAll(() => {
    // The real ssh, counted.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/ssh'), `#!/bin/sh\necho "$*" >>${calls}\nexec ${real} "$@"\n`);
    chmodSync(join(folder, 'bin/ssh'), 0o755);
    mkdirSync(join(folder, 'more'));
    process.env.PATH = `${join(folder, 'bin')}${delimiter}${path}`;
  });
  afterAll(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  const asked = () => readFileSync(calls, 'utf8').trimEnd().split('\n').filter(Boolean).length;
  const hosts = ['kvm1', 'kvm2', 'KVM1', 'web1', 'web2', 'a', 'b', '10.0.0.1', 'x.example.com', 'y.example.com'];
  const relevant = ['hostname', 'user', 'port', 'identityfile', 'proxyjump', 'userknownhostsfile', 'connecttimeout'];
  const truth = (host: string) =>
    execFileSync(real, ['-G', '-F', file, host], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')
      .filter((line) => relevant.includes(line.split(' ')[0] ?? ''));
  const ours = async (settings: ReturnType<typeof openSettings>, host: string) => {
    const options = await settings({ host, configFile: file });
    return [...options].flatMap(([name, values]) => values.map((value) => `${name} ${value}`));
  };

  const configurations: [string, string, number][] = [
    ['nothing', '', 1],
    ['options for all', 'User ops\nHost *\n  Port 2222\n  IdentityFile ~/.ssh/%r_%h\n', 1],
    ['some hosts treated alike', 'Host kvm* !kvm9\n  User ops\nHost *.example.com\n  Port 22000\n  ProxyJump a\n', 3],
    [
      'names for other hosts',
      'Host a b\n  HostName a\nHost web*\n  HostName %h.example.com\nHost=kvm?\n  User=ops\n',
      6,
    ],
    ['a name for every host', 'HostName %h.example.com\n', hosts.length],
    [
      'blocks that look at more',
      'Match host kvm1 user root\n  Port 1\nMatch originalhost web1\n  Port 2\n',
      hosts.length,
    ],
    ['a file that is included', `Include ${join(folder, 'more')}/*.conf\nInclude none/*\nHost web*\n  User www\n`, 3],
    ['quotes and case', 'HOST "kvm1" "web1"\n  uSeR "ops"\n', 2],
  ];

  test.each(configurations)('is as ssh has it for every host, with few questions: %s', async (_, text, questions) => {
    writeFileSync(join(folder, 'more/one.conf'), 'Host kvm1\n  User included\n');
    writeFileSync(file, text);
    writeFileSync(calls, '');
    const settings = openSettings();

    for (const host of hosts) expect(await ours(settings, host)).toEqual(expect.arrayContaining(truth(host)));

    expect(asked()).toBe(questions);
  });

  test('asks once for a thousand hosts', async () => {
    writeFileSync(file, 'Host *\n  User ops\n');
    writeFileSync(calls, '');
    const settings = openSettings();

    const all = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => settings({ host: `kvm${index}`, configFile: file })),
    );

    expect(all.map((options) => options.get('hostname')?.[0])).toEqual(all.map((_, index) => `kvm${index}`));
    expect(asked()).toBe(1);
  });

  test('lets blocks look at the user and the port that the inventory gives', async () => {
    writeFileSync(file, 'Match user ops\n  IdentityFile /ops\n');

    const options = await openSettings()({ host: 'kvm1', user: 'ops', port: 2222, configFile: file });

    expect([options.get('identityfile'), options.get('port')]).toEqual([['/ops'], ['2222']]);
  });

  test('says where the mistake in it is', async () => {
    appendFileSync(file, 'NoSuchOption yes\n');

    await expect(openSettings()({ host: 'kvm1', configFile: file })).rejects.toMatchObject({
      code: 'BadSshConfig',
      message: expect.stringMatching(/line 3: Bad configuration option: nosuchoption/i),
    });
  });

  test('does without ssh where there is none', async () => {
    process.env.PATH = '/nowhere';
    const options = await openSettings()({ host: 'kvm1', configFile: file });
    process.env.PATH = `${join(folder, 'bin')}${delimiter}${path}`;

    expect([options.get('hostname'), options.get('port')]).toEqual([['kvm1'], ['22']]);
  });
});
