import { isDeepStrictEqual } from 'node:util';
import {
  ABSENT,
  type Action,
  type Change,
  type Module,
  memberProbe,
  NotKnown,
  type Plan,
  type Probe,
  Problem,
  probeKey,
  type Reading,
  Seen,
  sameReading,
  selectedOf,
} from '../contract/index.ts';
import { openEyes } from '../engine/eyes.ts';
import { makeOverlay } from '../engine/overlay.ts';
import type { FakeHost } from './fake-host.ts';

/** One module with validated parameters, on hosts that are all alike. */
export interface Case {
  readonly module: Module;
  readonly params: unknown;
  readonly host: () => FakeHost;
}

/** What every module owes to whoever stands on the contract. Throws `Broken` where it is not kept. */
export type Law = (subject: Case) => Promise<void>;

/** A law was not kept: what it asks for, what there is instead, and of what, where the law has more than one to ask. */
export class Broken extends Error {
  readonly expected: unknown;
  readonly found: unknown;
  readonly of: string | undefined;

  constructor(expected: unknown, found: unknown, of?: string) {
    super(`${of === undefined ? '' : `${of}: `}expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
    this.expected = expected;
    this.found = found;
    this.of = of;
  }
}

function same(expected: unknown, found: unknown, of?: string): void {
  if (!isDeepStrictEqual(expected, found)) throw new Broken(expected, found, of);
}

/** The kernel of this case refused an action: there is nothing to say of what comes after. */
export class Refused extends Error {}

const see = (subject: Case, host: FakeHost) => openEyes(host, makeOverlay()).see(subject.module, subject.params);

/** The plan, or undefined where this host cannot have one. */
async function planOn(subject: Case, host: FakeHost): Promise<Plan | undefined> {
  const { seen } = await see(subject, host);
  try {
    return subject.module.plan(subject.params, seen);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

/** Whether it has anything to do there, be it to wait. */
export async function hasWork(subject: Case, host: FakeHost): Promise<boolean> {
  const plan = await planOn(subject, host);
  return plan !== undefined && (plan.changes.length > 0 || plan.waits !== undefined);
}

/** What a run would do on this host, events left out. */
export const changesOn = async (subject: Case, host: FakeHost): Promise<readonly Change[]> =>
  ((await planOn(subject, host))?.changes ?? []).filter((change) => !change.once);

async function act(host: FakeHost, actions: readonly Action[]): Promise<void> {
  const { results } = await host.exchange({ actions, probes: [] });
  const failed = results.find((result) => result.ok === false);
  if (failed?.ok === false) throw new Refused(failed.message);
}

async function read(host: FakeHost, probes: readonly Probe[]): Promise<Map<string, Reading>> {
  const { readings } = await host.exchange({ actions: [], probes });
  return new Map(probes.map((probe, at) => [probeKey(probe), readings[at] ?? ABSENT]));
}

/** Whether two readings mean the same; a directory that is not there and one with nothing in it do. */
const alike = (module: Module, probe: Probe, a: Reading, b: Reading): boolean =>
  sameReading(module, probe, bare(a), bare(b));

function bare(reading: Reading): Reading {
  if (reading.is === 'names' && reading.names.length === 0) return ABSENT;
  return reading.is === 'files' && Object.keys(reading.files).length === 0 ? ABSENT : reading;
}

/** Whether a change of one file shows in what this probe reads. */
const covers = (probe: Probe, path: string): boolean =>
  (probe.kind === 'glob' && path.startsWith(probe.pattern.slice(0, probe.pattern.search(/[*?[]/)))) ||
  (probe.kind === 'dir' && path.startsWith(`${probe.path}/`)) ||
  ((probe.kind === 'stat' || probe.kind === 'link') && probe.path === path);

/** Whether what is at this target was read by this probe. */
const sees = (probe: Probe, target: Probe): boolean =>
  probeKey(probe) === probeKey(target) ||
  (probe.kind === 'domains' && target.kind === 'domain') ||
  (probe.kind === 'glob' && target.kind === 'file' && covers(probe, target.path));

/** Whether this change says that the probe will not read what it read. */
const names = (change: Change, probe: Probe): boolean =>
  [change.target, ...(change.disturbs ?? [])].some(
    (named) => probeKey(named) === probeKey(probe) || (named.kind === 'file' && covers(probe, named.path)),
  );

export const LAWS: Readonly<Record<string, Law>> = {
  'the same input gives the same plan': async (subject) => {
    const { seen } = await see(subject, subject.host());
    const planned = () => outcome(() => subject.module.plan(subject.params, seen));

    const first = planned();

    same(first, planned());
    same(first instanceof Problem ? undefined : first, await planOn(subject, subject.host()));
  },

  'a plan is plain data': async (subject) => {
    const plan = await planOn(subject, subject.host());

    if (plan) same(JSON.parse(JSON.stringify(plan)), plan);
  },

  'reads() is stable, and asks for no less when it has seen more': async (subject) => {
    const { seen } = await see(subject, subject.host());
    const keys = (asked: Seen) =>
      Object.entries(subject.module.reads(subject.params, asked)).map(([name, probe]) => `${name}: ${probeKey(probe)}`);

    const all = keys(seen);

    same(all, keys(seen));
    const lost = keys(new Seen(new Map())).filter((key) => !all.includes(key));
    same([], lost, 'named before anything was read, and not after');
  },

  'every change moves a probe that was read': async (subject) => {
    const host = subject.host();
    const { probes } = await see(subject, host);
    const changes = (await planOn(subject, host))?.changes ?? [];

    for (const change of changes) {
      const { summary, target, before, after } = change;
      if (!probes.some((probe) => sees(probe, target)))
        throw new Broken('a target that reads() names', probeKey(target), summary);
      if (alike(subject.module, target, before, after)) throw new Broken('an after that is not before', after, summary);
      if (change.do.length === 0) throw new Broken('something to do', change.do, summary);
    }
  },

  '`before` is what was read': async (subject) => {
    const host = subject.host();
    const changes = (await planOn(subject, host))?.changes ?? [];

    for (const { target, before, summary } of changes)
      same((await read(host, [target])).get(probeKey(target)), before, summary);
  },

  '`do` reaches `after`': async (subject) => {
    const host = subject.host();

    for (const { target, after, summary, do: actions } of await changesOn(subject, host)) {
      await act(host, actions);
      const now = (await read(host, [target])).get(probeKey(target)) ?? ABSENT;
      if (!alike(subject.module, target, now, after)) throw new Broken(after, now, summary);
    }
  },

  'nothing moves but what the change names': async (subject) => {
    const host = subject.host();
    const { probes } = await see(subject, host);

    for (const change of await changesOn(subject, host)) {
      const before = eachGuest(await read(host, probes), probes);
      await act(host, change.do);
      const after = eachGuest(await read(host, probes), probes);
      const moved = [...new Map([...before, ...after])].flatMap(([key, { probe }]) => {
        const [a, b] = [before.get(key)?.reading ?? ABSENT, after.get(key)?.reading ?? ABSENT];
        return alike(subject.module, probe, a, b) ? [] : [probe];
      });
      const silently = moved.filter((probe) => !names(change, probe)).map(probeKey);
      same([], silently, `moved by "${change.summary}", which does not say so`);
    }
  },

  'a second run changes nothing': async (subject) => {
    const host = subject.host();
    for (const change of await changesOn(subject, host)) await act(host, change.do);

    same([], await changesOn(subject, host));
  },

  '`undo` returns to `before`': async (subject) => {
    const host = subject.host();
    const { probes } = await see(subject, host);
    const changes = await changesOn(subject, host);
    if (changes.some((change) => 'impossible' in change.undo)) return;
    const before = await read(host, probes);

    for (const change of changes) await act(host, change.do);
    for (const change of [...changes].reverse()) if (!('impossible' in change.undo)) await act(host, change.undo);

    const after = await read(host, probes);
    const targets = new Set(changes.map((change) => probeKey(change.target)));
    const disturbed = changes
      .flatMap((change) => change.disturbs ?? [])
      .filter((probe) => !targets.has(probeKey(probe)));
    const counters = new Set<string>();
    for (const probe of disturbed) if (!(await isKnob(subject, probe))) counters.add(probeKey(probe));
    for (const [key, { probe, reading }] of each(before, probes)) {
      const now = each(after, probes).get(key)?.reading ?? ABSENT;
      const undone = changes.find(({ target }) => probeKey(target) === key)?.undone ?? reading;
      const back = [reading, undone].some((one) => alike(subject.module, probe, one, now));
      if (!counters.has(key) && !back) throw new Broken(undone, now, key);
    }
  },

  'what check foretells is what run does': async (subject) => {
    const host = subject.host();
    const eyes = openEyes(host, makeOverlay());
    const { probes } = await eyes.see(subject.module, subject.params);
    const plan = await planOn(subject, host);
    if (!plan) return;
    for (const change of plan.changes) eyes.foretell(change, 'foretold');

    const foretold = await eyes.see(subject.module, subject.params);
    const next = outcome(() => subject.module.plan(subject.params, foretold.seen));
    for (const change of plan.changes) await act(host, change.do);
    const real = await read(host, probes);

    if (next instanceof Problem) throw new Broken('a plan on what was foretold', next.message);
    if (!(next instanceof NotKnown))
      same(
        [],
        next.changes.filter((change) => !change.once),
        'still to do on what was foretold',
      );
    for (const name of Object.keys(subject.module.reads(subject.params, foretold.seen))) {
      const probe = foretold.seen.probe(name);
      const [said, is] = [foretold.seen.raw(name), real.get(probeKey(probe))];
      if (is && said.is !== 'unknown' && !hasUnknown(said) && !alike(subject.module, probe, said, is))
        throw new Broken(said, is, name);
    }
  },

  'a change that reboots is alone, an event, and says so': async (subject) => {
    const changes = (await planOn(subject, subject.host()))?.changes ?? [];

    for (const { summary, reboots, once = false, impact } of changes)
      if (reboots)
        same(
          { changes: 1, once: true, impact: 'reboot' },
          { changes: changes.length, once, impact },
          `"${summary}", which reboots`,
        );
  },

  'what is not there is not changed': async (subject) => {
    const plan = await planOn(subject, subject.host());

    if (plan?.na !== undefined) same([], plan.changes, `not there: ${plan.na}`);
  },
};

/** Every reading by its key, each guest by itself. */
const eachGuest = (readings: ReadonlyMap<string, Reading>, probes: readonly Probe[]) =>
  new Map(
    [
      ...probes.map((probe) => [probeKey(probe), { probe, reading: readings.get(probeKey(probe)) ?? ABSENT }] as const),
      ...each(
        readings,
        probes.filter(({ kind }) => kind === 'domains'),
      ),
    ].filter(([, { probe }]) => probe.kind !== 'domains'),
  );

/** Every reading by its key, each match of a glob as the file that it is. */
function each(readings: ReadonlyMap<string, Reading>, probes: readonly Probe[]) {
  const all = probes.flatMap((probe): [string, { probe: Probe; reading: Reading }][] => {
    const reading = readings.get(probeKey(probe)) ?? ABSENT;
    if (reading.is !== 'files') return [[probeKey(probe), { probe, reading }]];
    return Object.entries(reading.files).map(([path, one]) => [
      probeKey(memberProbe(probe, path)),
      { probe: memberProbe(probe, path), reading: one },
    ]);
  });
  return new Map(all);
}

/** Whether a probe reads what can be set, so that it can be put back: a counter cannot. */
async function isKnob(subject: Case, probe: Probe): Promise<boolean> {
  const host = subject.host();
  const now = probe.kind === 'file' ? host.read(probe.path) : undefined;
  if (probe.kind !== 'file' || now === undefined) return false;
  const { results } = await host.exchange({
    actions: [{ do: 'poke', path: probe.path, value: selectedOf(now) }],
    probes: [],
  });
  return results.every((result) => result.ok === true);
}

const hasUnknown = (reading: Reading): boolean =>
  reading.is === 'files' && Object.values(reading.files).some((one) => one.is === 'unknown');

function outcome(make: () => Plan): Plan | Problem | NotKnown {
  try {
    return make();
  } catch (error) {
    if (error instanceof Problem || error instanceof NotKnown) return error;
    throw error;
  }
}
