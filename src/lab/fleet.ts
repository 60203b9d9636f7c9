import { createHash } from 'node:crypto';
import { type Differences, distributionOf, type Family, familyOf } from './distribution.ts';
import { guestFiles } from './guests.ts';
import type { Machine } from './machine.ts';
import { uuidOf } from './uuid.ts';

const SITES = ['ams', 'fra'];
const RACKS = ['r1', 'r2'];

/** One simulated hypervisor: what it is called, where it stands, and in what it differs from the captured machine. */
export interface Member {
  readonly name: string;
  /** The group of its rack: `fra_r2`. */
  readonly rack: string;
  readonly family: Family;
  readonly own: Differences;
}

/** `count` hypervisors, spread evenly over the racks in order. The same ones every time. */
export function membersOf(count: number, machine: Machine): Member[] {
  const racks = SITES.flatMap((site) => RACKS.map((rack) => `${site}_${rack}`));
  const digits = Math.max(2, String(count).length);
  return Array.from({ length: count }, (_, index) => {
    const family = familyOf(index);
    const name = `hv${String(index + 1).padStart(digits, '0')}`;
    return {
      name,
      rack: racks[Math.floor((index * racks.length) / count)] ?? 'ams_r1',
      family,
      own: {
        ...distributionOf(family, machine),
        ...identity(name),
        ...guestFiles(name),
        ...habit(index, machine),
      },
    };
  });
}

/** Sites and their racks, for the inventory. */
export const sites: ReadonlyMap<string, readonly string[]> = new Map(
  SITES.map((site) => [site, RACKS.map((rack) => `${site}_${rack}`)]),
);

function identity(name: string): Record<string, string> {
  return {
    'etc/hostname': `${name}\n`,
    'proc/sys/kernel/hostname': `${name}\n`,
    'proc/sys/kernel/random/boot_id': `${uuidOf(`${name} boot`)}\n`,
    'etc/machine-id': `${createHash('sha256').update(name).digest('hex').slice(0, 32)}\n`,
  };
}

/** What people did by hand over the years: most hosts are as installed, some half tuned, some worse than that. */
const HABITS: readonly (readonly [every: number, from: number, texts: Readonly<Record<string, string>>])[] = [
  // Tuned live and never made to last.
  [
    4,
    3,
    {
      'proc/sys/vm/swappiness': '10\n',
      'sys/kernel/mm/transparent_hugepage/defrag': 'always defer [defer+madvise] madvise never\n',
    },
  ],
  // KSM left on, with nothing to merge yet: a directory could not give merged pages back.
  [5, 2, { 'sys/kernel/mm/ksm/run': '1\n' }],
  // An older file of somebody's, in the place for such files.
  [6, 5, { 'etc/sysctl.d/10-local.conf': '# set long ago\nvm.swappiness = 1\n', 'proc/sys/vm/swappiness': '1\n' }],
  [7, 6, { 'sys/kernel/mm/transparent_hugepage/enabled': 'always madvise [never]\n' }],
];

function habit(index: number, machine: Machine): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [every, from, changes] of HABITS) {
    if (index % every !== from) continue;
    // A knob that the captured kernel does not have is not made up.
    for (const [path, text] of Object.entries(changes))
      if (path.startsWith('etc/') || path in machine || `/${path}` in machine) texts[path] = text;
  }
  return texts;
}
