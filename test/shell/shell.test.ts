import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ABSENT, command, dir, file, glob, link, type Remote, stat, text } from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

describe.each(shells())('$name', (shell) => {
  let remote: Remote;
  let place: string;
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'kvmplay-shell-'));
    remote = await openShell(localChannel(shell.command), { name: 'here' });
  });
  afterAll(async () => {
    await remote.close();
    rmSync(place, { recursive: true, force: true });
  });

  test('does actions and reads every kind of probe in one round trip', async () => {
    const before = remote.roundTrips;

    const { results, readings } = await remote.exchange({
      actions: [
        { do: 'mkdir', path: `${place}/a/b` },
        { do: 'write', path: `${place}/a/b/one`, content: 'first\n' },
        { do: 'write', path: `${place}/a/b/two`, content: 'it\'s "$(two)"', mode: '0600' },
        { do: 'link', path: `${place}/link`, to: 'a/b/one' },
        { do: 'exec', argv: ['cat'], stdin: 'from stdin\n' },
      ],
      probes: [
        file(`${place}/link`),
        glob(`${place}/*/b/*`),
        dir(`${place}/a/b`),
        link(`${place}/link`),
        stat(`${place}/a/b/two`),
        command('sh', '-c', 'echo out; echo err >&2; exit 3'),
        file(`${place}/none`),
        command('no-such-command'),
      ],
    });

    expect(results).toEqual([
      ...Array(4).fill({ ok: true }),
      { ok: true, status: 0, stderr: '', stdout: 'from stdin\n' },
    ]);
    expect(readings).toEqual([
      text('first\n'),
      {
        is: 'files',
        files: { [`${place}/a/b/one`]: text('first\n'), [`${place}/a/b/two`]: text('it\'s "$(two)"') },
      },
      { is: 'names', names: ['one', 'two'] },
      text('a/b/one'),
      {
        is: 'stat',
        stat: { type: 'file', mode: '0600', owner: expect.any(String), group: expect.any(String), size: 13 },
      },
      { is: 'output', status: 3, stdout: 'out\n', stderr: 'err\n' },
      ABSENT,
      ABSENT,
    ]);
    expect(remote.roundTrips).toBe(before + 1);
    expect(statSync(`${place}/a/b/two`).mode & 0o777).toBe(0o600);
  });

  test('stops at the first action that fails, and reads all the same', async () => {
    const { results, readings } = await remote.exchange({
      actions: [
        { do: 'poke', path: '/proc/sys/vm/overcommit_memory', value: '99' },
        { do: 'write', path: `${place}/never`, content: '' },
      ],
      probes: [file(`${place}/never`), file('/proc/sys/kernel/ostype')],
    });

    expect(results).toEqual([
      {
        ok: false,
        errno: process.getuid?.() === 0 ? 'EINVAL' : 'EACCES',
        message: expect.stringContaining('/proc/sys/vm/overcommit_memory'),
      },
      { ok: 'skipped' },
    ]);
    expect(readings).toEqual([ABSENT, text(readFileSync('/proc/sys/kernel/ostype', 'utf8'))]);
  });
});
