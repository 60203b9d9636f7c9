import { setTimeout as sleep } from 'node:timers/promises';
import { NotKnown } from '../contract/index.ts';
import type { Expression, Task, Templated } from '../playbook/types.ts';
import { UserError } from '../source/diagnostic.ts';
import { isUnknown, renderNode, renderScalar, type Scope, test } from '../template/index.ts';
import { attempt, registeredOf } from './attempt.ts';
import type { Result, Status } from './events.ts';
import type { Host, Identity } from './host.ts';
import { firstUnmet, judge } from './judge.ts';
import { type Attempt, pendingOf, shownChange, shownError, shownPending } from './outcome.ts';
import type { Hand } from './run-module.ts';

/** What a task needs to know of where it runs. */
export interface TaskContext {
  /** Whose variables count. */
  readonly host: string;
  /** Connections to a host by name: this one, or where the task is delegated to. */
  readonly hostNamed: (name: string) => Host;
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
}

const FINE: TaskEnd = { changed: false, failed: false, unreachable: false };

/** One task on one host: its loop, conditions, retries, and what is made of what came of it. */
export async function runTask(task: Task, context: TaskContext): Promise<TaskEnd> {
  const items = loopItems(task, context);
  if ('status' in items) return conclude(task, context, items, Date.now(), undefined, {}).end;

  const ends: TaskEnd[] = [];
  const kept: unknown[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && task.loopControl.pause > 0) await sleep(task.loopControl.pause * 1000);
    const started = Date.now();
    const locals = item === NO_LOOP ? {} : loopLocals(task, item, index);
    const came = await tryItem(task, context, locals);
    const label = item === NO_LOOP ? undefined : labelOf(task, context.scope(locals), item);
    const { end, registered } = conclude(task, context, came, started, label, locals);
    ends.push(end);
    kept.push(item === NO_LOOP ? registered : { ...registered, item });
    if (end.unreachable) break;
  }
  if (task.register !== undefined) context.remember({ [task.register]: task.loop ? gathered(kept) : kept[0] });
  return ends.reduce(
    (all, one) => ({
      changed: all.changed || one.changed,
      failed: all.failed || one.failed,
      unreachable: all.unreachable || one.unreachable,
    }),
    FINE,
  );
}

const NO_LOOP = Symbol('no loop');

/** The items to do, or what there is to say when they cannot be told. A map loops over its `{ key, value }` pairs. */
function loopItems(task: Task, context: TaskContext): readonly unknown[] | Attempt {
  if (!task.loop) return [NO_LOOP];
  try {
    const list = renderNode(task.loop, context.scope({}));
    if (Array.isArray(list)) return list;
    if (typeof list === 'object' && list !== null) return Object.entries(list).map(([key, value]) => ({ key, value }));
    const message = `loop takes a list or a map, and this is ${JSON.stringify(list)}`;
    return { status: 'failed', error: { code: 'BadLoop', message } };
  } catch (error) {
    return unmetBeforeLoop(task, context) ?? failure(error);
  }
}

/** `when: defined(disks)` also guards `loop: "{{ disks }}"`, as in Ansible. */
function unmetBeforeLoop(task: Task, context: TaskContext): Attempt | undefined {
  try {
    const unmet = firstUnmet(task.when, context.scope({}));
    return unmet?.status === 'skipped' ? unmet : undefined;
  } catch {
    return undefined;
  }
}

/** What keeps a task from being tried: it cannot be known yet, or it is a mistake. */
function failure(error: unknown): Attempt {
  if (error instanceof NotKnown) return { status: 'unknown', reason: error.because };
  return { status: 'failed', error: shownError(error) };
}

function loopLocals(task: Task, item: unknown, index: number): Record<string, unknown> {
  const { loopVar, indexVar } = task.loopControl;
  return { [loopVar]: item, ...(indexVar !== undefined && { [indexVar]: index }) };
}

function labelOf(task: Task, scope: Scope, item: unknown): unknown {
  return task.loopControl.label ? renderedOr(task.loopControl.label, scope, item) : item;
}

/** For what is only shown, or comes after the fact: a mistake in it must not hide what was done. */
function renderedOr(text: Templated, scope: Scope, otherwise: unknown): unknown {
  try {
    return renderScalar(text, scope);
  } catch (error) {
    if (error instanceof UserError || error instanceof NotKnown) return otherwise;
    throw error;
  }
}

/** One item: its conditions, then as many attempts as `until` asks for. */
async function tryItem(task: Task, context: TaskContext, locals: Readonly<Record<string, unknown>>): Promise<Attempt> {
  try {
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
      const came = judge(task, withResult, await attemptOnce(task, context, locals, tries++ > 0));
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
): { end: TaskEnd; registered: Record<string, unknown> } {
  if (came.facts) context.remember(came.facts);
  const registered = registeredOf(came);
  const scope = context.scope(locals);
  const status = statusOf(task, context, scope, came);
  const pending = came.plan && pendingOf(came.plan);
  context.emit({
    host: context.host,
    ...(item !== undefined && { item }),
    status,
    ...(pending && { pending }),
    ...(came.reason !== undefined && { reason: came.reason }),
    changes: [...(came.plan?.changes ?? []).map(shownChange), ...(came.plan?.pending ?? []).map(shownPending)],
    ...(came.plan?.notes && { notes: came.plan.notes }),
    ...(came.message !== undefined && { message: came.message }),
    ...(came.error && { error: came.error }),
    ...(task.register !== undefined && { registered }),
    ...(task.delegateTo && { delegated_to: String(renderedOr(task.delegateTo, scope, task.delegateTo.value)) }),
    diff: task.diff ?? context.diff,
    ms: Date.now() - started,
  });
  return {
    registered,
    end: {
      changed: came.status === 'changed',
      failed: status === 'failed' || status === 'rescued',
      unreachable: status === 'unreachable',
    },
  };
}

function statusOf(task: Task, context: TaskContext, scope: Scope, came: Attempt): Status {
  if (came.status === 'unreachable') return task.ignoreUnreachable ? 'ignored' : 'unreachable';
  if (came.status !== 'failed') return came.status;
  if (ignoresErrors(task, scope)) return 'ignored';
  return context.rescued ? 'rescued' : 'failed';
}

function ignoresErrors({ ignoreErrors }: Task, scope: Scope): boolean {
  return typeof ignoreErrors === 'boolean' ? ignoreErrors : renderedOr(ignoreErrors, scope, false) === true;
}

/** What `register` keeps of a loop: every item's result, and whether any changed, failed, or all were skipped. */
function gathered(results: readonly unknown[]): Record<string, unknown> {
  const all = results as readonly Record<string, unknown>[];
  return {
    changed: all.some(({ changed }) => changed === true),
    failed: all.some(({ failed }) => failed === true),
    skipped: all.length > 0 && all.every(({ skipped }) => skipped === true),
    results: all,
  };
}
