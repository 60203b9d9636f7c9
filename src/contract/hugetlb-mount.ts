import type { Change } from './change.ts';
import { knobProbes } from './knob.ts';
import type { Probes } from './probe.ts';
import { Problem } from './problem.ts';
import type { Seen } from './seen.ts';
import { formatKib, parseKib } from './size.ts';
import { unitOf } from './unit.ts';
import { installUnit, type OwnUnit, ownUnitProbes } from './unit-file.ts';

const MOUNTS = '/proc/mounts';
const FSTAB = '/etc/fstab';

/** What to read to have a hugetlbfs of this page size mounted somewhere. */
export const hugetlbMountProbes = (path: string, kib: number): Probes => ({
  ...knobProbes([MOUNTS, FSTAB]),
  ...ownUnitProbes(mountUnit(path, kib)),
});

/**
 * Have it mounted, now and at boot. What fstab or another unit keeps mounted (systemd's own `dev-hugepages.mount`) is left to
 * it. Throws `Problem` MountedOtherwise where something else is mounted there.
 */
export function mountHugetlb(
  seen: Seen,
  path: string,
  kib: number,
  planes: { readonly live: boolean; readonly persistent: boolean },
): Change[] {
  const unit = mountUnit(path, kib);
  requireSize(path, kib, seen);
  const entry = new RegExp(`^\\s*[^#\\s]\\S*\\s+${path.replaceAll(/[.+]/g, '\\$&')}\\s+hugetlbfs\\s`, 'm');
  if (entry.test(seen.text(FSTAB) ?? '')) return [];
  const now = unitOf(seen, unit.name);
  const ours = seen.text(`/etc/systemd/system/${unit.name}`) !== undefined;
  // A mount by hand is a unit as well, in no state that would have it back at boot.
  const kept = ['static', 'enabled', 'generated'].includes(now?.enabled ?? '');
  return !ours && kept && now?.active === 'active' ? [] : installUnit(seen, unit, planes);
}

function requireSize(path: string, kib: number, seen: Seen): void {
  for (const line of (seen.text(MOUNTS) ?? '').split('\n')) {
    const [, at, type, options = ''] = line.split(' ');
    if (at !== path) continue;
    const size = /(?:^|,)pagesize=(\w+)/.exec(options)?.[1];
    if (type === 'hugetlbfs' && (size === undefined || parseKib(size) === kib)) continue;
    throw new Problem(
      'MountedOtherwise',
      `${path} has ${type === 'hugetlbfs' ? `huge pages of ${size}` : `a ${type}`} mounted already`,
      `mount those of ${formatKib(kib)} elsewhere`,
    );
  }
}

function mountUnit(path: string, kib: number): OwnUnit {
  const name = path
    .slice(1)
    .replaceAll(/[^\w/.]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`)
    .replaceAll('/', '-');
  const content = `[Unit]
Description=Huge pages of ${formatKib(kib)}
DefaultDependencies=no
Before=sysinit.target

[Mount]
What=hugetlbfs
Where=${path}
Type=hugetlbfs
Options=pagesize=${formatKib(kib)}

[Install]
WantedBy=sysinit.target
`;
  return { name: `${name}.mount`, content, wantedBy: 'sysinit.target' };
}
