import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { ABSENT, command, file, type Remote, text } from '../../src/contract/index.ts';
import type { Channel } from '../../src/transport/channel.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell, type ShellOptions } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

const place = mkdtempSync(join(tmpdir(), 'kvmplay-session-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

async function open(channel: Channel, options: Partial<ShellOptions> = {}): Promise<Remote> {
  const remote = await openShell(channel, { name: 'kvm1', ...options });
  onTestFinished(() => remote.close());
  return remote;
}

const run = (remote: Remote, script: string) =>
  remote.exchange({ actions: [{ do: 'exec', argv: ['sh', '-c', script], timeout: 1 }], probes: [] });

describe.each(shells())('$name', ({ command: sh }) => {
  test('is found behind whatever a login prints', async () => {
    const noise = join(place, 'noise');
    writeFileSync(noise, 'Welcome!\n\nready\n==> x <==\n$(date) \u0000 no newline at the end');

    const remote = await open(
      localChannel(['/bin/sh', '-c', 'cat "$1"; cat "$1" >&2; shift; exec "$@"', 'sh', noise, ...sh]),
    );

    expect((await remote.exchange({ actions: [], probes: [file(noise)] })).readings[0]).toMatchObject({ is: 'text' });
  });

  test('does not mind what it finds in its environment', async () => {
    const trap = join(place, 'trap');
    writeFileSync(trap, 'echo trapped; exit 7\n');
    const env = [
      ...[
        'SHELLOPTS=errexit:noglob:nounset:xtrace',
        'BASHOPTS=failglob:nullglob:nocasematch',
        `ENV=${trap}`,
        `BASH_ENV=${trap}`,
      ],
      ...[
        'BASH_FUNC_head%%=() { echo trapped; }',
        'BASH_FUNC_printf%%=() { echo trapped; }',
        'GREP_OPTIONS=-v',
        'IFS=/et',
      ],
      ...[
        'CDPATH=/usr',
        'POSIXLY_CORRECT=1',
        'LC_ALL=de_DE.UTF-8',
        'LANGUAGE=de',
        'TMOUT=1',
        'GLOBIGNORE=*',
        'k_root=/x',
      ],
    ];

    const remote = await open(localChannel(['/usr/bin/env', ...env, ...sh]));
    const { readings } = await remote.exchange({
      actions: [],
      probes: [
        file('/proc/sys/kernel/ostype'),
        { kind: 'glob', pattern: '/proc/sys/kernel/osty*' },
        { kind: 'glob', pattern: '/proc/sys/kernel/OSTY*' },
        command('sh', '-c', 'echo "$LC_ALL $(umask) $PWD"'),
      ],
    });

    expect(readings).toEqual([
      text('Linux\n'),
      { is: 'files', files: { '/proc/sys/kernel/ostype': text('Linux\n') } },
      { is: 'files', files: {} },
      { is: 'output', status: 0, stdout: 'C 0022 /\n', stderr: '' },
    ]);
  });

  test('answers exchanges in turn that were asked at once', async () => {
    const remote = await open(localChannel(sh));

    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => run(remote, `echo ${i}`)));

    expect(answers.map(({ results }) => results[0])).toEqual(
      Array.from({ length: 20 }, (_, i) => ({ ok: true, status: 0, stderr: '', stdout: `${i}\n` })),
    );
    expect(remote.roundTrips).toBe(20);
  });

  test('cuts off what is larger than the limit, on the host, and reads the rest', async () => {
    const big = join(place, 'big');
    writeFileSync(big, 'x'.repeat(5000));
    const remote = await open(localChannel(sh), { outputLimitBytes: 1000 });

    const { results, readings } = await remote.exchange({
      actions: [{ do: 'exec', argv: ['sh', '-c', 'while :; do echo y; done'] }],
      probes: [
        file(big),
        file('/proc/sys/kernel/ostype'),
        command('cat', '/dev/zero'),
        command('sh', '-c', 'cat /dev/zero >&2 & sleep 1; kill $!'),
      ],
    });

    expect(results[0]).toMatchObject({ ok: false, message: 'sh printed more than 1000 bytes' });
    expect(readings.slice(0, 3)).toEqual([
      { is: 'refused', why: 'more than 1000 bytes' },
      text('Linux\n'),
      { is: 'refused', why: 'it printed more than 1000 bytes' },
    ]);
    expect(readings[3]).toMatchObject({ is: 'output' });
  });

  test('says so when all the answers together are too large', async () => {
    for (let i = 0; i < 30; i++) writeFileSync(join(place, `part-${i}`), 'x'.repeat(900));
    const remote = await open(localChannel(sh), { outputLimitBytes: 1000 });
    const parts = Array.from({ length: 30 }, (_, i) => file(join(place, `part-${i}`)));

    const { readings } = await remote.exchange({ actions: [], probes: parts });
    const after = await remote.exchange({ actions: [], probes: [file('/proc/sys/kernel/ostype')] });

    const whole = readings.filter((reading) => reading.is === 'text');
    const cut = readings.filter((reading) => reading.is === 'refused' && reading.why.includes('too large'));
    expect(whole.length + cut.length).toBe(30);
    expect(cut.length).toBeGreaterThan(10);
    expect(new Set(whole.map((reading) => reading.text.length))).toEqual(new Set(whole.length > 0 ? [900] : []));
    expect(after.readings).toEqual([text('Linux\n')]);
  });

  test('is given up when a frame takes too long, and so is everything after it', async () => {
    const channel = localChannel(sh);
    const remote = await open(channel, { frameTimeoutMs: 1000 });
    channel.stdin.write = () => true;

    const late = await remote.exchange({ actions: [], probes: [] }).catch((error) => error);
    const later = await run(remote, 'true').catch((error) => error);

    expect(late).toMatchObject({ code: 'FrameTimeout', message: 'kvm1: no answer within 1 s' });
    expect(later).toBe(late);
    expect(await channel.closed).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('that is ended in the middle of a frame is a lost connection, with its last words', async () => {
    const channel = localChannel(['/bin/sh', '-c', 'echo last words >&2; exec "$@"', 'sh', ...sh]);
    const remote = await open(channel);
    setTimeout(() => channel.kill(), 200);

    const lost = await remote
      .exchange({ actions: [{ do: 'exec', argv: ['sleep', '5'] }], probes: [] })
      .catch((error) => error);
    const later = await run(remote, 'true').catch((error) => error);

    expect(lost).toMatchObject({
      name: 'Unreachable',
      code: 'ConnectionLost',
      message: 'kvm1: the connection was lost (ended by SIGKILL): last words',
    });
    expect(later).toBe(lost);
    expect(remote.roundTrips).toBe(0);
  });

  test('runs nothing of a frame that did not arrive whole', async () => {
    const target = join(place, 'half');
    const channel = localChannel(sh);
    const remote = await open(channel);
    const write = channel.stdin.write.bind(channel.stdin);
    channel.stdin.write = ((script: string) => {
      write(script.slice(0, script.length - 90));
      channel.stdin.end();
    }) as typeof channel.stdin.write;

    const asked = remote.exchange({ actions: [{ do: 'write', path: target, content: 'x' }], probes: [] });

    await expect(asked).rejects.toMatchObject({ code: 'ConnectionLost' });
    const other = await open(localChannel(sh));
    expect((await other.exchange({ actions: [], probes: [file(target)] })).readings).toEqual([ABSENT]);
  });

  test('keeps nothing of one frame for the next', async () => {
    const remote = await open(localChannel(sh));
    await remote.exchange({
      actions: [{ do: 'exec', argv: ['sh', '-c', 'exit 3'] }],
      probes: [command('sh', '-c', 'cd /tmp; umask 0')],
    });

    const { readings } = await remote.exchange({
      actions: [],
      probes: [
        command('sh', '-c', 'umask; pwd; for fd in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done'),
      ],
    });

    expect(readings[0]).toMatchObject({ stdout: '0022\n/\n' });
  });

  test('ends when it is closed', async () => {
    const channel = localChannel(sh);
    const remote = await open(channel);

    await remote.close();

    expect(await channel.closed).toEqual({ code: 0, signal: null });
    await expect(remote.exchange({ actions: [], probes: [] })).rejects.toMatchObject({ code: 'Closed' });
  });
});

test('names the tools that a host lacks', async () => {
  const poorHost = `while IFS= read -r line; do
    case $line in
      k_nonce1=*) eval "$line" ;;
      k_boot*) printf '\\n%s%s missing head stat\\n' "$k_nonce1" "$k_nonce2" ;;
    esac
  done`;

  await expect(openShell(localChannel(['/bin/sh', '-c', poorHost]), { name: 'kvm1' })).rejects.toMatchObject({
    code: 'MissingTools',
    message: 'kvm1 lacks head, stat',
  });
});

test.each([
  ['is no shell', ['/bin/cat']],
  ['ends at once', ['/bin/sh', '-c', 'echo "sorry, not today" >&2; exit 5']],
  ['does not exist', ['/no/such/shell']],
] as const)('a program that %s makes no session', async (_, argv) => {
  const error = await openShell(localChannel(argv), { name: 'kvm1', frameTimeoutMs: 500 }).catch((why) => why);

  expect(error).toMatchObject({ name: 'Unreachable', code: 'NoShell', message: expect.stringMatching(/^kvm1: /) });
  if (argv[1] === '-c') expect(error.message).toContain('(exit status 5): sorry, not today');
  if (argv[0].startsWith('/no')) expect(error.message).toContain('ENOENT');
});
