import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Kvmplay, kvmplayOn, type Outcome } from '../support/kvmplay.ts';

const able = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

/** In a view of the file systems of its own, so that nothing is mounted on the machine that runs the tests. */
describe.skipIf(!able)(`mount, on a real kernel${able ? '' : ' (skipped: nothing can be mounted here)'}`, () => {
  let place: string;
  let space: ChildProcess;
  let kvmplay: Kvmplay;
  let run: Outcome;
  const within = (...words: string[]) =>
    execFileSync('nsenter', [`--mount=/proc/${space.pid}/ns/mnt`, ...words], { encoding: 'utf8' }).trim();
  const shown = (path: string) => within('findmnt', '-rno', 'FSTYPE,OPTIONS', path);
  const tasks = () => [
    {
      mount: {
        path: `${place}/pad`,
        src: 'tmpfs',
        fstype: 'tmpfs',
        opts: 'size=8m,mode=0750,nosuid,nofail',
        state: 'ephemeral',
      },
    },
    { mount: { path: `${place}/a b`, src: `${place}/pad`, opts: 'bind,ro', state: 'ephemeral' } },
  ];

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'kvmplay-mount-'));
    space = spawn('unshare', ['-m', '--propagation', 'private', 'sleep', '300'], { stdio: 'ignore' });
    for (let tries = 0; tries < 50 && within('readlink', '/proc/self/ns/mnt') === ownSpace(); tries++)
      execFileSync('sleep', ['0.1']);
    mkdirSync(join(place, 'project'));
    kvmplay = kvmplayOn({
      folder: join(place, 'project'),
      vars: { ansible_connection: 'local' },
      beside: ['nsenter', `--mount=/proc/${space.pid}/ns/mnt`],
    });
  });
  afterAll(() => {
    space?.kill();
    rmSync(place, { recursive: true, force: true });
  });

  test('a check says what a run does', () => {
    const audit = kvmplay.audit(tasks());
    run = kvmplay.run(tasks());

    expect([audit.status, run.status], run.words).toEqual([3, 0]);
    // Whatever the first is mounted over, nobody can tell where the second comes from before.
    expect(audit.results.map(({ status }) => status)).toEqual(['changed', 'unknown']);
    expect(run.targets.slice(0, 1)).toEqual(audit.targets);
    expect(run.targets).toHaveLength(2);
    expect(shown(`${place}/pad`)).toBe('tmpfs rw,nosuid,relatime,size=8192k,mode=750');
    expect(shown(`${place}/a b`)).toMatch(/^tmpfs ro,(nosuid,)?relatime,size=8192k,mode=750$/);
  });

  test('a second run changes nothing, in one round trip', () => {
    const again = kvmplay.run(tasks());

    expect([again.status, again.targets], again.words).toEqual([0, []]);
  });

  test('what somebody has mounted anew by hand is found and mended', () => {
    within('mount', '-o', 'remount,noexec,size=4m', 'tmpfs', `${place}/pad`);

    const mended = kvmplay.run(tasks());

    expect([mended.status, mended.targets.length], mended.words).toEqual([0, 1]);
    expect(shown(`${place}/pad`)).toBe('tmpfs rw,nosuid,relatime,size=8192k,mode=750');
    const back = kvmplay.rollback(mended.id);
    expect(back.status, back.words).toBe(0);
    expect(shown(`${place}/pad`)).toMatch(/^tmpfs rw,noexec,relatime,size=4096k/);
    kvmplay.run(tasks());
  });

  test('a rollback unmounts it, and takes the directories away that were made', () => {
    const back = kvmplay.rollback(run.id);

    expect(back.status, back.words).toBe(0);
    expect(within('sh', '-c', `findmnt -rn | grep -c ${place} || true`)).toBe('0');
    expect(within('ls', place)).toBe('project');
  });
});

const ownSpace = (): string => execFileSync('readlink', ['/proc/self/ns/mnt'], { encoding: 'utf8' }).trim();
