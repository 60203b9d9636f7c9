import {
  type Action,
  type ActionResult,
  type Change,
  type Guard,
  type Module,
  NotKnown,
  type Probe,
  type Probes,
  Problem,
  probeKey,
  type Reading,
  type Remote,
  Seen,
  unknown,
} from '../contract/index.ts';
import type { Overlay } from './overlay.ts';

/** How the engine sees one host: through what was read in advance, and through what it has foretold. */
export interface Eyes {
  /** All a module wants to read, asking again while it names more. At most one frame for each time it does. */
  see(module: Reader, params: unknown): Promise<Sights>;
  /** Read ahead what all these jobs want: one frame, and one more for each time that a reading names the next. */
  survey(jobs: readonly Job[]): Promise<void>;
  /** Act, and in the same frame read again what is asked and what was read ahead. Nothing read before is trusted after. */
  act(actions: readonly Action[], probes: readonly Probe[], guard?: Guard): Promise<readonly ActionResult[]>;
  /** Act, and read nothing behind it: whoever is asked next is another. */
  leave(actions: readonly Action[]): Promise<readonly ActionResult[]>;
  /** What was read of it last, if it was since anything was done. */
  lastOf(probe: Probe): Reading | undefined;
  /** From now on the host reads as if this change were made. */
  foretell(change: Change, because: string): void;
  /** From now on what this change moves reads as unknown: it may be made, or not. */
  suspect(change: Change, because: string): void;
  /** From now on these read as unknown: a task that looked at them may change any of them, and cannot say. */
  doubt(probes: readonly Probe[], because: string): void;
  /** From now on everything that is not foretold later reads as unknown. */
  doubtAll(because: string): void;
  /** Trust nothing that was read before. */
  forget(): void;
  /**
   * Eyes for what these jobs look at, with an overlay of their own. They never ask the host: what was not read by now is
   * unknown to them.
   */
  imagine(jobs: readonly Job[], overlay: Overlay): Promise<Eyes>;
  /**
   * What was read of all these, as `see` would have it, and the same object until anything changes; undefined where that
   * takes another frame, or where `fresh` is asked and it was read too long ago.
   */
  recall(probes: Probes, fresh: boolean): Seen | undefined;
}

/** What of a module says what to read. */
export type Reader = Pick<Module, 'name' | 'reads'>;

/** A module with the parameters it will be asked with. */
export interface Job {
  readonly module: Reader;
  readonly params: unknown;
}

export interface Sights {
  readonly seen: Seen;
  readonly probes: readonly Probe[];
  /** What to read next depends on what is not known. */
  readonly unknown?: NotKnown;
}

/** What was read longer ago is read again: a task before may have waited, and others work on hosts, too. */
const FRESH_MS = 30_000;

/** A module that still names new probes after this many rounds never stops. */
const ROUNDS = 8;

export const openEyes = (remote: Remote, overlay: Overlay): Eyes => eyesOn(remote, overlay, new Map());

function eyesOn(remote: Remote, overlay: Overlay, cache: Map<string, Reading>, readAt = 0): Eyes {
  const recalled = new Map<Probes, Seen>();
  let recalledAt = overlay.version;
  /** Read again with every action, so that the next task finds them fresh. */
  const ahead = new Map<string, Probe>();

  const drop = () => {
    cache.clear();
    recalled.clear();
  };
  const exchange = async (actions: readonly Action[], probes: readonly Probe[], guard?: Guard) => {
    const answer = await remote.exchange({ actions, probes, ...(guard && { guard }) });
    readAt = Date.now();
    recalled.clear();
    probes.forEach((probe, index) => {
      const reading = answer.readings[index];
      if (!reading) throw new Error(`no reading came back for ${probeKey(probe)}`);
      cache.set(probeKey(probe), reading);
    });
    return answer.results;
  };
  const fetch = async (probes: readonly Probe[]) => {
    const missing = distinct(probes).filter((probe) => !cache.has(probeKey(probe)));
    if (missing.length > 0) await exchange([], missing);
  };
  const reading = (probe: Probe): Reading => {
    const real = cache.get(probeKey(probe));
    if (!real) throw new Error(`${probeKey(probe)} was not read`);
    return overlay.over(probe, real);
  };

  const freshen = async () => {
    if (cache.size === 0 || Date.now() - readAt <= FRESH_MS) return;
    drop();
    await fetch([...ahead.values()]);
  };

  const eyes: Eyes = {
    async see(module, params) {
      await freshen();
      const sights = new Map<string, Sight>();
      const soFar = () => ({ seen: new Seen(sights), probes: [...sights.values()].map((one) => one.probe) });
      for (let round = 0; round < ROUNDS; round++) {
        const wanted = readsOrDoubt(module, params, sights);
        if (wanted instanceof NotKnown) return { ...soFar(), unknown: wanted };
        const fresh = unseen(wanted, sights);
        if (fresh.length === 0) return soFar();
        await fetch(fresh.map(([, probe]) => probe));
        for (const [name, probe] of fresh) sights.set(name, { probe, reading: reading(probe) });
      }
      throw new Error(`${module.name}: reads() still names new probes after ${ROUNDS} rounds`);
    },
    async survey(jobs) {
      const open = jobs.map((job) => ({ ...job, sights: new Map<string, Sight>() }));
      for (let round = 0; round < ROUNDS; round++) {
        const wanted = open.map((job) => ({ sights: job.sights, fresh: unseen(readsOrNone(job), job.sights) }));
        const probes = distinct(wanted.flatMap(({ fresh }) => fresh.map(([, probe]) => probe)));
        if (probes.length === 0) return;
        for (const probe of probes) ahead.set(probeKey(probe), probe);
        await fetch(probes);
        for (const { sights, fresh } of wanted)
          for (const [name, probe] of fresh) sights.set(name, { probe, reading: reading(probe) });
      }
    },
    async act(actions, probes, guard) {
      drop();
      return exchange(actions, distinct([...probes, ...ahead.values()]), guard);
    },
    async leave(actions) {
      drop();
      return exchange(actions, []);
    },
    lastOf: (probe) => cache.get(probeKey(probe)),
    foretell(change, because) {
      overlay.add(change, because);
    },
    suspect(change, because) {
      overlay.mayAdd(change, because);
    },
    doubtAll(because) {
      overlay.doubtAll(because);
    },
    doubt(probes, because) {
      for (const probe of probes) overlay.doubt(probe, because);
    },
    forget: drop,
    recall(probes, fresh) {
      if (fresh && Date.now() - readAt > FRESH_MS) return undefined;
      // What was foretold through other eyes shows in these, too.
      if (recalledAt !== overlay.version) recalled.clear();
      recalledAt = overlay.version;
      const known = recalled.get(probes);
      if (known) return known;
      const named = Object.entries(probes);
      if (!named.every(([, probe]) => cache.has(probeKey(probe)))) return undefined;
      const seen = new Seen(new Map(named.map(([name, probe]) => [name, { probe, reading: reading(probe) }])));
      recalled.set(probes, seen);
      return seen;
    },
    async imagine(jobs, own) {
      await freshen();
      await eyes.survey(jobs);
      return eyesOn(BLIND, own, new Map(cache), readAt);
    },
  };
  return eyes;
}

const BLIND: Remote = {
  exchange: async ({ probes }) => ({ results: [], readings: probes.map(() => unknown('it was not read ahead')) }),
  roundTrips: 0,
  close: async () => {},
};

interface Sight {
  readonly probe: Probe;
  readonly reading: Reading;
}

const unseen = (wanted: Probes, sights: ReadonlyMap<string, Sight>) =>
  Object.entries(wanted).filter(([name]) => !sights.has(name));

function readsOrDoubt(module: Reader, params: unknown, sights: ReadonlyMap<string, Sight>): Probes | NotKnown {
  try {
    return module.reads(params, new Seen(sights));
  } catch (error) {
    if (error instanceof NotKnown) return error;
    throw error;
  }
}

/** Reading ahead is a convenience: what a module cannot name now, its own turn will say. */
function readsOrNone(job: Job & { readonly sights: ReadonlyMap<string, Sight> }): Probes {
  try {
    return job.module.reads(job.params, new Seen(job.sights));
  } catch (error) {
    if (error instanceof NotKnown || error instanceof Problem) return {};
    throw error;
  }
}

function distinct(probes: readonly Probe[]): Probe[] {
  return [...new Map(probes.map((probe) => [probeKey(probe), probe])).values()];
}
