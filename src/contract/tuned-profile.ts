import { linearRegex } from './regex.ts';

/** One thing that a profile of tuned sets, and where it says so. */
export interface TunedSetting {
  /** `sysctl`, `vm`, `cpu`, `disk`, `sysfs`, `bootloader` … */
  readonly plugin: string;
  readonly key: string;
  readonly value: string;
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Set only where /proc/cpuinfo matches this, as it is written. */
  readonly cpuinfo?: string;
}

interface Section {
  readonly name: string;
  readonly options: Map<string, TunedSetting>;
}

/** Strongest first: a profile in a place hides those of its name in the places after it. */
export const PROFILE_PLACES = ['/etc/tuned/profiles', '/etc/tuned', '/usr/lib/tuned/profiles', '/usr/lib/tuned'];

/** Options that say how a section is taken, and set nothing. */
const ABOUT = ['type', 'enabled', 'replace', 'drop', 'devices', 'devices_udev_regex', 'uname_regex', 'cpuinfo_regex'];

/** What uname(1) calls machines that Linux runs guests on. */
const MACHINES = ['x86_64', 'aarch64', 's390x', 'ppc64le', 'riscv64', 'loongarch64'];

/** Whether what is said of uname is about machines of another kind than this. Where that is not known, it may be this one. */
function isElsewhere(uname: string, machine: string | undefined): boolean {
  if (machine === undefined) return false;
  try {
    const regex = linearRegex(uname);
    const names = (one: string) => regex.search(one) !== undefined;
    return !names(machine) && MACHINES.some(names);
  } catch {
    return false;
  }
}

/**
 * What profiles set when they are applied one over the other, each after those that it includes, on a machine as uname(1) calls it.
 * Values are as they are written, variables in them not expanded. Source: Loader and Merger in tuned's profiles/ (2.20).
 */
export function profileSettings(
  names: readonly string[],
  files: ReadonlyMap<string, string>,
  machine?: string,
): TunedSetting[] {
  const sections = new Map<string, Section>();
  const loaded = new Set<string>();
  const load = (name: string): void => {
    const bare = name.replace(/^-/, '');
    const path = PROFILE_PLACES.map((place) => `${place}/${bare}/tuned.conf`).find(
      (one) => files.has(one) && !loaded.has(one),
    );
    if (path === undefined) return;
    loaded.add(path);
    const own = readProfile(path, files.get(path) ?? '');
    const includes = own.find((section) => section.name === 'main')?.options.get('include')?.value ?? '';
    for (const one of includes.split(/\s*[,;]\s*/).filter(Boolean)) load(one);
    for (const section of own) merge(sections, section);
  };
  for (const name of names) load(name);
  return [...sections.values()].flatMap((section) => settingsOf(section, machine));
}

function merge(sections: Map<string, Section>, { name, options }: Section): void {
  const isYes = (value: string | undefined) => /^(1|true|yes|on)$/i.test(value ?? '');
  const before = isYes(options.get('replace')?.value) ? undefined : sections.get(name);
  const merged = new Map(before?.options);
  for (const gone of options.get('drop')?.value.split(/\s*[,;]\s*/) ?? []) merged.delete(gone);
  for (const [key, setting] of options) merged.set(key, setting);
  sections.set(name, { name, options: merged });
}

function settingsOf({ name, options }: Section, machine: string | undefined): TunedSetting[] {
  const said = (key: string) => options.get(key)?.value;
  if (['main', 'variables'].includes(name) || /^(0|false|no|off)$/i.test(said('enabled') ?? '')) return [];
  if (isElsewhere(said('uname_regex') ?? '', machine)) return [];
  const plugin = said('type') ?? name;
  const cpuinfo = said('cpuinfo_regex');
  return [...options.values()]
    .filter(({ key }) => !ABOUT.includes(key))
    .map((setting) => ({ ...setting, plugin, ...(cpuinfo !== undefined && { cpuinfo }) }));
}

/** Python's configparser, as tuned sets it up: `=` alone separates, `#` begins a remark, names keep their case. */
function readProfile(path: string, text: string): Section[] {
  const sections: Section[] = [];
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').replace(/^;.*$/, '');
    const [, name] = /^\[([^\]]+)\]/.exec(line) ?? [];
    const [, key = '', value = ''] = /^([^\s=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) sections.push(sections.find((one) => one.name === name) ?? { name, options: new Map() });
    else if (key !== '') sections.at(-1)?.options.set(key, { plugin: '', key, value, path, line: at + 1 });
  }
  return [...new Set(sections)];
}
