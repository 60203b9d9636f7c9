import { nearest } from './nearest.ts';
import { matches } from './pattern.ts';
import { dir, glob, link, type Probes } from './probe.ts';
import { Problem } from './problem.ts';
import type { Seen } from './seen.ts';

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

/** How a class of disks is found, and how udev finds it. */
const CLASSES = {
  rotational: { kernel: 'sd*|hd*', rotational: '1' },
  solid: { kernel: 'sd*|hd*|mmcblk*', rotational: '0' },
  nvme: { kernel: 'nvme*', rotational: undefined },
  virtio: { kernel: 'vd*', rotational: undefined },
} as const;

/** What to read to know the disks that are chosen. */
export const diskProbes = (choice: DiskChoice): Probes => ({
  [BLOCK]: dir(BLOCK),
  rotational: glob(`${BLOCK}/*/queue/rotational`),
  ...(choice.class === 'members' && { [MEMBERS]: glob(MEMBERS) }),
  ...Object.fromEntries((choice.devices ?? []).filter(isLink).map((path) => [path, link(path)])),
});

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
  return [...new Set(named)].filter((disk) => isOfClass(disk, params.class, seen));
}

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
    return [...seen.files(MEMBERS).keys()].some((path) => new RegExp(`/slaves/${disk}(p?\\d+)?/dev$`).test(path));
  const { kernel, rotational } = CLASSES[kind];
  const turns = seen.textAt(`${BLOCK}/${disk}/queue/rotational`)?.trim();
  return kernel.split('|').some((one) => matches(one, disk)) && (rotational === undefined || turns === rotational);
}

/** What udev matches the same disks by. */
export function udevMatches(params: DiskChoice, disks: readonly string[]): string[] {
  const always = ['ACTION=="add|change"', 'SUBSYSTEM=="block"', 'ENV{DEVTYPE}=="disk"'];
  if (params.class === 'members') return [[...always, `KERNEL=="${disks.join('|')}"`].join(', ')];
  const { kernel, rotational } = params.class ? CLASSES[params.class] : {};
  if (kernel !== undefined) always.push(`KERNEL=="${kernel}"`);
  if (rotational !== undefined) always.push(`ATTR{queue/rotational}=="${rotational}"`);
  const devices = params.devices ?? [];
  const names = devices.filter((device) => !isLink(device) && !isPattern(device));
  const patterns = devices.filter(isPattern);
  const each = [
    ...(names.length > 0 ? [`KERNEL=="${names.join('|')}"`] : []),
    ...(patterns.length > 0 ? [`KERNEL!="${NOT_BY_PATTERN}", KERNEL=="${patterns.join('|')}"`] : []),
    ...devices.filter(isLink).map((path) => `SYMLINK=="${path.slice('/dev/'.length)}"`),
  ];
  return each.length === 0 ? [always.join(', ')] : each.map((one) => [...always, one].join(', '));
}
