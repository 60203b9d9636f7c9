import { type CpuSet, cpuSet, differenceOf, intersectionOf, parseCpuSet, type Seen } from '../contract/index.ts';
import type { Cpus } from './model.ts';
import { cpuOf } from './sibling-sets.ts';
import { told, toldList } from './told.ts';

/** Which CPUs there are, are online, isolated and tickless. Old kernels tell less; an empty set may read `(null)` or NUL. */
export function readCpus(seen: Seen): Cpus {
  const folders = cpuSet((seen.names('topology.folders') ?? []).flatMap((name) => cpuNumber(name)));
  const told = listed(seen, 'topology.online') ?? switchedOn(seen, folders);
  // A capture that was cut down to some CPUs has their folders, and lists that still name all there were.
  const online = folders.length > 0 ? intersectionOf(told, folders) : told;
  const present = listed(seen, 'topology.present') ?? folders;
  return {
    online,
    offline: differenceOf(present, told),
    isolated: intersectionOf(
      listed(seen, 'topology.isolated') ?? bootedWith(seen, 'isolcpus'),
      cpuSet([...present, ...online]),
    ),
    tickless: intersectionOf(
      listed(seen, 'topology.nohz_full') ?? bootedWith(seen, 'nohz_full'),
      cpuSet([...present, ...online]),
    ),
  };
}

function cpuNumber(name: string): number[] {
  const digits = /^cpu(\d+)$/.exec(name)?.[1];
  return digits === undefined ? [] : [Number(digits)];
}

/** Old kernels tell each CPU's own switch alone. */
function switchedOn(seen: Seen, folders: CpuSet): CpuSet {
  const switches = [...seen.files('topology.switches')];
  const off = cpuSet(switches.filter(([, content]) => content.trim() === '0').map(([path]) => cpuOf(path)));
  return differenceOf(folders, off);
}

function listed(seen: Seen, name: string): CpuSet | undefined {
  const text = told(seen, name);
  return text === undefined ? undefined : toldList(text);
}

/** The CPUs of a boot argument such as `isolcpus=managed_irq,domain,2-7`; what only keeps interrupts away does not count. */
function bootedWith(seen: Seen, argument: string): CpuSet {
  const value = new RegExp(`(?:^|\\s)${argument}=(\\S+)`).exec(told(seen, 'topology.cmdline') ?? '')?.[1] ?? '';
  const parts = value.split(',');
  const flags = parts.filter((part) => /^[a-z]/.test(part));
  if (flags.length > 0 && !flags.includes('domain')) return [];
  return parseCpuSet(parts.filter((part) => !flags.includes(part)).join(','));
}
