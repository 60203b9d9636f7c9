import { describe, expect, it } from 'vitest';
import {
  devicePath,
  type Entry,
  entriesFor,
  lacks,
  mountOf,
  parseMounts,
  rootOf,
  sameMounts,
  shownOptions,
  toRemount,
  withEntry,
  withoutEntries,
} from '../../../src/contract/index.ts';
import { sameOptions } from '../../../src/contract/mounts/options.ts';

/** As kernel 6.18 and util-linux 2.38 made it of `mount` commands. */
const MOUNTINFO = `47 46 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resuid=65534
73 47 0:41 / /mnt/t rw,nosuid,relatime - tmpfs tmpfs rw,size=65536k,mode=750
74 73 254:0 /usr/share /mnt/t/a\\040b#c ro,relatime - ext4 /dev/vda rw,discard,resuid=65534
`;
const [, tmpfs, bound] = parseMounts(MOUNTINFO);

describe('options', () => {
  it.each([
    ['defaults', 'rw', true],
    ['', 'defaults', true],
    ['noatime,ro', 'ro,noatime', true],
    ['ro,rw', 'defaults', true],
    ['rw,ro', 'ro', true],
    ['nosuid,defaults', 'rw', true],
    ['size=64m,mode=0750', 'mode=750,size=65536k', true],
    ['noauto', 'defaults', false],
    ['nofail', 'defaults', false],
    ['users', 'user', false],
    ['size=64m', 'size=65m', false],
    ['x-systemd.requires=a,x-systemd.requires=b', 'x-systemd.requires=b', false],
  ])('%s and %s ask for the same: %s', (a, b, same) => {
    expect([sameOptions(a, b), sameOptions(b, a)]).toEqual([same, same]);
  });

  it.each([
    ['size=64m,mode=0750,nosuid', tmpfs, []],
    ['defaults,nosuid,noauto,nofail,x-systemd.automount', tmpfs, []],
    ['nosuid,noatime', tmpfs, ['noatime']],
    ['size=32m,nosuid', tmpfs, ['size=32m']],
    ['size=10%,nosuid', tmpfs, []],
    ['nosuid,huge=always', tmpfs, ['huge=always']],
    ['mode=0750', tmpfs, ['not nosuid']],
    // Its flags come from what it shows.
    ['bind', tmpfs, []],
    ['bind,ro', tmpfs, ['ro']],
    // What mount(8) makes of it.
    ['user,suid', tmpfs, ['nodev', 'noexec', 'not nosuid']],
  ] as const)('%s: what is shown of a tmpfs lacks %#', (asked, mount, missing) => {
    expect(lacks(asked, mount ? shownOptions(mount) : '', 'tmpfs')).toEqual(missing);
  });

  it.each([
    ['a file system that went read-only by itself', 'rw,relatime', 'ro,errors=remount-ro', 'ext4', ['not ro']],
    ['a mount that was made read-only', 'ro,relatime', 'rw', 'ext4', ['not ro']],
    ['a disc', 'ro,relatime', 'ro', 'iso9660', []],
    ['what the kernel adds by itself', 'rw,relatime', 'rw,attr2,inode64,logbufs=8,noquota', 'xfs', []],
  ])('finds %s', (_, own, options, type, missing) => {
    const [mount] = parseMounts(`1 1 8:1 / / ${own} - ${type} /dev/sda ${options}\n`);

    expect(lacks('defaults', mount ? shownOptions(mount) : '', type)).toEqual(missing);
  });

  it('says all of it when it is mounted anew, since what is not said is taken back', () => {
    expect(toRemount('nofail,size=32m')).toEqual(['rw', 'size=32m', 'relatime']);
    expect(toRemount('ro,noatime')).toEqual(['ro', 'noatime']);
  });
});

describe('what is mounted', () => {
  it('has paths with blanks in them, and bind mounts with where they come from', () => {
    expect(bound).toMatchObject({ path: '/mnt/t/a b#c', root: '/usr/share', device: '254:0' });
    const on = mountOf('/usr/share/doc', parseMounts(MOUNTINFO));
    expect([on?.path, on && rootOf('/usr/share/doc', on)]).toEqual(['/', '/usr/share/doc']);
    const inside = mountOf('/mnt/t/a b#c/doc', parseMounts(MOUNTINFO));
    expect(inside && rootOf('/mnt/t/a b#c/doc', inside)).toBe('/usr/share/doc');
  });

  it('is the same under other numbers, and another with other options', () => {
    const line = MOUNTINFO.split('\n')[1] ?? '';

    expect(sameMounts(line, line.replace('73 47 0:41', '99 12 0:77'))).toBe(true);
    expect(sameMounts(line, line.replace('nosuid', 'nodev'))).toBe(false);
    expect(sameMounts(line, `${line}\n${line}`)).toBe(false);
  });
});

describe('fstab', () => {
  const FSTAB = `# <file system> <mount point> <type> <options> <dump> <pass>
UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 errors=remount-ro 0 1

/dev/vdb1\t/srv/a\\040b   xfs\tdefaults
tmpfs /tmp tmpfs size=1g,mode=1777 0 0 # ours`;
  const asked = (entry: Partial<Entry>): Entry => ({
    ...{ src: '/dev/vdb1', path: '/srv/a b', fstype: 'xfs', opts: 'defaults', dump: 0, passno: 0 },
    ...entry,
  });
  const set = (entry: Partial<Entry>) => {
    const whole = asked(entry);
    return withEntry(FSTAB, entriesFor(FSTAB, whole.path)[0], whole);
  };

  it.each([
    ['what is so', {}, '/dev/vdb1\t/srv/a\\040b   xfs\tdefaults'],
    ['options', { opts: 'noatime,nofail' }, '/dev/vdb1\t/srv/a\\040b   xfs\tnoatime,nofail'],
    ['a source', { src: 'LABEL=my disk' }, 'LABEL=my\\040disk\t/srv/a\\040b   xfs\tdefaults'],
    ['a pass', { passno: 2 }, '/dev/vdb1\t/srv/a\\040b   xfs\tdefaults 0 2'],
  ])('has %s changed in its own line, and nothing else', (_, entry, line) => {
    expect(set(entry)).toBe(FSTAB.replace(/^\/dev\/vdb1.*$/m, () => line));
  });

  it('keeps what stands behind the fields, and how other lines are written', () => {
    expect(set({ src: 'tmpfs', path: '/tmp', fstype: 'tmpfs', opts: 'size=2g,mode=1777' })).toBe(
      FSTAB.replace('size=1g', 'size=2g'),
    );
  });

  it('gets a line at its end, though the last one has none, and loses it again', () => {
    const added = set({ src: '#odd', path: '/mnt/new' });

    expect(added).toBe(`${FSTAB}\n\\043odd /mnt/new xfs defaults 0 0\n`);
    expect(withoutEntries(added, entriesFor(added, '/mnt/new'))).toBe(`${FSTAB}\n`);
  });

  it.each([
    ['UUID=0a3407de', '/dev/disk/by-uuid/0a3407de'],
    ['UUID="0a3407de"', '/dev/disk/by-uuid/0a3407de'],
    // As udev names it on Debian 12.
    ['LABEL=my disk/1', '/dev/disk/by-label/my\\x20disk\\x2f1'],
    ['/dev/vdb1', '/dev/vdb1'],
    ['nas:/export', 'nas:/export'],
  ])('%s stands for %s', (src, path) => {
    expect(devicePath(src)).toBe(path);
  });
});
