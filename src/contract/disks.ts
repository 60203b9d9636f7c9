import { nearest } from './nearest.ts';
import { matches } from './pattern.ts';
import { command, dir, glob, link, type Probes } from './probe.ts';
import { Problem } from './problem.ts';
import type { Seen } from './seen.ts';
import { saidBy, type Thing } from './thing.ts';

export const BLOCK = '/sys/block';
const MEMBERS = `${BLOCK}/*/slaves/*/dev`;

/** Disks by name, pattern or `/dev/disk/by-id/…`, and of a class. */
export interface DiskChoice {
  readonly devices?: readonly string[] | undefined;
  readonly class?: keyof typeof CLASSES | 'members' | undefined;
}

/** No disks, or disks made of others: taken by their own name, never by a pattern. */
const NOT_BY_PATTERN = 'loop*|ram*|zram*|sr*|fd*|dm-*|md*|nbd*|nvme*c*';
const isDisk = (name: string) => !NOT_BY_PATTERN.split('|').some((pattern) => matches(pattern, name));

const SPINNING = { kernel: 'sd*|hd*', rotational: '1' } as const;

/** How a class of disks is found, and how udev finds it. */
const CLASSES = {
  rotational: SPINNING,
  hdd: SPINNING,
  ssd: { kernel: 'sd*|hd*|mmcblk*', rotational: '0' },
  nvme: { kernel: 'nvme*', rotational: undefined },
  virtio: { kernel: 'vd*', rotational: undefined },
} as const;

/**
 * Where a disk says which it is, whatever it is called: SCSI and SATA, NVMe, virtio, SCSI without a name of the world (its
 * serial in bytes of SCSI's own, VPD page 80h).
 */
const TELLS = ['device/wwid', 'wwid', 'serial', 'device/vpd_pg80'].map((name) => `${BLOCK}/*/${name}`);

/** A disk by what stays with it over boots; undefined for one that tells nothing. */
export function diskThing(disk: string, seen: Seen): Thing | undefined {
  for (const tells of TELLS) {
    const says = saidBy(tells, seen).get(disk) ?? '';
    if (says !== '') return { under: `${BLOCK}/`, name: disk, tells, says };
  }
  return undefined;
}

/** What to read to know the disks that are chosen. */
export const diskProbes = (choice: DiskChoice): Probes => ({
  [BLOCK]: dir(BLOCK),
  rotational: glob(`${BLOCK}/*/queue/rotational`),
  ...Object.fromEntries(TELLS.map((tells) => [tells, glob(tells)])),
  ...(choice.class === 'members' && { [MEMBERS]: glob(MEMBERS) }),
  ...Object.fromEntries((choice.devices ?? []).filter(isLink).map((path) => [path, link(path)])),
});

/** Disks that are named one by one, by names that another boot may give to others. */
const namedIn = ({ devices = [] }: DiskChoice): string[] =>
  devices.filter((device) => !isLink(device) && !isPattern(device));

const propertiesOf = (disk: string) => `udev's properties of ${disk}`;

/** What to read to have udev find them again whatever they are called. One process for each that is named. */
export const udevProbes = (choice: DiskChoice): Probes =>
  Object.fromEntries(
    namedIn(choice).map((disk) => [
      propertiesOf(disk),
      command('udevadm', 'info', '--query=property', `--name=/dev/${disk.replaceAll('!', '/')}`),
    ]),
  );

/** What stays with a disk over boots: its serial, where it tells one that udev can match. */
function serialOf(disk: string, seen: Seen): string | undefined {
  const reading = seen.raw(propertiesOf(disk));
  return reading.is === 'output' ? /^ID_SERIAL=([\w.:+-]+)$/m.exec(reading.stdout)?.[1] : undefined;
}

const isLink = (device: string) => device.startsWith('/');
const isPattern = (device: string) => /[*?[]/.test(device);

/** The disks that are asked for. Throws `Problem` UnknownDisk for a name that is none. */
export function chosenDisks(params: DiskChoice, seen: Seen): string[] {
  const all = seen.names(BLOCK) ?? [];
  const named = (params.devices ?? ['*']).flatMap((device) => {
    if (isLink(device)) return [existing(seen.text(device)?.split('/').at(-1) ?? device, all)];
    if (isPattern(device)) return all.filter((disk) => isDisk(disk) && matches(device, disk));
    return [existing(device, all)];
  });
  const meant = params.class === 'members' ? named.flatMap((disk) => standsOn(disk, all, seen)) : named;
  return [...new Set(meant)].filter((disk) => isOfClass(disk, params.class, seen));
}

/** The disks that a device of device-mapper or md stands on, through others of its kind; itself where it is a disk. */
function standsOn(device: string, all: readonly string[], seen: Seen): string[] {
  const slaves = [...seen.files(MEMBERS).keys()].flatMap((path) => {
    const [, above, slave] = /^\/sys\/block\/([^/]+)\/slaves\/([^/]+)\/dev$/.exec(path) ?? [];
    return above === device && slave !== undefined ? [slave] : [];
  });
  if (slaves.length === 0) return [device];
  const diskOf = (slave: string) => all.find((disk) => slave === disk || isPartitionOf(slave, disk)) ?? slave;
  return slaves.flatMap((slave) => standsOn(diskOf(slave), all, seen));
}

/** `sda2` of sda, `nvme0n1p2` of nvme0n1. */
const isPartitionOf = (name: string, disk: string): boolean =>
  name.startsWith(disk) && (/\d$/.test(disk) ? /^p\d+$/ : /^\d+$/).test(name.slice(disk.length));

function existing(disk: string, all: readonly string[]): string {
  if (all.includes(disk)) return disk;
  const best = nearest(disk, all);
  throw new Problem(
    'UnknownDisk',
    `there is no disk ${disk} here`,
    best === undefined ? undefined : `did you mean ${best}?`,
  );
}

function isOfClass(disk: string, kind: DiskChoice['class'], seen: Seen): boolean {
  if (kind === undefined) return true;
  if (kind === 'members')
    return [...seen.files(MEMBERS).keys()].some((path) => {
      const slave = path.split('/').at(-2) ?? '';
      return slave === disk || isPartitionOf(slave, disk);
    });
  const { kernel, rotational } = CLASSES[kind];
  const turns = seen.textAt(`${BLOCK}/${disk}/queue/rotational`)?.trim();
  return kernel.split('|').some((one) => matches(one, disk)) && (rotational === undefined || turns === rotational);
}

/** What udev matches the same disks by. */
export function udevMatches(params: DiskChoice, disks: readonly string[], seen: Seen): string[] {
  const always = ['ACTION=="add|change"', 'SUBSYSTEM=="block"', 'ENV{DEVTYPE}=="disk"'];
  if (params.class === 'members') return [[...always, `KERNEL=="${disks.join('|')}"`].join(', ')];
  const { kernel, rotational } = params.class ? CLASSES[params.class] : {};
  if (kernel !== undefined) always.push(`KERNEL=="${kernel}"`);
  if (rotational !== undefined) always.push(`ATTR{queue/rotational}=="${rotational}"`);
  const devices = params.devices ?? [];
  const serials = new Map(namedIn(params).map((disk) => [disk, serialOf(disk, seen)]));
  const names = [...serials].filter(([, serial]) => serial === undefined).map(([disk]) => disk);
  const patterns = devices.filter(isPattern);
  const each = [
    ...[...serials.values()].flatMap((serial) => (serial === undefined ? [] : [`ENV{ID_SERIAL}=="${serial}"`])),
    ...(names.length > 0 ? [`KERNEL=="${names.join('|')}"`] : []),
    ...(patterns.length > 0 ? [`KERNEL!="${NOT_BY_PATTERN}", KERNEL=="${patterns.join('|')}"`] : []),
    ...devices.filter(isLink).map((path) => `SYMLINK=="${path.slice('/dev/'.length)}"`),
  ];
  return each.length === 0 ? [always.join(', ')] : each.map((one) => [...always, one].join(', '));
}
