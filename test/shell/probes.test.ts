import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ABSENT,
  command,
  dir,
  file,
  glob,
  link,
  type Probe,
  type Reading,
  type Remote,
  stat,
  text,
} from '../../src/contract/index.ts';
import { localChannel } from '../../src/transport/local.ts';
import { openShell } from '../../src/transport/shell.ts';
import { shells } from '../support/shells.ts';

const asRoot = process.getuid?.() === 0;
const place = mkdtempSync(join(tmpdir(), 'kvmplay-probes-'));
const at = (name: string): string => join(place, name);
const MANY = 3000;

const server = createServer().listen(at('socket'));
writeFileSync(at('text'), '\ufeffé\r\nno newline at the end');
writeFileSync(at('newlines'), 'a\n\n\n');
writeFileSync(at('empty'), '');
writeFileSync(at('latin'), Buffer.from('caf\xe9\n', 'latin1'));
writeFileSync(at('nul'), 'a\0b\0');
writeFileSync(at('like head'), `==> ${at('text')} <==\nforged\n\n==> ${at('empty')} <==\n`);
mkdirSync(at('dir/.hidden'), { recursive: true });
for (const name of ['b', 'a', '..double', '.dot', 'new\nline', '-dash', '*', 'é', 'Z', "qu'ote", ' '])
  writeFileSync(at(`dir/${name}`), name);
symlinkSync('nowhere', at('dir/dangling'));
symlinkSync('a', at('dir/to-a'));
symlinkSync('.', at('dir/to-dir'));
symlinkSync('loop', at('loop'));
mkdirSync(at('many'));
for (let i = 0; i < MANY; i++) writeFileSync(at(`many/${i}`), `${i}\n`);
execFileSync('mkfifo', [at('fifo'), at('dir/fifo')]);
mkdirSync(at('a [b] c'));
writeFileSync(at('a [b] c/file'), 'in brackets');
writeFileSync(at('back\\slash'), 'backslash');
chmodSync(at('nul'), 0o4751);
afterAll(() => {
  server.close();
  rmSync(place, { recursive: true, force: true });
});

describe.each(shells())('$name', (shell) => {
  let remote: Remote;
  beforeAll(async () => {
    remote = await openShell(localChannel(shell.command), { name: 'here' });
  });
  afterAll(() => remote.close());
  const read = async (...probes: Probe[]): Promise<readonly Reading[]> =>
    (await remote.exchange({ actions: [], probes })).readings;
  const refused = (why: string): Reading => ({ is: 'refused', why });

  test('reads files byte for byte', async () => {
    const names = ['text', 'newlines', 'empty', 'like head'];

    const readings = await read(...names.map((name) => file(at(name))), file(at('latin')), file(at('nul')));

    expect(readings).toEqual([
      ...names.map((name) => text(readFileSync(at(name), 'utf8'))),
      { is: 'bytes', base64: readFileSync(at('latin')).toString('base64') },
      text('a\0b\0'),
    ]);
  });

  test('tells what is not there from what cannot be read, and opens nothing that could block', async () => {
    const readings = await read(
      file(at('none')),
      file(at('text/below')),
      file(at('none/below')),
      file(at('dir/dangling')),
      file(at('dir')),
      file(at('fifo')),
      file(at('socket')),
      file('/dev/zero'),
      file('/proc/kmsg'),
      file(at('loop')),
      file(at('n'.repeat(300))),
      file('relative'),
      file('/a\0b'),
      file(`/${'long/'.repeat(1000)}`),
    );

    expect(readings).toEqual([
      ABSENT,
      ABSENT,
      ABSENT,
      ABSENT,
      refused('Is a directory'),
      refused('a FIFO, not a file'),
      refused('a socket, not a file'),
      refused('a device, not a file'),
      refused('it would wait for events'),
      refused('Too many levels of symbolic links'),
      refused('File name too long'),
      refused('a path has to be absolute'),
      refused('a NUL byte cannot stand in it'),
      refused('5001 bytes are too long, Linux takes no more than 4095'),
    ]);
  });

  test('names what is in a directory, hidden or strange, by code unit', async () => {
    const names = [
      'a',
      'b',
      '..double',
      '.dot',
      '.hidden',
      'new\nline',
      '-dash',
      '*',
      'é',
      'Z',
      "qu'ote",
      ' ',
      'dangling',
      'to-a',
      'to-dir',
      'fifo',
    ];

    expect(
      await read(
        dir(at('dir')),
        dir(at('dir/.hidden')),
        dir(at('none')),
        dir(at('text')),
        dir(at('dir/to-dir/.hidden')),
      ),
    ).toEqual([
      { is: 'names', names: names.sort() },
      { is: 'names', names: [] },
      ABSENT,
      ABSENT,
      { is: 'names', names: [] },
    ]);
  });

  test('finds the regular files that match a pattern, and links to them', async () => {
    const [star, hidden, set, not, one, literal, nothing, quoted, slash] = await read(
      glob(at('dir/*')),
      glob(at('dir/.*')),
      glob(at('dir/[a-b]')),
      glob(at('dir/[!a-z.]*')),
      glob(at('?ir/?')),
      glob(at('text')),
      glob(at('none/*')),
      glob(at('a*c/[f]ile')),
      glob(at('b*k\\s*')),
    );

    const paths = (reading: Reading | undefined) =>
      reading?.is === 'files' ? Object.keys(reading.files).map((path) => path.slice(place.length + 1)) : reading;
    expect(paths(star)).toEqual([
      'dir/ ',
      'dir/*',
      'dir/-dash',
      'dir/Z',
      'dir/a',
      'dir/b',
      'dir/new\nline',
      "dir/qu'ote",
      'dir/to-a',
      'dir/é',
    ]);
    expect(star).toMatchObject({ files: { [at('dir/to-a')]: text('a'), [at('dir/new\nline')]: text('new\nline') } });
    expect(paths(hidden)).toEqual(['dir/..double', 'dir/.dot']);
    expect(paths(set)).toEqual(['dir/a', 'dir/b']);
    expect(paths(not)).toEqual(['dir/ ', 'dir/*', 'dir/-dash', 'dir/Z', 'dir/é']);
    expect(paths(one)).toEqual(expect.arrayContaining(['dir/ ', 'dir/*', 'dir/Z', 'dir/a', 'dir/b']));
    expect(paths(literal)).toEqual(['text']);
    expect(nothing).toEqual({ is: 'files', files: {} });
    expect(paths(quoted)).toEqual(['a [b] c/file']);
    expect(paths(slash)).toEqual(['back\\slash']);
  });

  test('reads where links point, and nothing else for a link', async () => {
    expect(
      await read(
        link(at('dir/dangling')),
        link(at('dir/to-dir')),
        link(at('text')),
        link(at('none')),
        link(at('loop')),
      ),
    ).toEqual([text('nowhere'), text('.'), refused('not a symbolic link'), ABSENT, text('loop')]);
  });

  test('says what stands at a path, of a link the link itself', async () => {
    const { uid, gid } = statSync(place);
    const name = (kind: string, id: number) =>
      readFileSync(`/etc/${kind}`, 'utf8')
        .split('\n')
        .find((line) => line.split(':')[2] === `${id}`)
        ?.split(':')[0] ?? `${id}`;
    const owned = { owner: name('passwd', uid), group: name('group', gid) };
    if (asRoot) execFileSync('chown', ['54321:54322', at('empty')]);

    const readings = await read(
      stat(at('nul')),
      stat(at('dir/to-a')),
      stat(place),
      stat(at('fifo')),
      stat(at('empty')),
      stat(at('none')),
    );

    expect(readings).toMatchObject([
      { is: 'stat', stat: { type: 'file', mode: '4751', size: 4, ...owned } },
      { is: 'stat', stat: { type: 'link', size: 1, ...owned } },
      { is: 'stat', stat: { type: 'dir', mode: '0700', ...owned } },
      { is: 'stat', stat: { type: 'other', ...owned } },
      { is: 'stat', stat: { type: 'file', size: 0, ...(asRoot && { owner: '54321', group: '54322' }) } },
      ABSENT,
    ]);
  });

  test('runs commands without input, their output and status apart', async () => {
    expect(
      await read(
        command('sh', '-c', 'cat; printf "out\\0"; printf err >&2; exit 200'),
        command('/bin/sh', '-c', 'kill -9 $$'),
        command('true'),
        command('no-such-command'),
        command('/no/such/command'),
        command(place),
        command(at('text')),
        command(''),
        command('x\0y'),
        command('printf', '%s', 'x'.repeat(140_000)),
      ),
    ).toEqual([
      { is: 'output', status: 200, stdout: 'out\0', stderr: 'err' },
      expect.objectContaining({ is: 'output', status: 137, stdout: '' }),
      { is: 'output', status: 0, stdout: '', stderr: '' },
      ABSENT,
      ABSENT,
      ABSENT,
      ABSENT,
      ABSENT,
      refused('a NUL byte cannot stand in it'),
      refused('140000 bytes are too long, Linux takes no more than 131071'),
    ]);
  });

  test(`reads ${MANY} files with few processes, by name or by pattern`, async () => {
    const started = (): number => Number(/^processes (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
    const files = Array.from({ length: MANY }, (_, i) => file(at(`many/${i}`)));
    const attempts: number[] = [];

    // Others start processes too: the best of a few attempts.
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = started();
      const readings = await read(...files, glob(at('many/*')));
      attempts.push(started() - before);
      expect(readings.slice(0, MANY)).toEqual(files.map((_, i) => text(`${i}\n`)));
      expect(Object.keys((readings[MANY] as Reading & { is: 'files' }).files)).toHaveLength(MANY);
    }

    expect(Math.min(...attempts)).toBeLessThan(60);
  });

  test.skipIf(!existsHere('/proc/sys/kernel'))('reads all that can be read of /proc/sys, as it is', async () => {
    const paths = execFileSync('find', ['/proc/sys', '-type', 'f'], { encoding: 'utf8' }).trim().split('\n');

    const readings = await read(...paths.map(file));

    let same = 0;
    for (const [index, path] of paths.entries()) {
      let content: string | undefined;
      try {
        content = readFileSync(path, 'utf8');
      } catch {
        expect(readings[index]?.is, path).toMatch(/refused|absent/);
        continue;
      }
      // Some differ at each look: counters, random numbers.
      if (content !== readFileSync(path, 'utf8')) continue;
      if (JSON.stringify(readings[index]) === JSON.stringify(text(content.replace(/\n+$/, '\n')))) same += 1;
    }
    expect(same).toBeGreaterThan(paths.length * 0.8);
  });

  test.skipIf(!existsHere('/sys/devices/system/cpu'))(
    "reads sysfs: lists that the shell cannot read, and refusals in the kernel's words",
    async () => {
      const [online, siblings, duplex, bonding] = await read(
        file('/sys/devices/system/cpu/online'),
        glob('/sys/devices/system/cpu/cpu[0-9]*/topology/*_list'),
        file('/sys/class/net/lo/duplex'),
        file('/sys/devices/system/cpu'),
      );

      expect(online).toEqual(text(readFileSync('/sys/devices/system/cpu/online', 'utf8')));
      const files = siblings?.is === 'files' ? Object.entries(siblings.files) : [];
      expect(files.length).toBeGreaterThan(0);
      for (const [path, reading] of files) expect(reading).toEqual(text(readFileSync(path, 'utf8')));
      if (existsHere('/sys/class/net/lo/duplex')) expect(duplex).toEqual(refused('Invalid argument'));
      expect(bonding).toEqual(refused('Is a directory'));
    },
  );
});

function existsHere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
