import {
  type Change,
  describeReading,
  type Impact,
  type Module,
  type Plane,
  type Probe,
  Problem,
  probeKey,
  probeName,
  type Reading,
  sameReading,
} from '../contract/index.ts';
import { hideSecrets, holdsSecret } from '../source/secrets.ts';
import type { Event, TaskResult } from './events.ts';

/** What a run in check mode foretold, kept so that nothing else is done later. Plain data, without any secret. */
export interface SavedPlan {
  /** All hosts that it is for, also those on which nothing would change. */
  readonly hosts: readonly string[];
  readonly tasks: readonly PlannedTask[];
  /** What could not be known: these tasks may turn out to change something. */
  readonly unforeseen: readonly Unforeseen[];
  /** Hosts on which a task would fail, or that did not answer: of them there is no plan. */
  readonly without: Readonly<Record<string, string>>;
}

/** What one task would change on one host, in the order in which it would be done. */
export interface PlannedTask {
  /** The host whose task it is, and the one that it is done on, which `delegate_to` may make another. */
  readonly host: string;
  readonly on: string;
  readonly task: string;
  readonly module: string;
  /** `site.yml:12:7`. */
  readonly source: string;
  readonly changes: readonly PlannedChange[];
}

export interface PlannedChange {
  /** Missing where it, or what it becomes, holds a secret: then any change of this plane and impact is the one. */
  readonly target?: Probe;
  readonly plane: Plane;
  readonly summary: string;
  readonly impact: Impact;
  /** An event, such as a restart: nothing is compared but where it happens. */
  readonly once?: true;
  readonly sides?: { readonly before: Reading; readonly after: Reading };
}

export interface Unforeseen {
  readonly host: string;
  readonly source: string;
  readonly task: string;
  readonly why: string;
}

/** A task that is about to be done, or told. */
export type Watched = Omit<PlannedTask, 'changes'> & { readonly secret: boolean };

/** Looks at every plan before anything is made of it. What it gives back keeps it from being done. */
export type Watch = (task: Watched, changes: readonly Change[], module: Module) => Problem | undefined;

/** Writes down what a run in check mode foretells. */
export function makeRecorder(): { readonly watch: Watch; hear(event: Event): void; saved(): SavedPlan } {
  const tasks: PlannedTask[] = [];
  const unforeseen: Unforeseen[] = [];
  const without = new Map<string, string>();
  const hosts = new Set<string>();
  let names: readonly { readonly name: string; readonly source: string }[] = [];
  const note = ({ step, result: { host, status, reason, error, name } }: TaskResult): void => {
    if (status === 'failed' || status === 'unreachable') without.set(host, `${error?.code}: ${error?.message}`);
    const { source = '', name: task = '' } = names[step] ?? {};
    if (status === 'unknown') unforeseen.push({ host, source, task: name ?? task, why: reason ?? 'it is not known' });
  };
  return {
    watch({ secret, ...task }, changes) {
      tasks.push({ ...task, changes: changes.map((change) => keptOf(change, secret)) });
      return undefined;
    },
    hear(event) {
      if (event.event === 'play_start') {
        names = event.steps;
        for (const host of event.hosts) hosts.add(host);
      }
      if (event.event === 'task_result') note(event);
    },
    saved: () => ({
      hosts: [...hosts].filter((host) => !without.has(host)),
      tasks: tasks.filter(({ host }) => !without.has(host)),
      unforeseen: unforeseen.filter(({ host }) => !without.has(host)),
      without: Object.fromEntries(without),
    }),
  };
}

function keptOf({ target, plane, summary, impact, once, before, after }: Change, secret: boolean): PlannedChange {
  const where = { plane, impact, ...(once && { once }) };
  if (secret) return { ...where, summary: 'hidden by no_log' };
  if (holdsSecret({ target, before, after })) return { ...where, summary: hideSecrets(summary) };
  return { ...where, summary, target, sides: { before, after } };
}

/**
 * Holds a run to a plan: what is planned now has to be what was planned then, task by task. What is so already need not be
 * done again. `unforeseen`: tasks of which nothing could be known may do what they find.
 */
export function makeGuard(plan: SavedPlan, options: { readonly unforeseen: boolean }): Watch {
  const key = ({ host, on, source }: Pick<PlannedTask, 'host' | 'on' | 'source'>) => JSON.stringify([host, on, source]);
  const open = new Map<string, PlannedChange[]>();
  for (const task of plan.tasks) open.set(key(task), [...(open.get(key(task)) ?? []), ...task.changes]);
  const free = new Set(options.unforeseen ? plan.unforeseen.map(({ host, source }) => `${host} ${source}`) : []);

  return (task, changes, module) => {
    if (free.has(`${task.host} ${task.source}`)) return undefined;
    const left = open.get(key(task)) ?? [];
    const stale: string[] = [];
    for (const change of changes) {
      const at = left.findIndex((one) => isPlanned(one, change, module));
      if (at >= 0) left.splice(at, 1);
      else stale.push(differenceOf(change, left));
    }
    if (stale.length === 0) return undefined;
    const hint = 'make a new plan, and look at what it would do';
    return new Problem(
      'PlanStale',
      `this is not what the plan foretold, so nothing was done: ${stale.join('; ')}`,
      hint,
    );
  };
}

const sameTarget = ({ target, plane }: PlannedChange, change: Change): boolean =>
  target !== undefined && plane === change.plane && probeKey(target) === probeKey(change.target);

function isPlanned(one: PlannedChange, change: Change, module: Module): boolean {
  if ((one.once ?? false) !== (change.once ?? false)) return false;
  if (!one.sides) return one.plane === change.plane && one.impact === change.impact;
  if (!sameTarget(one, change)) return false;
  if (one.once) return one.summary === change.summary;
  const same = (then: Reading, now: Reading) => sameReading(module, change.target, then, now);
  return same(one.sides.before, change.before) && same(one.sides.after, change.after);
}

function differenceOf(change: Change, left: readonly PlannedChange[]): string {
  const other = left.find((one) => sameTarget(one, change));
  if (!other?.sides) return `${change.summary} (not in the plan)`;
  if (other.summary !== change.summary) return `${change.summary} (the plan has ${other.summary})`;
  const moved = describeReading(other.sides.before) !== describeReading(change.before);
  return `${change.summary} (${probeName(change.target)} ${moved ? 'is not what it was' : 'would become something else'})`;
}
