import picomatch from 'picomatch';
import {
  type Change,
  dir,
  file,
  link,
  memberPath,
  type Probe,
  probeKey,
  type Reading,
  stat,
  unknown,
} from '../contract/index.ts';
import { endsWithBoot, isBelow } from './veils.ts';

/** What a host would read if the foretold changes had been made. */
export interface Overlay {
  add(change: Change, because: string): void;
  /** This change may be made, or not. */
  mayAdd(change: Change, because: string): void;
  /** Anything on the host may be changed. */
  doubtAll(because: string): void;
  /** It may be changed, and what it will be cannot be told. */
  doubt(probe: Probe, because: string): void;
  /** What the host would answer to a probe of which it now answers `real`. */
  over(probe: Probe, real: Reading): Reading;
  /** One that goes its own way from here. */
  copy(): Overlay;
  /** Another number after each time that something was said. */
  readonly version: number;
}

/** What reads unknown from some moment on. */
interface Veil {
  readonly hides: (probe: Probe) => boolean;
  readonly because: string;
}

/**
 * Changes to files show through every probe that would see them: the file itself, a glob that matches it, the listing of
 * its directory; changes to a guest through the look at all guests. What a change disturbs reads unknown, unless a later
 * change says what it will be. So does all that ends with a boot, behind a reboot, and what something is mounted over.
 */
export const makeOverlay = (): Overlay => overlayOf(new Map(), new Map(), new Map(), []);

function overlayOf(
  paths: Map<string, Reading>,
  guests: Map<string, Reading>,
  others: Map<string, { readonly probe: Probe; readonly reading: Reading }>,
  veils: readonly Veil[],
  brought?: string,
): Overlay {
  let version = 0;
  const put = (probe: Probe, reading: Reading): void => {
    version += 1;
    if (probe.kind === 'file') paths.set(probe.path, reading);
    else if (probe.kind === 'domain') guests.set(memberPath(probe.guest, probe.plane), reading);
    else others.set(probeKey(probe), { probe, reading });
  };

  return {
    get version() {
      return version;
    },
    add(change, because) {
      if (change.reboots) hide({ hides: endsWithBoot, because });
      const { covers } = change;
      if (covers !== undefined) hide({ hides: (probe) => isBelow(probe, covers), because });
      for (const probe of change.disturbs ?? []) put(probe, unknown(because));
      put(change.target, change.after);
      for (const { probe, after } of change.moves ?? []) put(probe, after);
      brought ??= change.brings;
    },
    mayAdd(change, because) {
      if (change.reboots) hide({ hides: endsWithBoot, because });
      const { covers } = change;
      if (covers !== undefined) hide({ hides: (probe) => isBelow(probe, covers), because });
      const moved = (change.moves ?? []).map(({ probe }) => probe);
      const all = [change.target, ...(change.disturbs ?? []), ...moved, ...whereabouts(change)];
      for (const probe of all) put(probe, unknown(because));
      brought ??= change.brings;
    },
    doubtAll: (because) => hide({ hides: () => true, because }),
    doubt: (probe, because) => put(probe, unknown(because)),
    over: (probe, real) => {
      const would = over(probe, real);
      return would.is === 'absent' && brought !== undefined && would === real ? { ...would, maybe: brought } : would;
    },
    copy: () => overlayOf(new Map(paths), new Map(guests), new Map(others), veils, brought),
  };

  /** What was said of it before does not hold any more; what is said of it from now on does. */
  function hide(veil: Veil): void {
    version += 1;
    veils = [...veils, veil];
    for (const [key, { probe }] of others) if (veil.hides(probe)) others.delete(key);
    for (const path of paths.keys()) if (veil.hides({ kind: 'file', path })) paths.delete(path);
    for (const guest of guests.keys()) if (veil.hides({ kind: 'domain', guest, plane: 'live' })) guests.delete(guest);
  }

  function over(probe: Probe, real: Reading): Reading {
    const said = probe.kind === 'file' ? paths.get(probe.path) : others.get(probeKey(probe))?.reading;
    if (said) return said;
    const veil = veils.find(({ hides }) => hides(probe));
    if (veil) return unknown(veil.because);
    if (probe.kind === 'domain') return guests.get(memberPath(probe.guest, probe.plane)) ?? real;
    if (probe.kind === 'domains') return overMembers(real, [...guests]);
    if (probe.kind === 'glob') return overGlob(probe.pattern, real, paths);
    if (probe.kind === 'dir') return overDir(probe.path, real, paths);
    if (probe.kind === 'stat' || probe.kind === 'link') return overStat(probe.path, real, paths);
    return real;
  }
}

/** What tells that a file is there, of one that comes or goes. */
function whereabouts({ target, before, after }: Change): readonly Probe[] {
  const { kind } = target;
  if (kind !== 'file' && kind !== 'stat' && kind !== 'link') return [];
  if ((before.is === 'absent') === (after.is === 'absent')) return [];
  const { path } = target;
  return [file(path), stat(path), link(path), dir(path.slice(0, path.lastIndexOf('/')) || '/')];
}

function overGlob(pattern: string, real: Reading, paths: ReadonlyMap<string, Reading>): Reading {
  const matches = picomatch(pattern, { dot: false, nobrace: true, noextglob: true, noglobstar: true });
  return overMembers(
    real,
    [...paths].filter(([path]) => matches(path)),
  );
}

function overMembers(real: Reading, touched: readonly (readonly [string, Reading])[]): Reading {
  if (touched.length === 0 || (real.is !== 'files' && real.is !== 'absent')) return real;
  const files = new Map(real.is === 'files' ? Object.entries(real.files) : []);
  for (const [path, reading] of touched) {
    if (reading.is === 'absent') files.delete(path);
    else files.set(path, reading);
  }
  return { is: 'files', files: Object.fromEntries(files) };
}

function overDir(path: string, real: Reading, paths: ReadonlyMap<string, Reading>): Reading {
  if (real.is !== 'names' && real.is !== 'absent') return real;
  const names = new Set(real.is === 'names' ? real.names : []);
  let touched = false;
  for (const [file, reading] of paths) {
    if (!file.startsWith(`${path}/`)) continue;
    const name = file.slice(path.length + 1).split('/')[0] ?? '';
    touched = true;
    if (reading.is !== 'absent') names.add(name);
    else if (file === `${path}/${name}`) names.delete(name);
  }
  return touched ? { is: 'names', names: [...names].sort((a, b) => (a < b ? -1 : 1)) } : real;
}

/** What a foretold file will look like from outside is not foretold, except that it is gone. */
function overStat(path: string, real: Reading, paths: ReadonlyMap<string, Reading>): Reading {
  const said = paths.get(path);
  if (!said) return real;
  if (said.is === 'absent') return said;
  return real.is === 'stat' ? real : unknown(`${path} is not there yet`);
}
