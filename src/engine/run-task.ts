import { setTimeout as sleep } from 'node:timers/promises';
import type { Reading } from '../contract/index.ts';
import type { Expression, Task } from '../playbook/types.ts';
import { keepSecret } from '../source/secrets.ts';
import { isTemplated, isUnknown, renderScalar, type Scope, test } from '../template/index.ts';
import { attempt, keptOf, registeredOf } from './attempt.ts';
import type { Result, Status } from './events.ts';
import type { Host, Identity } from './host.ts';
import { firstUnmet, judge } from './judge.ts';
import { failure, labelOf, renderedOr, turnsOf } from './loop.ts';
import { type Attempt, pendingOf, shownChange, shownPending } from './outcome.ts';
import type { Hand } from './run-module.ts';

/** What a task needs to know of where it runs. */
export interface TaskContext {
  /** Whose variables count. */
  readonly host: string;
  /** The task's name, rendered. */
  readonly title: string;
  /** Connections to a host by name: this one, or where the task is delegated to. */
  readonly hostNamed: (name: string) => Host;
  /** Facts are read again where they are not to be trusted; gives what there is to say where they cannot be. */
  readonly ready: () => Promise<Attempt | undefined>;
  readonly scope: (locals: Readonly<Record<string, unknown>>) => Scope;
  readonly hand: (host: string, identity: Identity) => Hand;
  readonly identity: (task: Task, scope: Scope) => Identity;
  readonly maxImpact: Parameters<typeof attempt>[4];
  readonly check: boolean;
  readonly diff: boolean;
  /** A `rescue` around the task will take its failure. */
  readonly rescued: boolean;
  readonly emit: (result: Result) => void;
  /** Variables for the rest of the run: on this host, or on all of the batch with `run_once`. */
  readonly remember: (values: Readonly<Record<string, unknown>>) => void;
}

export interface TaskEnd {
  readonly changed: boolean;
  /** It failed, and nothing on the task itself makes light of it. */
  readonly failed: boolean;
  readonly unreachable: boolean;
  /** Why it cannot be told whether it changes anything. */
  readonly unknown?: string | undefined;
  /** Of the failure, what `register` would keep. */
  readonly result?: unknown;
}

const FINE: TaskEnd = { changed: false, failed: false, unreachable: false };

/** One task on one host: its loop, conditions, retries, and what is made of what came of it. */
export async function runTask(task: Task, context: TaskContext): Promise<TaskEnd> {
  const turns = turnsOf(task, context.scope({}));
  if ('status' in turns) {
    const { end, kept } = conclude(task, context, turns, Date.now(), undefined, {});
    if (task.register !== undefined)
      context.remember({ [task.register]: isUnknown(kept) ? kept : { ...kept, results: [] } });
    return end;
  }
  const { loop } = task;
  const ends: TaskEnd[] = [];
  const all: Kept[] = [];
  for (const [index, turn] of turns.entries()) {
    if (loop && index > 0 && loop.pause > 0) await sleep(loop.pause * 1000);
    const started = Date.now();
    const came = await tryItem(task, context, turn.locals);
    const label = loop && labelOf(loop, turn, context.scope(turn.locals));
    const { end, kept } = conclude(task, context, came, started, label, turn.locals);
    ends.push(end);
    all.push(loop && !isUnknown(kept) ? { ...kept, item: turn.item } : kept);
    if (end.unreachable) break;
  }
  if (task.register !== undefined) context.remember({ [task.register]: loop ? gathered(all) : all[0] });
  return ends.reduce(
    (sum, one) => ({
      changed: sum.changed || one.changed,
      failed: sum.failed || one.failed,
      unreachable: sum.unreachable || one.unreachable,
      ...((sum.unknown ?? one.unknown) && { unknown: sum.unknown ?? one.unknown }),
      ...((sum.result ?? one.result) !== undefined && { result: sum.result ?? one.result }),
    }),
    FINE,
  );
}

/** One item: its conditions, then as many attempts as `until` asks for. */
async function tryItem(task: Task, context: TaskContext, locals: Readonly<Record<string, unknown>>): Promise<Attempt> {
  try {
    const trouble = await context.ready();
    if (trouble) return trouble;
    const unmet = firstUnmet(task.when, context.scope(locals));
    if (unmet) return unmet;
    let tries = 0;
    for (let left = task.until ? task.retries : 0; ; left--) {
      const withResult = (registered: Record<string, unknown>) =>
        context.scope({
          ...locals,
          result: registered,
          ...(task.register !== undefined && { [task.register]: registered }),
        });
      const done = await attemptOnce(task, context, locals, tries++ > 0);
      // What it has changed is asked again, before anything is made of it.
      const gone = done.status === 'unreachable' ? undefined : await context.ready();
      if (gone) return gone;
      const came = judge(task, withResult, done);
      if (!task.until || came.status === 'unreachable' || came.status === 'unknown') return came;
      const met = test(task.until, withResult(registeredOf(came)));
      if (met === true) return came;
      if (isUnknown(met)) return { status: 'unknown', reason: met.because };
      // What check mode does not do, it does not wait for.
      if (context.check) return { ...came, status: 'unknown', reason: 'until waits for what check mode does not do' };
      if (left === 0) return { ...came, status: 'failed', error: came.error ?? neverMet(task, task.until) };
      await sleep(task.delay * 1000);
    }
  } catch (error) {
    return failure(error);
  }
}

const neverMet = (task: Task, until: Expression) => ({
  code: 'RetriesExhausted',
  message: `after ${task.retries} retries \`${until.value}\` still does not hold`,
});

async function attemptOnce(
  task: Task,
  context: TaskContext,
  locals: Readonly<Record<string, unknown>>,
  again: boolean,
): Promise<Attempt> {
  const scope = context.scope(locals);
  const target = targetOf(task, context, scope);
  const host = context.hostNamed(target);
  const identity = context.identity(task, scope);
  const see = async () => {
    const eyes = await host.eyes(identity);
    // What is waited for is not found in what was read before.
    if (again) eyes.forget();
    return eyes;
  };
  const doing = attempt(task, scope, see, context.hand(target, identity), context.maxImpact);
  if (task.timeout === 0) return doing;
  const abort = new AbortController();
  const late = sleep(task.timeout * 1000, undefined, { signal: abort.signal }).then(
    async (): Promise<Attempt> => {
      // The frame under way cannot be taken back; its connection can.
      await host.close();
      const message = `it did not finish within ${task.timeout} s, and its connection was closed`;
      return { status: 'failed', error: { code: 'TaskTimeout', message } };
    },
    () => doing,
  );
  return Promise.race([doing, late]).finally(() => abort.abort());
}

function targetOf(task: Task, context: TaskContext, scope: Scope): string {
  return task.delegateTo ? String(renderScalar(task.delegateTo, scope)) : context.host;
}

/** Tell the report, remember what is to be remembered, and say how the task ended. */
function conclude(
  task: Task,
  context: TaskContext,
  came: Attempt,
  started: number,
  item: unknown,
  locals: Readonly<Record<string, unknown>>,
): { end: TaskEnd; kept: Kept } {
  if (came.facts) context.remember(came.facts);
  const kept = keptOf(came);
  // Whatever prints it later must not.
  if (task.noLog) for (const one of told(came)) keepSecret(one);
  const scope = context.scope(locals);
  const named = isTemplated(task.name) && { name: context.title };
  const status = statusOf(task, context, scope, came);
  const pending = came.plan && pendingOf(came.plan);
  context.emit({
    host: context.host,
    ...named,
    ...(item !== undefined && { item }),
    status,
    ...(pending && { pending }),
    ...(came.reason !== undefined && { reason: came.reason }),
    changes: [...(came.plan?.changes ?? []).map(shownChange), ...(came.plan?.pending ?? []).map(shownPending)],
    ...(came.plan?.notes && { notes: came.plan.notes }),
    ...(came.message !== undefined && { message: came.message }),
    ...(came.error && { error: came.error }),
    ...(task.register !== undefined && !isUnknown(kept) && { registered: kept }),
    ...(task.delegateTo && { delegated_to: String(renderedOr(task.delegateTo, scope, task.delegateTo.value)) }),
    diff: task.diff ?? context.diff,
    ms: Date.now() - started,
  });
  return {
    kept,
    end: {
      changed: came.status === 'changed',
      failed: status === 'failed' || status === 'rescued',
      unreachable: status === 'unreachable',
      ...(status === 'unknown' && { unknown: came.reason }),
      ...(status === 'rescued' && { result: kept }),
    },
  };
}

/** All that a task says in words of its own making. */
const told = ({ message, values, facts, error, reason, plan }: Attempt): readonly unknown[] => [
  message,
  values,
  facts,
  error?.message,
  reason,
  plan?.changes.flatMap(({ summary, before, after }) => [summary, textIn(before), textIn(after)]),
];

const textIn = (reading: Reading): string | undefined => (reading.is === 'text' ? reading.text : undefined);

function statusOf(task: Task, context: TaskContext, scope: Scope, came: Attempt): Status {
  if (came.status === 'unreachable') return task.ignoreUnreachable ? 'ignored' : 'unreachable';
  if (came.status !== 'failed') return came.status;
  if (ignoresErrors(task, scope)) return 'ignored';
  return context.rescued ? 'rescued' : 'failed';
}

function ignoresErrors({ ignoreErrors }: Task, scope: Scope): boolean {
  return typeof ignoreErrors === 'boolean' ? ignoreErrors : renderedOr(ignoreErrors, scope, false) === true;
}

/** What `register` keeps of one item. */
type Kept = ReturnType<typeof keptOf>;

/** What `register` keeps of a loop: every item's result, and whether any changed, failed, or all were skipped. */
function gathered(all: readonly Kept[]): Record<string, unknown> {
  const unknown = all.find(isUnknown);
  const known = all.filter((one): one is Record<string, unknown> => !isUnknown(one));
  const some = (name: string) => known.some((one) => one[name] === true) || (unknown ?? false);
  return {
    changed: some('changed'),
    failed: some('failed'),
    skipped: known.every(({ skipped }) => skipped === true) && (unknown ?? true),
    results: all,
  };
}
