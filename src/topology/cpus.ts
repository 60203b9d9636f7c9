import { type CpuSet, cpuSet, differenceOf, intersectionOf, parseCpuSet, type Seen } from '../contract/index.ts';
import type { Cpus } from './model.ts';
import { cpuOf } from './sibling-sets.ts';
import { told } from './told.ts';

/** Which CPUs there are, are online, isolated and tickless. Old kernels tell less; an empty set may read `(null)` or NUL. */
export function readCpus(seen: Seen): Cpus {
  const folders = cpuSet((seen.names('topology.folders') ?? []).flatMap((name) => cpuNumber(name)));
  const online = onlineCpus(seen, folders);
  const present = listed(seen, 'topology.present') ?? folders;
  return {
    online,
    offline: differenceOf(present, online),
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

function onlineCpus(seen: Seen, folders: CpuSet): CpuSet {
  const told = listed(seen, 'topology.online');
  if (told) return told;
  const switches = [...seen.files('topology.switches')];
  const off = cpuSet(switches.filter(([, content]) => content.trim() === '0').map(([path]) => cpuOf(path)));
  return differenceOf(folders, off);
}

function listed(seen: Seen, name: string): CpuSet | undefined {
  const text = told(seen, name);
  return text === undefined ? undefined : parseCpuSet(text.replace(/\(null\)|\0/g, ''));
}

/** The CPUs of a boot argument such as `isolcpus=managed_irq,domain,2-7`; what only keeps interrupts away does not count. */
function bootedWith(seen: Seen, argument: string): CpuSet {
  const value = new RegExp(`(?:^|\\s)${argument}=(\\S+)`).exec(told(seen, 'topology.cmdline') ?? '')?.[1] ?? '';
  const parts = value.split(',');
  const flags = parts.filter((part) => /^[a-z]/.test(part));
  if (flags.length > 0 && !flags.includes('domain')) return [];
  return parseCpuSet(parts.filter((part) => !flags.includes(part)).join(','));
}
