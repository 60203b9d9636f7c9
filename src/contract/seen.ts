import { file, type Probe, probeName } from './probe.ts';
import { NotKnown, Problem } from './problem.ts';
import { ABSENT, type Reading, type Stat } from './reading.ts';

interface Sight {
  readonly probe: Probe;
  readonly reading: Reading;
}

/**
 * What was read of a host, by the names that `reads` gave. A module sees absence as `undefined`; a refusal or an unknown
 * ends its plan (`Unreadable`, or the task becomes unknown), so no module can take either for a value.
 */
export class Seen {
  readonly #sights: ReadonlyMap<string, Sight>;

  constructor(sights: ReadonlyMap<string, Sight>) {
    this.#sights = sights;
  }

  /** Whether this name has been read yet: `reads` may ask for more once it has. */
  has(name: string): boolean {
    return this.#sights.has(name);
  }

  /** What was read under names that begin so, by the rest of the name. */
  part(prefix: string): Seen {
    const own = [...this.#sights].filter(([name]) => name.startsWith(prefix));
    return new Seen(new Map(own.map(([name, sight]) => [name.slice(prefix.length), sight])));
  }

  /** A file's text or a link's target. Throws when the content is not UTF-8. */
  text(name: string): string | undefined {
    return textOf(this.#sight(name));
  }

  /** What was read of a file, by whichever probe: one of that very file, or a glob. Absent where no glob found it. */
  at(path: string): Reading {
    const sights = [...this.#sights.values()];
    const own = sights.find(({ probe }) => probe.kind === 'file' && probe.path === path);
    if (own) return own.reading;
    const globs = sights.filter(({ probe }) => probe.kind === 'glob').map(({ reading }) => reading);
    if (globs.length === 0) throw new Error(`a module looked at ${path}, which its reads() does not name`);
    const found = globs.map((reading) => (reading.is === 'files' ? reading.files[path] : undefined));
    return found.find((reading) => reading !== undefined) ?? ABSENT;
  }

  /** The text of a file, by whichever probe it was read. Throws when the content is not UTF-8. */
  textAt(path: string): string | undefined {
    return textOf({ probe: file(path), reading: this.at(path) });
  }

  /**
   * A glob's matches in the order of their paths: path → text, of those under a folder where one is named. Files that are
   * not text are left out; what is unknown outside of that folder is no matter.
   */
  files(name: string, folder = '/'): ReadonlyMap<string, string> {
    const reading = this.#known(name);
    const found = new Map<string, string>();
    if (reading === undefined) return found;
    if (reading.is !== 'files') throw this.#misused(name, 'files', reading);
    for (const [path, one] of Object.entries(reading.files).sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!path.startsWith(folder)) continue;
      if (one.is === 'unknown') throw new NotKnown(one.because);
      if (one.is === 'text') found.set(path, one.text);
    }
    return found;
  }

  /** A directory's names, or undefined where there is no such directory. */
  names(name: string): readonly string[] | undefined {
    const reading = this.#known(name);
    if (reading === undefined) return undefined;
    if (reading.is !== 'names') throw this.#misused(name, 'names', reading);
    return reading.names;
  }

  stat(name: string): Stat | undefined {
    const reading = this.#known(name);
    if (reading === undefined) return undefined;
    if (reading.is !== 'stat') throw this.#misused(name, 'stat', reading);
    return reading.stat;
  }

  /** What a command printed and its status, or undefined where there is no such command. */
  output(name: string): { status: number; stdout: string; stderr: string } | undefined {
    const reading = this.#known(name);
    if (reading === undefined) return undefined;
    if (reading.is !== 'output') throw this.#misused(name, 'output', reading);
    return reading;
  }

  /** For who cannot go on without it: throws `NotKnown` where it is not there yet and a task before may bring it. */
  missing(name: string): void {
    const { reading } = this.#sight(name);
    if (reading.is === 'absent' && reading.maybe !== undefined) throw new NotKnown(reading.maybe);
  }

  /** The reading as it is, refusals and unknowns too: for `before`, and for modules that can go on without it. */
  raw(name: string): Reading {
    return this.#sight(name).reading;
  }

  probe(name: string): Probe {
    return this.#sight(name).probe;
  }

  #sight(name: string): Sight {
    const sight = this.#sights.get(name);
    if (!sight) throw new Error(`a module looked at "${name}", which its reads() does not name`);
    return sight;
  }

  #known(name: string): Known | undefined {
    return known(this.#sight(name));
  }

  #name(name: string): string {
    return probeName(this.#sight(name).probe);
  }

  #misused(name: string, asked: string, reading: Reading): Error {
    return new Error(`a module asked for ${asked} of "${name}" (${this.#name(name)}), which reads ${reading.is}`);
  }
}

type Known = Exclude<Reading, { is: 'absent' | 'refused' | 'unknown' }>;

function known({ probe, reading }: Sight): Known | undefined {
  if (reading.is === 'absent') return undefined;
  if (reading.is === 'unknown') throw new NotKnown(reading.because);
  if (reading.is === 'refused') throw new Problem('Unreadable', `cannot read ${probeName(probe)}: ${reading.why}`);
  return reading;
}

function textOf(sight: Sight): string | undefined {
  const reading = known(sight);
  if (reading === undefined || reading.is === 'text') return reading?.text;
  if (reading.is === 'bytes')
    throw new Problem('NotText', `${probeName(sight.probe)} holds bytes that are not UTF-8 text`);
  throw new Error(`a module asked for the text of ${probeName(sight.probe)}, which reads ${reading.is}`);
}
