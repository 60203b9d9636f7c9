import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Action, ActionResult, Remote, SourceFile } from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

const MIB = 1 << 20;

/** A file whose bytes are of every kind, and what is to be known of it. */
function sourceAt(path: string, bytes: number): SourceFile {
  const block = Buffer.from(Array.from({ length: MIB }, (_, index) => (index * 7 + (index >> 8)) % 256));
  writeFileSync(path, '');
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= MIB) {
    const part = block.subarray(0, Math.min(left, MIB));
    writeFileSync(path, part, { flag: 'a' });
    hash.update(part);
  }
  return { path, size: bytes, sha256: hash.digest('hex') };
}

const sumOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe.each(shells())('$name', (shell) => {
  let remote: Remote;
  let place: string;
  const at = (name: string): string => join(place, name);
  const act = async (...actions: Action[]): Promise<readonly ActionResult[]> =>
    (await remote.exchange({ actions, probes: [] })).results;

  beforeEach(async () => {
    place = mkdtempSync(join(tmpdir(), 'kvmplay-uploads-'));
    remote = await openShell(localChannel(shell.command), { name: 'here' });
  });
  afterEach(() => remote.close());

  test('streams 100 MiB with flat memory, and has the host compare the checksum', { timeout: 120_000 }, async () => {
    const source = sourceAt(at('source'), 100 * MIB);
    global.gc?.();
    const before = process.memoryUsage().rss;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);

    const results = await act({ do: 'upload', path: at('target'), source, mode: '0640' });
    clearInterval(watch);

    expect(results).toEqual([{ ok: true }]);
    expect(sumOf(at('target'))).toBe(source.sha256);
    expect(statSync(at('target')).mode & 0o7777).toBe(0o640);
    expect((most - before) / MIB).toBeLessThan(60);
    expect(readdirSync(place).sort()).toEqual(['source', 'target']);
  });

  test('goes on with the same frame and the same session behind it', async () => {
    const source = sourceAt(at('source'), 3 * MIB + 17);

    const { results, readings } = await remote.exchange({
      actions: [
        { do: 'write', path: at('before'), content: 'a' },
        { do: 'upload', path: at('one'), source },
        { do: 'upload', path: at('two'), source },
        { do: 'exec', argv: ['cat', at('before')] },
      ],
      probes: [{ kind: 'digest', path: at('two') }],
    });

    expect(results.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(readings).toEqual([{ is: 'text', text: source.sha256 }]);
    expect(await act({ do: 'remove', path: at('two') })).toEqual([{ ok: true }]);
    expect([sumOf(at('one')), existsSync(at('two'))]).toEqual([source.sha256, false]);
  });

  test('leaves the old file where the checksum is another, and takes no content for commands', async () => {
    const victim = at('victim');
    const source = sourceAt(at('source'), MIB);
    writeFileSync(source.path, `rm -rf ${victim}\n`.repeat(MIB / 4).slice(0, MIB));
    mkdirSync(victim);
    writeFileSync(at('target'), 'old');

    const [failed, next] = await act(
      { do: 'upload', path: at('target'), source },
      { do: 'remove', path: at('target') },
    );

    expect(failed).toMatchObject({ ok: false, errno: 'EIO', message: expect.stringContaining('checksum') });
    expect(next).toEqual({ ok: 'skipped' });
    expect([readFileSync(at('target'), 'utf8'), existsSync(victim)]).toEqual(['old', true]);
    expect(await act({ do: 'write', path: at('later'), content: 'x' })).toEqual([{ ok: true }]);
    expect(readdirSync(place).sort()).toEqual(['later', 'source', 'target', 'victim']);
  });

  test('sends nothing where the place is none', async () => {
    const source = sourceAt(at('source'), MIB);
    mkdirSync(at('folder'));

    const results = await act({ do: 'upload', path: at('folder'), source });

    expect(results).toMatchObject([{ ok: false, errno: 'EISDIR' }]);
    expect(await act({ do: 'write', path: at('later'), content: 'x' })).toEqual([{ ok: true }]);
  });

  test('ends the connection when the source is shorter than it was, and leaves the old file', async () => {
    const source = sourceAt(at('source'), 4 * MIB);
    writeFileSync(at('target'), 'old');
    truncateSync(source.path, MIB);

    await expect(act({ do: 'upload', path: at('target'), source })).rejects.toMatchObject({ code: 'UploadFailed' });

    expect(readFileSync(at('target'), 'utf8')).toBe('old');
  });

  test('copies a file with all that is on it, under odd names too', async () => {
    const odd = `-a b\n'"$(id)*`;
    writeFileSync(at(odd), Buffer.from([0, 255, 10, 39]));
    chmodSync(at(odd), 0o604);
    symlinkSync(odd, at('link'));

    const results = await act(
      { do: 'copy', from: at('link'), path: at(`${odd}~`) },
      { do: 'copy', from: at('nothing'), path: at('x') },
    );

    expect(results).toMatchObject([{ ok: true }, { ok: false, errno: 'ENOENT' }]);
    expect([...readFileSync(at(`${odd}~`))]).toEqual([0, 255, 10, 39]);
    expect(statSync(at(`${odd}~`)).mode & 0o7777).toBe(0o604);
  });

  test('sums up what is there, and tells what is not', async () => {
    writeFileSync(at('a'), 'abc');
    mkdirSync(at('d'));

    const { readings } = await remote.exchange({
      actions: [],
      probes: ['a', 'b', 'd'].map((name) => ({ kind: 'digest', path: at(name) }) as const),
    });

    // FIPS 180-4's own example.
    expect(readings).toEqual([
      { is: 'text', text: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
      { is: 'absent' },
      { is: 'refused', why: 'not a regular file' },
    ]);
  });

  test('puts a file in its place only when the command that looks at it is content', async () => {
    writeFileSync(at('file'), 'old');
    const validate = [
      'sh',
      '-c',
      'grep -q good "$1" || { echo "not good: $2" >&2; echo; echo line 1; exit 1; }',
      'sh',
      '%s',
      "it's %%s",
    ];
    const write = (content: string): Action => ({ do: 'write', path: at('file'), content, validate });

    const [bad] = await act(write('bad\n'));
    const after = readFileSync(at('file'), 'utf8');
    const [good] = await act(write('good\n'));

    expect(bad).toMatchObject({
      ok: false,
      message: expect.stringMatching(/not valid: sh: not good: it's %\/.*\.kvmplay\.\S+; line 1$/),
    });
    expect([after, good, readFileSync(at('file'), 'utf8')]).toEqual(['old', { ok: true }, 'good\n']);
    expect(readdirSync(place)).toEqual(['file']);
  });

  test('removes a directory with all that is in it, and not what a link in it leads to', async () => {
    mkdirSync(at('tree/a/b'), { recursive: true });
    mkdirSync(at('kept'));
    writeFileSync(at('kept/file'), 'x');
    symlinkSync(at('kept'), at('tree/a/link'));

    expect(await act({ do: 'remove', path: at('tree'), tree: true })).toEqual([{ ok: true }]);

    expect(readdirSync(place)).toEqual(['kept']);
    expect(readdirSync(at('kept'))).toEqual(['file']);
  });
});
