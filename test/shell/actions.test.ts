import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Action, ActionResult, Remote } from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

const asRoot = process.getuid?.() === 0;

describe.each(shells())('$name', (shell) => {
  let remote: Remote;
  let place: string;
  const at = (name: string): string => join(place, name);
  const act = async (...actions: Action[]): Promise<readonly ActionResult[]> =>
    (await remote.exchange({ actions, probes: [] })).results;
  const mode = (name: string): string => (statSync(at(name)).mode & 0o7777).toString(8);

  beforeAll(async () => {
    remote = await openShell(localChannel(shell.command), { name: 'here' });
  });
  afterAll(() => remote.close());
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'kvmplay-actions-'));
    return () => rmSync(place, { recursive: true, force: true });
  });

  describe('write', () => {
    test('makes a new file with mode 0644, or the mode that is given', async () => {
      await act(
        { do: 'write', path: at('plain'), content: 'a\n' },
        { do: 'write', path: at('secret'), content: 'b', mode: '0600' },
        { do: 'write', path: at('program'), content: '', mode: '4755' },
      );

      expect([mode('plain'), mode('secret'), mode('program')]).toEqual(['644', '600', '4755']);
      expect(readdirSync(place).sort()).toEqual(['plain', 'program', 'secret']);
    });

    test('keeps the mode of what it replaces, and makes a new file of it', async () => {
      writeFileSync(at('file'), 'old content that is longer\n');
      chmodSync(at('file'), 0o440);
      const before = statSync(at('file')).ino;

      const results = await act({ do: 'write', path: at('file'), content: 'new\n' });

      expect(results).toEqual([{ ok: true }]);
      expect(readFileSync(at('file'), 'utf8')).toBe('new\n');
      expect(mode('file')).toBe('440');
      expect(statSync(at('file')).ino).not.toBe(before);
    });

    test.skipIf(!asRoot)('keeps the owner of what it replaces, unless another is given', async () => {
      for (const name of ['kept', 'given']) {
        writeFileSync(at(name), '');
        execFileSync('chown', ['1:2', at(name)]);
      }

      await act(
        { do: 'write', path: at('kept'), content: 'x' },
        { do: 'write', path: at('given'), content: 'x', owner: 'root', mode: '0640' },
      );

      expect(statSync(at('kept'))).toMatchObject({ uid: 1, gid: 2 });
      expect(statSync(at('given'))).toMatchObject({ uid: 0, gid: 2 });
      expect(mode('given')).toBe('640');
    });

    test.skipIf(!asRoot)("makes a new file that is root's where a directory would give it to a group", async () => {
      execFileSync('chown', ['0:5', place]);
      chmodSync(place, 0o2775);

      await act({ do: 'write', path: at('new'), content: '' });

      expect(statSync(at('new'))).toMatchObject({ uid: 0, gid: 0 });
    });

    test('goes where a link points, also when nothing is there yet', async () => {
      mkdirSync(at('real'));
      writeFileSync(at('real/file'), 'old');
      symlinkSync('real/file', at('link'));
      symlinkSync('real/none', at('dangling'));

      await act(
        { do: 'write', path: at('link'), content: 'new' },
        { do: 'write', path: at('dangling'), content: 'made' },
      );

      expect(readlinkSync(at('link'))).toBe('real/file');
      expect(readFileSync(at('real/file'), 'utf8')).toBe('new');
      expect(readFileSync(at('real/none'), 'utf8')).toBe('made');
    });

    test('takes bytes that are no text', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

      await act({ do: 'write', path: at('bytes'), content: { base64: bytes.toString('base64') } });

      expect(readFileSync(at('bytes'))).toEqual(bytes);
    });

    test.each([
      ['its directory is missing', 'none/file', 'ENOENT'],
      ['its directory is a file', 'file/file', 'ENOTDIR'],
      ['a directory stands there', 'dir', 'EISDIR'],
      ['a pipe stands there', 'pipe', 'EINVAL'],
      ['its name is too long', 'n'.repeat(256), 'ENAMETOOLONG'],
    ])('leaves everything as it was when %s', async (_, name, errno) => {
      writeFileSync(at('file'), 'kept');
      mkdirSync(at('dir'));
      execFileSync('mkfifo', [at('pipe')]);

      const results = await act({ do: 'write', path: at(name), content: 'x' });

      expect(results).toEqual([{ ok: false, errno, message: expect.stringMatching(`^cannot replace .*${errno}`) }]);
      expect(readdirSync(place).sort()).toEqual(['dir', 'file', 'pipe']);
      expect(readFileSync(at('file'), 'utf8')).toBe('kept');
    });

    test('tells when the disk is full, and leaves nothing behind', async () => {
      if (!asRoot) return;
      mkdirSync(at('small'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', at('small')]);
      try {
        writeFileSync(at('small/file'), 'kept');

        const results = await act({ do: 'write', path: at('small/file'), content: 'x'.repeat(1 << 20) });

        expect(results[0]).toMatchObject({ ok: false, errno: 'ENOSPC' });
        expect(readdirSync(at('small'))).toEqual(['file']);
        expect(readFileSync(at('small/file'), 'utf8')).toBe('kept');
      } finally {
        execFileSync('umount', [at('small')]);
      }
    });
  });

  describe('poke', () => {
    test('writes in place, a newline behind it, and leaves nothing of a longer value', async () => {
      writeFileSync(at('knob'), 'always madvise never\n');
      const before = statSync(at('knob')).ino;

      await act({ do: 'poke', path: at('knob'), value: 'never' });

      expect(readFileSync(at('knob'), 'utf8')).toBe('never\n');
      expect(statSync(at('knob')).ino).toBe(before);
    });

    test('makes no knob that is not there', async () => {
      const results = await act({ do: 'poke', path: at('none'), value: '1' });

      expect(results[0]).toMatchObject({ ok: false, errno: 'ENOENT' });
      expect(existsSync(at('none'))).toBe(false);
    });

    test.skipIf(!asRoot)("tells the kernel's errno and what it means", async () => {
      const refusals = [
        ['/proc/sys/vm/overcommit_memory', '99', 'EINVAL'],
        ['/proc/sys/kernel/ostype', 'Linux', 'EACCES'],
        ['/proc/sys/vm', '1', 'EISDIR'],
        ['/proc/sys/vm/no_such_knob', '1', 'ENOENT'],
        ['/proc/self/oom_score', '1', 'EACCES'],
        ['/dev/null', '1', 'EINVAL'],
      ] as const;

      for (const [path, value, errno] of refusals) {
        const [result] = await act({ do: 'poke', path, value });
        expect(result).toMatchObject({ ok: false, message: expect.stringContaining(path) });
        // What is read-only is EACCES to some kernels and EPERM, EROFS or EIO to others.
        if (errno === 'EACCES')
          expect(result).toMatchObject({ errno: expect.stringMatching(/^E(ACCES|PERM|ROFS|IO|INVAL)$/) });
        else expect(result).toMatchObject({ errno });
      }
    });

    test.skipIf(!asRoot)('goes to the kernel in one write', async () => {
      const knob = '/proc/sys/net/ipv4/tcp_rmem';
      if (!existsSync(knob)) return;
      const before = readFileSync(knob, 'utf8');

      expect(await act({ do: 'poke', path: knob, value: before.trim() })).toEqual([{ ok: true }]);

      expect(readFileSync(knob, 'utf8')).toBe(before);
    });
  });

  test('remove takes files, links and empty directories, and what is not there', async () => {
    writeFileSync(at('file'), '');
    mkdirSync(at('full/inner'), { recursive: true });
    symlinkSync('full', at('link'));
    mkdirSync(at('empty'));

    const results = await act(
      { do: 'remove', path: at('file') },
      { do: 'remove', path: at('link') },
      { do: 'remove', path: at('empty') },
      { do: 'remove', path: at('none') },
      { do: 'remove', path: at('full') },
      { do: 'remove', path: at('full/inner') },
    );

    expect(results.slice(0, 4)).toEqual(Array(4).fill({ ok: true }));
    expect(results[4]).toMatchObject({ ok: false, errno: 'ENOTEMPTY' });
    expect(results[5]).toEqual({ ok: 'skipped' });
    expect(readdirSync(place)).toEqual(['full']);
  });

  test.runIf(asRoot)(
    'a directory has the mode and group that are asked for, not what its parent hands down',
    async () => {
      mkdirSync(at('shared'));
      chownSync(at('shared'), 0, 1);
      chmodSync(at('shared'), 0o2775);

      const results = await act(
        { do: 'mkdir', path: at('shared/a/b'), mode: '0750' },
        { do: 'own', path: at('shared'), mode: '0755' },
      );

      expect(results).toEqual([{ ok: true }, { ok: true }]);
      expect([mode('shared/a'), mode('shared/a/b'), mode('shared')]).toEqual(['755', '750', '755']);
      expect(['shared/a', 'shared/a/b'].map((name) => statSync(at(name)).gid)).toEqual([0, 0]);
    },
  );

  test('mkdir makes the parents too, and leaves a directory that is there as it is', async () => {
    mkdirSync(at('there'), { mode: 0o700 });
    writeFileSync(at('file'), '');

    const results = await act(
      { do: 'mkdir', path: at('a/b/c'), mode: '0750' },
      { do: 'mkdir', path: at('there'), mode: '0755' },
      { do: 'mkdir', path: at('file') },
    );

    expect([mode('a'), mode('a/b/c'), mode('there')]).toEqual(['755', '750', '700']);
    expect(results[2]).toMatchObject({ ok: false, errno: 'EEXIST' });
  });

  test('link makes a link, replaces what is no directory, and leaves directories alone', async () => {
    mkdirSync(at('dir'));
    writeFileSync(at('file'), '');
    symlinkSync('dir', at('link'));

    const results = await act(
      { do: 'link', path: at('new'), to: '-n/../x y' },
      { do: 'link', path: at('link'), to: 'file' },
      { do: 'link', path: at('file'), to: 'dir' },
      { do: 'link', path: at('dir'), to: 'file' },
    );

    expect(['new', 'link', 'file'].map((name) => readlinkSync(at(name)))).toEqual(['-n/../x y', 'file', 'dir']);
    expect(results[3]).toMatchObject({ ok: false, errno: 'EISDIR' });
    expect(lstatSync(at('dir')).isDirectory()).toBe(true);
    expect(readdirSync(at('dir'))).toEqual([]);
  });

  test('own sets what is given', async () => {
    writeFileSync(at('file'), '');

    const results = await act(
      { do: 'own', path: at('file'), mode: '0604' },
      ...(asRoot ? [{ do: 'own', path: at('file'), owner: 'daemon', group: '7' } as const] : []),
      { do: 'own', path: at('file'), owner: 'no-such-user' },
    );

    expect(mode('file')).toBe('604');
    if (asRoot) expect(statSync(at('file'))).toMatchObject({ uid: 1, gid: 7 });
    expect(results.at(-1)).toMatchObject({ ok: false, message: expect.stringContaining('no-such-user') });
  });

  describe('exec', () => {
    test("tells the errno that a command's last words are", async () => {
      const words = 'error: cannot set CPU affinity on process 7: Invalid argument';

      expect(await act({ do: 'exec', argv: ['sh', '-c', `echo '${words}' >&2; exit 1`] })).toEqual([
        {
          ok: false,
          errno: 'EINVAL',
          status: 1,
          message: `sh ended with status 1: ${words}`,
          stdout: '',
          stderr: `${words}\n`,
        },
      ]);
    });

    test('takes the statuses that are listed for success, and no other', async () => {
      const run = (status: number, ok?: number[]): Action => ({
        do: 'exec',
        argv: ['sh', '-c', `echo out; echo why >&2; exit ${status}`],
        ...(ok && { ok }),
      });

      expect(await act(run(0), run(3, [0, 3]))).toEqual([
        { ok: true, status: 0, stderr: 'why\n', stdout: 'out\n' },
        { ok: true, status: 3, stderr: 'why\n', stdout: 'out\n' },
      ]);
      expect(await act(run(3))).toEqual([
        {
          ok: false,
          status: 3,
          message: 'sh ended with status 3: why; on stdout: out',
          stdout: 'out\n',
          stderr: 'why\n',
        },
      ]);
      expect(await act(run(0, [1]))).toMatchObject([{ ok: false, status: 0 }]);
      expect(await act({ do: 'exec', argv: ['env', 'LC_ALL=C', 'false'] })).toMatchObject([
        { message: 'false ended with status 1' },
      ]);
    });

    test('has no input unless it is given some, and may leave it unread', async () => {
      const results = await act(
        { do: 'exec', argv: ['cat'] },
        { do: 'exec', argv: ['true'], stdin: 'x'.repeat(1 << 20) },
        { do: 'exec', argv: ['wc', '-c'], stdin: 'x'.repeat(1 << 20) },
      );

      expect(results).toEqual([
        { ok: true, status: 0, stderr: '', stdout: '' },
        { ok: true, status: 0, stderr: '', stdout: '' },
        { ok: true, status: 0, stderr: '', stdout: '1048576\n' },
      ]);
    });

    test('says when there is no such command', async () => {
      expect(await act({ do: 'exec', argv: ['no-such-command', 'x'] })).toMatchObject([
        { ok: false, errno: 'ENOENT', status: 127, message: expect.stringContaining('run no-such-command') },
      ]);
    });

    test('is ended after its time with what it started, and what comes after it is not done', async () => {
      const results = await act(
        {
          do: 'exec',
          argv: ['sh', '-c', 'sleep 60 & echo $! >"$1"; trap "" TERM; sleep 61; sleep 62', 'sh', at('pid')],
          timeout: 1,
          ok: [0, 124, 137, 143],
        },
        { do: 'write', path: at('never'), content: '' },
      );

      expect(results).toMatchObject([{ ok: false, message: 'sh did not end within 1 s' }, { ok: 'skipped' }]);
      expect(existsSync(at('never'))).toBe(false);
      const child = readFileSync(at('pid'), 'utf8').trim();
      const state = existsSync(`/proc/${child}/stat`) ? readFileSync(`/proc/${child}/stat`, 'utf8') : '';
      expect(state).not.toContain('(sleep) S');
    });

    test('does not wait for ever for one that left a process behind with its output', async () => {
      const [result] = await act({ do: 'exec', argv: ['sh', '-c', 'sleep 9 & echo started'], timeout: 1 });

      expect(result).toEqual({ ok: true, status: 0, stderr: '', stdout: 'started\n' });
    });
  });
});
