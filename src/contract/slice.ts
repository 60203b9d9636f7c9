import type { Change, Impact } from './change.ts';
import { type CpuSet, formatCpuSet, parseCpuSet, sameCpus } from './cpu-set.ts';
import { replaceFile } from './make-change.ts';
import { command, file, type Probe, type Probes } from './probe.ts';
import { type Reading, text } from './reading.ts';
import type { Seen } from './seen.ts';

/** Where systemd has its cgroups, and which controllers it may use: there with cgroup v2 alone. */
const CGROUP = '/sys/fs/cgroup';
export const CONTROLLERS = `${CGROUP}/cgroup.controllers`;
const ONLINE = '/sys/devices/system/cpu/online';

/** A slice, scope or service of systemd, and the CPUs that it shall keep to. */
export interface SliceCpus {
  readonly unit: string;
  readonly cpus: CpuSet;
  readonly impact: Impact;
}

const allowedProbe = (unit: string): Probe => command('systemctl', 'show', '--property=AllowedCPUs', unit);
const allowedName = (unit: string): string => `AllowedCPUs of ${unit}`;
const kernelPath = (unit: string): string => `${CGROUP}/${unit}/cpuset.cpus`;
const dropInPath = (unit: string): string => `/etc/systemd/system/${unit}.d/90-kvmplay-cpus.conf`;

export const sliceProbes = (units: readonly string[]): Probes => ({
  [CONTROLLERS]: file(CONTROLLERS),
  [ONLINE]: file(ONLINE),
  ...Object.fromEntries(
    units.flatMap((unit) => [
      [allowedName(unit), allowedProbe(unit)],
      [kernelPath(unit), file(kernelPath(unit))],
      [dropInPath(unit), file(dropInPath(unit))],
    ]),
  ),
});

/** Why systemd cannot keep units to CPUs here; undefined where it can. */
export function noSliceCpus(seen: Seen, units: readonly string[]): string | undefined {
  const controllers = seen.text(CONTROLLERS);
  if (controllers === undefined) return 'this host has cgroup v1, where systemd keeps no slice to CPUs';
  if (!controllers.split(/\s+/).includes('cpuset')) return 'this kernel has no cpuset controller';
  const silent = units.find((unit) => !/^AllowedCPUs=/m.test(seen.output(allowedName(unit))?.stdout ?? ''));
  return silent === undefined ? undefined : `systemd here knows no AllowedCPUs for ${silent}: it is older than 244`;
}

/** CPUs as systemctl shows them: ranges with blanks between. */
export const sameSlice = (a: string, b: string): boolean => {
  const [one, other] = [a, b].map((said) => parseCpuSet(said.replace(/^AllowedCPUs=/, '').trim()));
  return sameCpus(one ?? [], other ?? []);
};

const shown = (cpus: string): Reading => ({ is: 'output', status: 0, stdout: `AllowedCPUs=${cpus}\n`, stderr: '' });
const setProperty = (unit: string, cpus: string) =>
  ({ do: 'exec', argv: ['systemctl', 'set-property', '--runtime', unit, `AllowedCPUs=${cpus}`] }) as const;

/**
 * Keep a unit to its CPUs until the next boot. systemd that is given an empty set leaves the kernel with the old one, so the
 * way back is by the full set.
 */
export function setSlice(seen: Seen, { unit, cpus, impact }: SliceCpus): Change | undefined {
  const wanted = formatCpuSet(cpus);
  const was = (seen.output(allowedName(unit))?.stdout ?? '').replace(/^AllowedCPUs=/, '').trim();
  const path = kernelPath(unit);
  const kernel = seen.text(path)?.trim();
  const before = parseCpuSet(was);
  if (!sameCpus(before, cpus)) {
    const back = before.length > 0 ? [formatCpuSet(before)] : [seen.text(ONLINE)?.trim() ?? wanted, ''];
    const inherits = kernel === '' ? [{ do: 'poke', path, value: '' } as const] : [];
    return {
      target: allowedProbe(unit),
      plane: 'live',
      summary: `CPUs of ${unit}: ${formatCpuSet(before) || 'all'} → ${wanted}`,
      before: seen.raw(allowedName(unit)),
      after: shown(wanted),
      do: [setProperty(unit, wanted)],
      undo: [...back.map((one) => setProperty(unit, one)), ...inherits],
      impact,
      disturbs: [file(path)],
    };
  }
  if (kernel === undefined || sameCpus(parseCpuSet(kernel), cpus)) return undefined;
  return {
    target: file(path),
    plane: 'live',
    summary: `CPUs of ${unit}: ${kernel || 'all'}, not the ${wanted} that systemd was told → ${wanted}`,
    before: seen.raw(path),
    after: text(`${wanted}\n`),
    do: [{ do: 'poke', path, value: wanted }],
    undo: [{ do: 'poke', path, value: kernel }],
    impact,
  };
}

/** Keep a unit to its CPUs from the next boot on. A set adds to those before it, unless an empty one comes first. */
export function persistSlice(seen: Seen, { unit, cpus }: SliceCpus, live: boolean): Change | undefined {
  const path = dropInPath(unit);
  const section = unit.endsWith('.slice') ? 'Slice' : unit.endsWith('.scope') ? 'Scope' : 'Service';
  const content = `# Written by kvmplay.\n[${section}]\nAllowedCPUs=\nAllowedCPUs=${formatCpuSet(cpus)}\n`;
  if (seen.text(path) === content) return undefined;
  const told = live && seen.raw(allowedName(unit)).is === 'output';
  const then = told ? [{ do: 'exec', argv: ['systemctl', 'daemon-reload'] } as const] : [];
  return replaceFile({
    path,
    before: seen.raw(path),
    content,
    summary: `${path}: AllowedCPUs=${formatCpuSet(cpus)}`,
    then,
  });
}
