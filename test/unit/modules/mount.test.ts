import { describe, expect, it } from 'vitest';
import { mount } from '../../../modules/mount.ts';
import { describeAction } from '../../../src/contract/index.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const MOUNTINFO = '/proc/self/mountinfo';
const ROOT = '21 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n';
const VDB = '40 21 254:16 / /srv rw,relatime - xfs /dev/vdb1 rw\n';
const disk = { path: '/srv', src: 'UUID=1-2', fstype: 'xfs', opts: 'noatime' };
const commandsOf = (plan: Awaited<ReturnType<typeof planOn>>) =>
  plan.changes.flatMap(({ do: actions }) =>
    actions.map((action) => (action.do === 'exec' ? action.argv.join(' ') : describeAction(action))),
  );

describe('mount', () => {
  it('tells what is so now from what the next boot brings', async () => {
    const files = { [MOUNTINFO]: ROOT, '/etc/fstab': 'UUID=1-2 /srv xfs noatime\n' };

    expect(summaryOf(await planOn(mount, disk, files))).toEqual(['live /srv: nothing → UUID=1-2 (xfs)']);
    expect(summaryOf(await planOn(mount, { ...disk, state: 'present' }, files))).toEqual([]);
    expect(
      summaryOf(await planOn(mount, disk, { [MOUNTINFO]: ROOT + VDB.replace('rw,relatime', 'rw,noatime') })),
    ).toEqual(['persistent /etc/fstab: /srv: nothing → UUID=1-2 (xfs, noatime)']);
  });

  it('makes the directory, and tells systemd of fstab', async () => {
    const files = { [MOUNTINFO]: ROOT, '/etc/fstab': '', '/run/systemd/system/x': '' };

    const plan = await planOn(mount, { ...disk, opts: 'noatime,nofail,x-systemd.device-timeout=5' }, files);

    expect(commandsOf(plan)).toEqual([
      'mkdir /etc',
      'write /etc/fstab',
      'systemctl daemon-reload',
      'mkdir /srv',
      'mount -t xfs -o noatime UUID=1-2 /srv',
    ]);
  });

  it('mounts anew in place where options differ, and can take that back', async () => {
    const files = { [MOUNTINFO]: ROOT + VDB, '/srv/x': '' };

    const plan = await planOn(mount, { ...disk, state: 'ephemeral' }, files);

    expect(commandsOf(plan)).toEqual(['mount -o remount,rw,noatime /dev/vdb1 /srv']);
    expect(plan.changes[0]?.undo).toEqual([
      { do: 'exec', argv: ['mount', '-o', 'remount,rw,relatime', '/dev/vdb1', '/srv'] },
    ]);
  });

  it.each([
    ['by its UUID', disk.src, { '/dev/disk/by-uuid/1-2': { link: '../../vdb1' } }, []],
    [
      'by its UUID, which is of another',
      disk.src,
      { '/dev/disk/by-uuid/1-2': { link: '../../vdc1' }, '/dev/vdc1': '' },
      'MountedOtherwise',
    ],
    ['by a UUID that is not there, of which nothing can be told', disk.src, {}, []],
    ['as a logical volume', '/dev/vg/lv', { '/dev/vg/lv': { link: '../vdb1' } }, []],
  ])('knows the device that is mounted %s', async (_, src, links, found) => {
    const files = { [MOUNTINFO]: ROOT + VDB, '/dev/vdb1': '', ...links };
    const params = { ...disk, src, opts: 'defaults', state: 'ephemeral' };

    if (typeof found === 'string') expect(await problemOn(mount, params, files)).toContain(found);
    else expect(summaryOf(await planOn(mount, params, files))).toEqual(found);
  });

  it('knows a file by the loop device that it is mounted by', async () => {
    const files = {
      [MOUNTINFO]: `${ROOT}40 21 7:0 / /mnt rw,relatime - ext4 /dev/loop0 rw\n`,
      '/sys/block/loop0/loop/backing_file': '/srv/disk.img\n',
      '/srv/disk.img': '',
      '/dev/loop0': '',
    };
    const params = { path: '/mnt', src: '/srv/disk.img', fstype: 'ext4', opts: 'loop', state: 'ephemeral' };

    expect(summaryOf(await planOn(mount, params, files))).toEqual([]);
    expect(await problemOn(mount, { ...params, src: '/srv/x.img' }, { ...files, '/srv/x.img': '' })).toContain(
      'MountedOtherwise',
    );
  });

  it.each([
    ['/srv/images', '/images', []],
    ['/srv/other', '/images', 'MountedOtherwise'],
  ])('knows that %s is bound where %s of its disk shows', async (src, root, found) => {
    const files = { [MOUNTINFO]: `${ROOT}${VDB}41 21 254:16 ${root} /export rw,relatime - xfs /dev/vdb1 rw\n` };
    const params = { path: '/export/', src, opts: 'bind', state: 'ephemeral' };

    if (typeof found === 'string') expect(await problemOn(mount, params, files)).toContain(found);
    else expect(summaryOf(await planOn(mount, params, files))).toEqual(found);
  });

  it('leaves to systemd what is mounted when somebody looks', async () => {
    const files = {
      [MOUNTINFO]: `${ROOT}40 21 0:50 / /srv rw,relatime - autofs systemd-1 rw,fd=52\n`,
      '/etc/fstab': 'UUID=1-2 /srv xfs noauto,x-systemd.automount\n',
    };

    expect(summaryOf(await planOn(mount, { ...disk, opts: 'noauto,x-systemd.automount' }, files))).toEqual([]);
  });

  it('takes away all that is mounted there, and fstab last, so that it can be brought back', async () => {
    const files = { [MOUNTINFO]: ROOT + VDB, '/etc/fstab': '/dev/vdb1 /srv xfs\n', '/srv/x': '' };

    const { changes } = await planOn(mount, { path: '/srv', state: 'absent' }, files);

    expect(changes.map(({ plane }) => plane)).toEqual(['live', 'persistent']);
    expect(changes[0]?.undo).toEqual([
      { do: 'mkdir', path: '/srv' },
      { do: 'exec', argv: ['mount', '/srv'] },
    ]);
    const twice = await planOn(
      mount,
      { path: '/srv', state: 'unmounted' },
      { ...files, [MOUNTINFO]: ROOT + VDB + VDB },
    );
    expect(commandsOf(twice)).toEqual(['umount /srv', 'umount /srv']);
    expect(twice.changes[0]?.undo).toHaveProperty('impossible');
  });

  it.each([
    [{ path: '/srv', state: 'remounted' }, { [MOUNTINFO]: ROOT }, 'NotMounted'],
    [disk, { [MOUNTINFO]: ROOT, '/etc/fstab': 'a /srv xfs\nb /srv xfs\n' }, 'ManyLines'],
    [{ ...disk, fstype: 'ext4' }, { [MOUNTINFO]: ROOT + VDB }, 'MountedOtherwise'],
    [disk, {}, 'NoMounts'],
  ])('cannot plan %j there: %#', async (params, files, code) => {
    expect(await problemOn(mount, params, files)).toContain(code);
  });

  it('says what is wrong with parameters', () => {
    expect(mistakesIn(mount, { path: '/srv' })).toEqual([
      'src: state: mounted needs a src',
      'fstype: state: mounted needs an fstype',
    ]);
    expect(mistakesIn(mount, { path: '/a/../b', state: 'absent' })).toEqual(['path: expected a path without ..']);
    expect(mistakesIn(mount, { path: '/a', src: 'b', opts: 'bind' })).toEqual(['src: what is bound is a path']);
  });
});

describe('what it was mounted on', () => {
  const absent = { path: '/mnt/old', state: 'absent' };
  const line = { '/etc/fstab': '/dev/vdb /mnt/old ext4 defaults 0 2\n' };
  const there = { '/mnt/old': { dir: true } } as const;
  const on = { [MOUNTINFO]: `${ROOT}40 21 254:16 / /mnt/old rw,relatime - ext4 /dev/vdb rw\n` };

  it('goes with the mount where it is empty, and comes back with it', async () => {
    const [live] = (await planOn(mount, absent, { ...line, ...there, ...on })).changes;

    expect(live?.do.map(describeAction)).toEqual([
      'run umount /mnt/old',
      'run rmdir --ignore-fail-on-non-empty /mnt/old',
    ]);
    expect(live?.undo).toEqual([
      { do: 'mkdir', path: '/mnt/old' },
      { do: 'exec', argv: ['mount', '/mnt/old'] },
    ]);
  });

  it.each([
    ['goes with the line of fstab where nothing is mounted', { ...line, ...there }, true],
    ['stays where something is in it', { ...line, '/mnt/old/data': '' }, false],
    ['stays where fstab does not know of it', there, false],
    ['stays where it is a link', { ...line, '/mnt/old': { link: '/srv' } }, false],
  ])('%s', async (_, files, gone) => {
    const plan = await planOn(mount, absent, { [MOUNTINFO]: ROOT, '/srv': { dir: true }, ...files });

    expect(summaryOf(plan).includes('persistent /mnt/old: an empty directory → absent')).toBe(gone);
  });

  it('stays with a file that is mounted over a file, and with what is only unmounted', async () => {
    const file = await planOn(mount, absent, { ...line, '/mnt/old': 'x', ...on });
    const unmounted = await planOn(mount, { ...absent, state: 'unmounted' }, { ...there, ...on });

    expect(commandsOf(file)[0]).toBe('umount /mnt/old');
    expect([...commandsOf(file), ...commandsOf(unmounted)].filter((one) => one.startsWith('rmdir'))).toEqual([]);
  });
});
