import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ActionResult,
  type Change,
  describeReading,
  type Impact,
  type Module,
  NotKnown,
  type Plan,
  type Probe,
  Problem,
  probeName,
  type Reading,
  type Seen,
  worseThan,
} from '../contract/index.ts';
import type { Eyes } from './eyes.ts';
import type { Ledger } from './ledger.ts';
import { ownBoot } from './own-boot.ts';
import { type ComeBack, restart } from './restart.ts';

/** What came of one module on one host. */
export type Outcome =
  | { readonly is: 'planned'; readonly plan: Plan; readonly values?: Values }
  | { readonly is: 'unknown'; readonly because: string; readonly plan?: Plan }
  | { readonly is: 'failed'; readonly plan?: Plan; readonly problem: Problem; readonly values?: Values };

/** What a module gives to `register`. */
type Values = Readonly<Record<string, unknown>>;

/** What came of a plan that was given to a hand. */
export interface Made {
  readonly problem?: Problem;
  /** Of each action, where any was tried. */
  readonly results?: readonly ActionResult[];
  /** What will come of it cannot be told: why. */
  readonly unforeseen?: string;
  /** What `register` keeps of it, of the engine's own knowing. */
  readonly values?: Values;
}

/** What is done with a plan. Check and run differ in nothing else. */
export interface Hand {
  readonly make: (changes: readonly Change[], eyes: Eyes, module: Module, params: unknown) => Promise<Made>;
  /** Time passes on the host, so that something may be waited for. */
  readonly waits?: true;
  /** The task cannot be planned before something else is done: what becomes of all it looks at. */
  readonly doubt: (probes: readonly Probe[], eyes: Eyes) => void;
}

/**
 * One module on one host: see, plan, and give the plan to the hand. Check and run differ in the hand alone.
 * Rejects with `Unreachable` when the host is lost.
 */
export async function runModule(
  module: Module,
  params: unknown,
  eyes: Eyes,
  hand: Hand,
  maxImpact: Impact,
): Promise<Outcome> {
  try {
    let { plan, probes } = await lookOnce(module, params, eyes);
    const began = performance.now();
    while (!(plan instanceof NotKnown) && plan.waits) {
      const { until, seconds, every } = plan.waits;
      if (!hand.waits) return { is: 'unknown', because: `it would wait for ${until}` };
      if (performance.now() - began >= seconds * 1000)
        return {
          is: 'failed',
          problem: new Problem('WaitTimeout', `waited ${seconds} s for ${until}`),
          values: plan.values ?? {},
        };
      await sleep(every * 1000);
      eyes.forget();
      ({ plan, probes } = await lookOnce(module, params, eyes));
    }
    if (plan instanceof NotKnown) {
      hand.doubt(probes, eyes);
      return { is: 'unknown', because: plan.because };
    }
    const tooMuch = plan.changes.find((change) => worseThan(change.impact, maxImpact));
    if (tooMuch) return { is: 'failed', plan, problem: refusedImpact(tooMuch, maxImpact) };
    if (plan.changes.some(({ reboots }) => reboots && reboots.boot === ownBoot()))
      return { is: 'failed', plan, problem: ownMachine() };
    if (plan.changes.length === 0) return { is: 'planned', plan, ...(plan.values && { values: plan.values }) };
    const { problem, results, unforeseen, values: told } = await hand.make(plan.changes, eyes, module, params);
    if (unforeseen !== undefined) return { is: 'unknown', because: unforeseen, plan };
    const values = { ...plan.values, ...(results && module.returns?.(params, results)), ...told };
    return problem ? { is: 'failed', plan, problem, values } : { is: 'planned', plan, values };
  } catch (error) {
    if (error instanceof Problem) return { is: 'failed', problem: error };
    throw error;
  }
}

async function lookOnce(module: Module, params: unknown, eyes: Eyes) {
  const { seen, probes, unknown } = await eyes.see(module, params);
  return { probes, plan: unknown ?? planOrDoubt(module, params, seen) };
}

function planOrDoubt(module: Module, params: unknown, seen: Seen): Plan | NotKnown {
  try {
    return module.plan(params, seen);
  } catch (error) {
    if (error instanceof NotKnown) return error;
    throw error;
  }
}

/** Check mode's hand: nothing is sent; later tasks see the host as it would be. */
export const foretell = (task: string): Hand => ({
  make: async (changes, eyes) => {
    for (const change of changes) eyes.foretell(change, `${task} would change it`);
    return unforeseenOf(changes);
  },
  doubt: (probes, eyes) => eyes.doubt(probes, `${task} may change it, which cannot be known before`),
});

/** Check mode's hand for what may be done or not: later tasks cannot know what it would change. */
export const suspicious = (because: string): Hand => ({
  make: async (changes, eyes) => {
    for (const change of changes) eyes.suspect(change, because);
    return { unforeseen: because };
  },
  doubt: (probes, eyes) => eyes.doubt(probes, because),
});

/** Says what would change, and leaves it at that. */
export const tell: Hand = { make: async (changes) => unforeseenOf(changes), doubt: () => {} };

function unforeseenOf(changes: readonly Change[]): Made {
  const unforeseen = changes.find((change) => change.unforeseen !== undefined)?.unforeseen;
  return unforeseen === undefined ? {} : { unforeseen };
}

/**
 * Run mode's hand: write down, act, read again in the same frame, and plan again: that plan must be empty. A change whose
 * first actions were done and a later one refused is taken back: a change is made whole or not at all.
 */
export const apply = (ledger: Ledger, comeBack: ComeBack): Hand => ({
  waits: true,
  doubt: () => {},
  make: async (changes, eyes, module, params) => {
    if (changes.some(({ reboots }) => reboots)) return restart(changes, eyes, ledger, comeBack);
    const { probes } = await eyes.see(module, params);
    const actions = changes.flatMap((change) => change.do);
    const seq = await ledger.intend(changes);
    const results = await eyes
      .act(actions, [...probes, ...remade(changes)], ledger.guard?.(changes))
      .catch(async (error: Error) => {
        await ledger.lost(seq, error.message);
        throw error;
      });
    await ledger.done(seq, results, leftOf(changes, eyes));

    const failed = results.find((result) => result.ok === false);
    if (failed?.ok === false) {
      const half = halfDone(changes, results);
      if (!half) return { problem: refusedAction(changes, results, failed), results };
      const back = Array.isArray(half.undo) ? await eyes.act(half.undo, probes) : [];
      await ledger.takenBack(seq, back);
      return { problem: refusedAction(changes, results, failed, toldBack(half, back)), results };
    }
    const { seen } = await eyes.see(module, params);
    const left = module.plan(params, seen).changes.filter((change) => !change.once);
    return { results, ...(left.length > 0 && { problem: didNotConverge(left) }) };
  },
});

const ownMachine = (): Problem =>
  new Problem(
    'OwnMachine',
    'this is the machine that kvmplay itself runs on, and would go down with it',
    'leave it out with --limit, or run kvmplay from another machine',
  );

/** libvirt adds to a guest's XML: who takes the change back has to know what it left, and not what was asked for. */
const remade = (changes: readonly Change[]): Probe[] =>
  changes.map(({ target }) => target).filter(({ kind }) => kind === 'domain');

function leftOf(changes: readonly Change[], eyes: Eyes): (Reading | null)[] | undefined {
  if (remade(changes).length === 0) return undefined;
  return changes.map(({ target }) => (target.kind === 'domain' ? (eyes.lastOf(target) ?? null) : null));
}

function didNotConverge(left: readonly Change[]): Problem {
  const gaps = left.map(
    ({ target, before, after, shown }) =>
      `${probeName(target)}: asked for ${quote(shown?.after ?? describeReading(after))}, the host has ${quote(shown?.before ?? describeReading(before))}`,
  );
  return new Problem(
    'DidNotConverge',
    `everything was written without an error, and the host is still not as asked. ${gaps.join('; ')}`,
    left.find((change) => change.hints?.DidNotConverge)?.hints?.DidNotConverge ??
      'the kernel may have clamped the value, or something on the host puts it back: compare the two figures',
  );
}

/** Each change with the results of its own actions. */
function resultsOf(changes: readonly Change[], results: readonly ActionResult[]) {
  let index = 0;
  return changes.map((change) => {
    const own = results.slice(index, index + change.do.length);
    index += change.do.length;
    return { change, own };
  });
}

/** The change that was begun and not finished. */
function halfDone(changes: readonly Change[], results: readonly ActionResult[]): Change | undefined {
  return resultsOf(changes, results).find(
    ({ own }) => own.some(({ ok }) => ok === true) && own.some(({ ok }) => ok === false),
  )?.change;
}

function toldBack({ summary, undo }: Change, back: readonly ActionResult[]): string {
  if ('impossible' in undo) return `; "${summary}" is half done, and cannot be taken back: ${undo.impossible}`;
  const refused = back.find((result) => result.ok === false);
  if (refused?.ok === false) return `; "${summary}" is half done, and taking it back failed: ${refused.message}`;
  return '; what was half done is taken back';
}

function refusedAction(
  changes: readonly Change[],
  results: readonly ActionResult[],
  { message, errno }: { readonly message: string; readonly errno?: string },
  after = '',
): Problem {
  const each = resultsOf(changes, results);
  const failed = each.find(({ own }) => own.some(({ ok }) => ok === false))?.change;
  const hint = failed?.hints?.[errno ?? ''];
  // A command names a guest by its UUID, or not at all.
  const who = failed?.target.kind === 'domain' ? `${failed.target.guest}: ` : '';
  const done = each.filter(({ own }) => own.every(({ ok }) => ok === true)).map(({ change }) => change.summary);
  const before = done.length > 0 ? `; done before it: ${done.join('; ')}` : '';
  return new Problem('ActionFailed', `${who}${message}${before}${after}`, hint);
}

function refusedImpact(change: Change, limit: Impact): Problem {
  return new Problem(
    'ImpactRefused',
    `${change.summary} has the impact "${change.impact}", and --max-impact allows no more than "${limit}"`,
    `run it in a window where that is fine, with --max-impact ${change.impact}`,
  );
}

/** A long text is shown by its size alone. */
function quote(value: string): string {
  return value.length <= 120 && !value.includes('\n') ? `"${value}"` : `${value.length} characters`;
}
