import type { Change, Pending } from './change.ts';
import { dropInProbes, overridden, rivalsOf, setDropIn } from './drop-ins.ts';
import { type Knob, setKnob } from './knob.ts';
import type { LineFormat } from './lines.ts';
import { dir, file, type Probes, stat } from './probe.ts';
import { text } from './reading.ts';
import type { Seen } from './seen.ts';

/** A parameter of a kernel module. Booleans are 1 and 0. */
export interface ModuleParameter {
  readonly module: string;
  readonly name: string;
  readonly value: string;
}

const CMDLINE = '/proc/cmdline';

const pathOf = ({ module, name }: ModuleParameter): string => `/sys/module/${module}/parameters/${name}`;
const modeOf = (path: string): string => `mode of ${path}`;

/** What a boolean parameter is set by and what it reads: 1 and Y, 0 and N. */
export const sameParameter = (a: string, b: string): boolean => canonical(a) === canonical(b);

function canonical(value: string): string {
  const word = value.trim();
  if (/^[yY]$/.test(word)) return '1';
  return /^[nN]$/.test(word) ? '0' : word;
}

/** `options kvm_intel nested=1 ept=1`: several on a line are read, one on a line is written. Source: modprobe.d(5). */
const OPTIONS: LineFormat = {
  parse: (line) => {
    const [word, module, ...options] = line.trim().split(/\s+/);
    if (word !== 'options' || module === undefined) return [];
    return options.map((option) => {
      const [, name = option, value = '1'] = /^([^=]*)=(.*)$/.exec(option) ?? [];
      return { key: `${module.replaceAll('-', '_')} ${name}`, value };
    });
  },
  print: (key, value) => `options ${key}=${value}`,
  same: sameParameter,
};

/** What to read to set parameters of modules on both planes. */
export function parameterProbes(parameters: readonly ModuleParameter[], ours: string): Probes {
  const paths = parameters.map(pathOf);
  return {
    ...Object.fromEntries(parameters.map(({ module }) => [`/sys/module/${module}`, dir(`/sys/module/${module}`)])),
    ...Object.fromEntries(paths.flatMap((path) => [[path, file(path)] as const, [modeOf(path), stat(path)] as const])),
    [CMDLINE]: file(CMDLINE),
    ...dropInProbes('modprobe.d', ours),
  };
}

const isLoaded = (seen: Seen, module: string): boolean => seen.names(`/sys/module/${module}`) !== undefined;

/** Those that the modules of this kernel have, and a note on each that they have not. */
export function parametersHere(seen: Seen, parameters: readonly ModuleParameter[]) {
  const absent = [...new Set(parameters.map(({ module }) => module))].filter((module) => !isLoaded(seen, module));
  const loaded = parameters.filter(({ module }) => !absent.includes(module));
  const here = loaded.filter((one) => seen.at(pathOf(one)).is !== 'absent');
  const missing = loaded.filter((one) => !here.includes(one));
  const notes = [
    ...absent.map((module) => `${module}: n/a, it is not loaded here`),
    ...missing.map((one) => `${one.module}.${one.name}: n/a, this kernel has no such parameter`),
  ];
  return { here, notes };
}

/**
 * Set parameters that are here: now where the kernel lets them be written, else they wait for the module to be loaded
 * again.
 */
export function setParameters(seen: Seen, here: readonly ModuleParameter[]): { changes: Change[]; pending: Pending[] } {
  const knobs = here.map((one): Knob => ({ path: pathOf(one), label: `${one.module}.${one.name}`, value: one.value }));
  const wrong = knobs.filter(({ path, value }) => !sameParameter(seen.textAt(path) ?? '', value));
  const isWritable = ({ path }: Knob) => /[2367]/.test(seen.stat(modeOf(path))?.mode ?? '0644');
  const changes = wrong.filter(isWritable).flatMap((knob) => setKnob(seen, knob) ?? []);
  const pending = wrong
    .filter((knob) => !isWritable(knob))
    .map(
      ({ path, label, value }): Pending => ({
        target: file(path),
        plane: 'pending',
        summary: `${label}: ${seen.textAt(path)?.trim()} → ${value}, when the module is loaded again`,
        before: seen.at(path),
        after: text(`${value}\n`),
        needs: 'reboot',
      }),
    );
  return { changes, pending };
}

/** Have modprobe set these parameters whenever it loads the modules. */
export function persistParameters(
  seen: Seen,
  ours: string,
  parameters: readonly ModuleParameter[],
): { changes: Change[]; pending: Pending[] } {
  const keyed = parameters.map(({ module, name, value }) => ({
    key: `${module} ${name}`,
    label: `${module}.${name}`,
    value,
  }));
  const labels = new Map(keyed.map(({ key, label }) => [key, label]));
  const change = setDropIn(seen, ours, OPTIONS, new Map(keyed.map(({ key, value }) => [key, value])), labels);
  const rivals = rivalsOf(seen, 'modprobe.d', ours, OPTIONS, 'last');
  const pending = keyed.flatMap(({ key, label, value }) => {
    const booted = new RegExp(`(?:^|\\s)${label}=(\\S+)`).exec((seen.text(CMDLINE) ?? '').replaceAll('-', '_'))?.[1];
    if (booted !== undefined && !sameParameter(booted, value)) return [bootedWith(label, booted, value, seen)];
    const rival = rivals.find((one) => one.key === key);
    return rival && !sameParameter(rival.value ?? '', value) ? [overridden(label, value, rival, OPTIONS)] : [];
  });
  return { changes: change ? [change] : [], pending };
}

/** modprobe takes the kernel's command line for the last word. Source: modprobe(8). */
function bootedWith(label: string, booted: string, value: string, seen: Seen): Pending {
  return {
    target: file(CMDLINE),
    plane: 'pending',
    summary: `${label}: the kernel was booted with ${label}=${booted}, which has the last word over "${value}"`,
    before: seen.raw(CMDLINE),
    after: text((seen.text(CMDLINE) ?? '').replace(`${label}=${booted}`, `${label}=${value}`)),
    needs: 'manual',
  };
}
