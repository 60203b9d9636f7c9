import {
  type CpuSet,
  differenceOf,
  file,
  formatCpuSet,
  intersectionOf,
  isWithin,
  numadNotes,
  numadProbes,
  type Probes,
  Problem,
  parseCpuSet,
  reserveOf,
  reserveProbes,
  type Seen,
  unionOf,
} from '../../src/contract/index.ts';

const CPU = '/sys/devices/system/cpu';
const ONLINE = `${CPU}/online`;
const PRESENT = `${CPU}/present`;
const ISOLATED = `${CPU}/isolated`;

export const cpuProbes: Probes = {
  [ONLINE]: file(ONLINE),
  [PRESENT]: file(PRESENT),
  [ISOLATED]: file(ISOLATED),
  ...reserveProbes,
  ...numadProbes,
};

export interface HostCpus {
  readonly online: CpuSet | undefined;
  readonly present: CpuSet | undefined;
  readonly isolated: CpuSet;
  /** Those that host_reserve has as the host's own. */
  readonly reserved: CpuSet;
}

export function hostCpus(seen: Seen): HostCpus {
  const at = (path: string) => {
    const list = seen.text(path);
    return list === undefined || !/\d/.test(list) ? undefined : parseCpuSet(list);
  };
  return {
    online: at(ONLINE),
    present: at(PRESENT),
    isolated: at(ISOLATED) ?? [],
    reserved: reserveOf(seen)?.host ?? [],
  };
}

/** What an operator should know of pins that are as they should be. */
export function doubtsOf(
  guest: string,
  vcpus: readonly CpuSet[],
  { online = [], reserved }: HostCpus,
  seen: Seen,
): string[] {
  const tied = vcpus.filter((cpus) => !isWithin(online, cpus));
  const taken = intersectionOf(unionOf(...tied), reserved);
  return [
    ...(taken.length > 0
      ? [`${guest}: vCPUs are pinned to ${formatCpuSet(taken)}, which host_reserve has as the host's own`]
      : []),
    ...numadNotes(seen),
  ];
}

/** Throws `Problem` for CPUs that a thread cannot run on; notes where it would not run as it is meant to. */
export function checkCpus(
  cpus: CpuSet,
  guest: string,
  label: string,
  { online, present = online, isolated }: HostCpus,
  notes: string[],
): void {
  if (!online || !present) return;
  const missing = differenceOf(cpus, present);
  if (missing.length > 0)
    throw new Problem(
      'NoSuchCpu',
      `${guest}, ${label}: this host has no CPU ${formatCpuSet(missing)}`,
      `it has ${formatCpuSet(present)}`,
    );
  const offline = differenceOf(cpus, online);
  if (offline.length > 0)
    throw new Problem(
      'CpuOffline',
      `${guest}, ${label}: CPU ${formatCpuSet(offline)} is offline`,
      'take CPUs that are online',
    );
  const alone = intersectionOf(cpus, isolated);
  if (alone.length > 0 && cpus.length > 1)
    notes.push(
      `${guest}, ${label}: of the isolated CPUs ${formatCpuSet(alone)} it will run on one only: isolcpus ends balancing`,
    );
}
