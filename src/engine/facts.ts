import { NotKnown, type Probes, type Seen } from '../contract/index.ts';
import { FACTS, type Fact, shapeOf } from '../facts/index.ts';
import { Unknown } from '../template/index.ts';
import type { Job } from './eyes.ts';
import type { Host } from './host.ts';

/** What was read for a fact and still counts; undefined where that has to be read first. */
export type Recall = (probes: Probes) => Seen | undefined;

/** The variable `facts` of each host: it is worked out when something looks into it, out of what was read there. */
export interface FactBook {
  readonly of: (host: string) => Readonly<Record<string, unknown>>;
  /** From now on this is how to come by what was read of a host. */
  readonly recallBy: (host: string, recall: Recall) => void;
}

export function makeFactBook(): FactBook {
  const recalls = new Map<string, Recall>();
  const books = new Map<string, Readonly<Record<string, unknown>>>();
  const open = (host: string): Readonly<Record<string, unknown>> => {
    const book: Record<string, unknown> = {};
    for (const fact of FACTS)
      Object.defineProperty(book, fact.name, { enumerable: true, get: () => tell(fact, host, recalls.get(host)) });
    return book;
  };
  return {
    of(host) {
      const book = books.get(host) ?? open(host);
      books.set(host, book);
      return book;
    },
    recallBy: (host, recall) => void recalls.set(host, recall),
  };
}

/** Where it is not known, a fact has its fields all the same: a name that is none is a mistake and not unknown. */
function tell(fact: Fact, host: string, recall: Recall | undefined): unknown {
  const seen = recall?.(fact.probes);
  if (!seen) return shapeOf(fact, new Unknown(`facts.${fact.name} of ${host} has not been read`));
  const known = told.get(seen);
  if (known?.has(fact.name)) return known.get(fact.name);
  const value = factOf(fact, seen);
  told.set(seen, (known ?? new Map()).set(fact.name, value));
  return value;
}

/** What was made of a reading, as long as that reading counts. */
const told = new WeakMap<Seen, Map<string, unknown>>();

function factOf(fact: Fact, seen: Seen): unknown {
  try {
    const value = fact.read(seen);
    const { parts = [], from } = fact.doubtful ?? {};
    const doubt = from && doubtOf(() => from(seen));
    if (!doubt) return value;
    return { ...(value as object), ...Object.fromEntries(parts.map((part) => [part, doubt])) };
  } catch (error) {
    if (error instanceof NotKnown) return shapeOf(fact, new Unknown(error.because));
    throw error;
  }
}

function doubtOf(work: () => unknown): Unknown | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof NotKnown) return new Unknown(error.because);
    throw error;
  }
}

/** What has to be read of a host, for these facts to be known there; undefined where they are. */
export function factsToRead(host: Pick<Host, 'recall'>, names: ReadonlySet<string>): Job | undefined {
  const wanted = FACTS.filter(({ name, probes }) => names.has(name) && !host.recall(probes, true));
  if (wanted.length === 0) return undefined;
  const probes = Object.fromEntries(
    wanted.flatMap((fact) => Object.entries(fact.probes).map(([name, probe]) => [`${fact.name} ${name}`, probe])),
  );
  return { module: { name: 'facts', reads: () => probes }, params: undefined };
}
