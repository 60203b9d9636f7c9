import type { Change, Pending } from './change.ts';
import { type LineFormat, type PlacedSetting, says, settingsIn, type WantedSettings, withSettings } from './lines.ts';
import { replaceFile } from './make-change.ts';
import { dir, file, glob, type Probes } from './probe.ts';
import { text } from './reading.ts';
import type { Seen } from './seen.ts';

/** The directories of drop-in files that systemd, kmod and procps read alike. */
type Kind = 'sysctl.d' | 'tmpfiles.d' | 'modprobe.d' | 'modules-load.d';

/** From the strongest: a name that stands in one hides the files of that name in those after it. Source: sysctl.d(5). */
const PLACES = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'];

const HEADER = '# Written by kvmplay. Lines that it does not know are kept as they are.\n';

interface DropIn {
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

/** A setting, and the file that it is in. */
export interface Rival extends PlacedSetting {
  readonly from: DropIn;
}

/** What to read to know our own file and what the others make of it. */
export function dropInProbes(kind: Kind, ours: string): Probes {
  const probes = PLACES.flatMap((place) => [
    [`${place}/${kind}/*.conf`, glob(`${place}/${kind}/*.conf`)] as const,
    // What is no regular file (a link to /dev/null) hides as well.
    [`${place}/${kind}`, dir(`${place}/${kind}`)] as const,
  ]);
  return { ...Object.fromEntries(probes.slice(0, -1)), [ours]: file(ours) };
}

/** The files that count, in the order of their names, whichever directory they are in. */
function dropIns(seen: Seen, kind: Kind): DropIn[] {
  const hidden = new Set<string>();
  const found: DropIn[] = [];
  for (const place of PLACES) {
    const here = [...seen.files(`${place}/${kind}/*.conf`)].map(([path, content]) => ({
      path,
      name: path.slice(path.lastIndexOf('/') + 1),
      text: content,
    }));
    found.push(...here.filter(({ name }) => !hidden.has(name)));
    const names = place === PLACES.at(-1) ? [] : (seen.names(`${place}/${kind}`) ?? []);
    for (const name of names) hidden.add(name);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The change of our own file, or none where it says all of it. It is removed when nothing of ours is left in it.
 * `labels`: what a key is called in the summary, where that is shorter.
 */
export function setDropIn(
  seen: Seen,
  ours: string,
  format: LineFormat,
  wanted: WantedSettings,
  labels: ReadonlyMap<string, string> = new Map(),
): Change | undefined {
  const now = seen.text(ours);
  const base = now ?? HEADER;
  const wrong = [...wanted].filter(([key, value]) => !says(base, format, key, value));
  if (wrong.length === 0) return undefined;
  const next = withSettings(base, format, wanted);
  const what = wrong.map(([key, value]) => {
    const label = labels.get(key) ?? key;
    if (value === undefined) return `no ${label}`;
    return value === '' ? label : `${label} = ${value}`;
  });
  return replaceFile({
    path: ours,
    before: seen.raw(ours),
    content: next.trim() === HEADER.trim() || next.trim() === '' ? undefined : next,
    summary: `${ours}: ${what.join(', ')}`,
  });
}

/** Who has the last word where two files say something of one key. */
type Wins = 'last' | 'first';

/**
 * The settings of other files that count more than ours, the strongest first. `last`: of two files the later name wins, as
 * in sysctl.d; `first`: the earlier, as in tmpfiles.d.
 */
export function rivalsOf(seen: Seen, kind: Kind, ours: string, format: LineFormat, wins: Wins): Rival[] {
  const name = ours.slice(ours.lastIndexOf('/') + 1);
  const all = dropInSettings(seen, kind, format);
  const rivals = all.filter(({ from }) => (wins === 'last' ? from.name > name : from.name < name));
  return wins === 'last' ? rivals.reverse() : rivals;
}

/** Every setting of the files that count, in the order in which they are read. */
export const dropInSettings = (seen: Seen, kind: Kind, format: Pick<LineFormat, 'parse'>): Rival[] =>
  dropIns(seen, kind).flatMap((from) => settingsIn(from.text, format).map((setting) => ({ ...setting, from })));

/** What a person has to mend: the next boot takes the rival's value. */
export function overridden(label: string, value: string, rival: Rival, format: LineFormat): Pending {
  const { from, line, key } = rival;
  const says = rival.value === undefined ? `takes ${key} out` : `sets ${key} to "${rival.value}"`;
  return {
    target: file(from.path),
    plane: 'persistent',
    summary: `${label}: ${from.path}:${line} ${says} and has the last word, so it will not be "${value}" after a boot`,
    before: text(from.text),
    after: text(withSettings(from.text, format, new Map([[key, undefined]]))),
    needs: 'manual',
  };
}
