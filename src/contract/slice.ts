import type { Action } from './action.ts';
import { type Change, type Impact, worseThan } from './change.ts';
import { type CpuSet, formatCpuSet, parseCpuSet, sameCpus } from './cpu-set.ts';
import { replaceFile } from './make-change.ts';
import { command, file, type Probes } from './probe.ts';
import { text } from './reading.ts';
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

const ALLOWED = 'AllowedCPUs';
const kernelPath = (unit: string): string => `${CGROUP}/${unit}/cpuset.cpus`;
const dropInPath = (unit: string): string => `/etc/systemd/system/${unit}.d/90-kvmplay-cpus.conf`;

/** One process for all of them. */
export const sliceProbes = (units: readonly string[]): Probes => ({
  [CONTROLLERS]: file(CONTROLLERS),
  [ONLINE]: file(ONLINE),
  [ALLOWED]: command('systemctl', 'show', '--property=Id,AllowedCPUs', ...units),
  ...Object.fromEntries(
    units.flatMap((unit) => [
      [kernelPath(unit), file(kernelPath(unit))],
      [dropInPath(unit), file(dropInPath(unit))],
    ]),
  ),
});

/** What systemd was told, by unit. A systemd that knows of no such thing prints nothing of it. */
function allowedIn(shown: string): ReadonlyMap<string, CpuSet> {
  const units = shown.split(/\n\n+/).flatMap((one) => {
    const id = /^Id=(.*)$/m.exec(one)?.[1];
    const cpus = /^AllowedCPUs=(.*)$/m.exec(one)?.[1];
    return id === undefined || cpus === undefined ? [] : [[id, parseCpuSet(cpus)] as const];
  });
  return new Map(units);
}

const printAllowed = (allowed: ReadonlyMap<string, CpuSet>): string =>
  [...allowed].map(([id, cpus]) => `Id=${id}\nAllowedCPUs=${formatCpuSet(cpus)}\n`).join('\n');

/** Why systemd cannot keep units to CPUs here; undefined where it can. */
export function noSliceCpus(seen: Seen, units: readonly string[]): string | undefined {
  const controllers = seen.text(CONTROLLERS);
  if (controllers === undefined) return 'this host has cgroup v1, where systemd keeps no slice to CPUs';
  if (!controllers.split(/\s+/).includes('cpuset')) return 'this kernel has no cpuset controller';
  const allowed = allowedIn(seen.output(ALLOWED)?.stdout ?? '');
  const silent = units.find((unit) => !allowed.has(unit));
  return silent === undefined ? undefined : `systemd here knows no AllowedCPUs for ${silent}: it is older than 244`;
}

/** Whether systemd says the same of the same units. */
export const sameSlices = (a: string, b: string): boolean =>
  printAllowed(new Map([...allowedIn(a)].sort())) === printAllowed(new Map([...allowedIn(b)].sort()));

const setProperty = (unit: string, cpus: string) =>
  ({ do: 'exec', argv: ['systemctl', 'set-property', '--runtime', unit, `AllowedCPUs=${cpus}`] }) as const;

/** Keep units to their CPUs until the next boot: those that systemd was not told of, and those where somebody wrote else. */
export function setSlices(seen: Seen, wanted: readonly SliceCpus[]): Change[] {
  const allowed = allowedIn(seen.output(ALLOWED)?.stdout ?? '');
  const wrong = wanted.filter(({ unit, cpus }) => !sameCpus(allowed.get(unit) ?? [], cpus));
  const rest = wanted.filter((one) => !wrong.includes(one)).flatMap((one) => mend(seen, one) ?? []);
  if (wrong.length === 0) return rest;
  const after = new Map([...allowed, ...wrong.map(({ unit, cpus }) => [unit, cpus] as const)]);
  const shown = ({ unit, cpus }: SliceCpus) =>
    `${unit} ${formatCpuSet(allowed.get(unit) ?? []) || 'all'} → ${formatCpuSet(cpus)}`;
  const change: Change = {
    target: seen.probe(ALLOWED),
    plane: 'live',
    summary: `CPUs of ${wrong.map(shown).join(', ')}`,
    before: seen.raw(ALLOWED),
    after: { is: 'output', status: 0, stdout: printAllowed(after), stderr: '' },
    do: wrong.map(({ unit, cpus }) => setProperty(unit, formatCpuSet(cpus))),
    undo: wrong.toReversed().flatMap(({ unit }) => undoOf(seen, unit, allowed.get(unit) ?? [])),
    impact: wrong.reduce<Impact>((worst, { impact }) => (worseThan(impact, worst) ? impact : worst), 'none'),
    disturbs: wrong.map(({ unit }) => file(kernelPath(unit))),
  };
  return [change, ...rest];
}

/** systemd that is given an empty set leaves the kernel with the old one, so the way back is by the full set. */
function undoOf(seen: Seen, unit: string, was: CpuSet): Action[] {
  if (was.length > 0) return [setProperty(unit, formatCpuSet(was))];
  const path = kernelPath(unit);
  const inherits = seen.text(path)?.trim() === '' ? [{ do: 'poke', path, value: '' } as const] : [];
  return [setProperty(unit, seen.text(ONLINE)?.trim() ?? ''), setProperty(unit, ''), ...inherits];
}

function mend(seen: Seen, { unit, cpus, impact }: SliceCpus): Change | undefined {
  const path = kernelPath(unit);
  const kernel = seen.text(path)?.trim();
  if (kernel === undefined || sameCpus(parseCpuSet(kernel), cpus)) return undefined;
  const wanted = formatCpuSet(cpus);
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
  const told = live && seen.raw(ALLOWED).is === 'output';
  const then = told ? [{ do: 'exec', argv: ['systemctl', 'daemon-reload'] } as const] : [];
  return replaceFile({
    path,
    before: seen.raw(path),
    content,
    summary: `${path}: AllowedCPUs=${formatCpuSet(cpus)}`,
    then,
  });
}
