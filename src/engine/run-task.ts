import { setTimeout as sleep } from 'node:timers/promises';
import type { Reading } from '../contract/index.ts';
import type { Expression, Task } from '../playbook/types.ts';
import { keepSecret } from '../source/secrets.ts';
import { isTemplated, isUnknown, test } from '../template/index.ts';
import { attempt, keptOf, registeredOf } from './attempt.ts';
import type { Status } from './events.ts';
import { firstUnmet, judge } from './judge.ts';
import { decided, failure, labelOf, renderedOr, turnsOf } from './loop.ts';
import { type Attempt, pendingOf, shownChange, shownPending } from './outcome.ts';
import { type Settings, settle, settleWarily } from './settle.ts';
import { suspect, targetOf, unknownTurn } from './suspect.ts';
import type { TaskContext } from './task-context.ts';

export interface TaskEnd {
  readonly changed: boolean;
  /** It failed, and nothing on the task itself makes light of it. */
  readonly failed: boolean;
  readonly unreachable: boolean;
  /** Nothing of it was done. */
  readonly skipped?: boolean;
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
    if (turns.status === 'unknown') await suspect(task, context, unknownTurn(task.loop, turns), turns);
    return end;
  }
  const { loop } = task;
  const ends: TaskEnd[] = [];
  const all: Kept[] = [];
  for (const turn of turns) {
    if (turn.wait > 0) await sleep(turn.wait * 1000);
    const started = Date.now();
    const { came, settings } = await tryItem(task, context, turn.locals);
    if (came.status === 'unknown' && !came.plan && !came.doubted) await suspect(task, context, turn.locals, came);
    const label = loop && labelOf(loop, turn, context.scope(turn.locals));
    const { end, kept } = conclude(task, context, came, started, label, turn.locals, settings);
    ends.push(end);
    all.push(loop && !isUnknown(kept) ? { ...kept, item: turn.item } : kept);
    if (end.unreachable) break;
  }
  if (task.register !== undefined) context.remember({ [task.register]: loop ? gathered(all) : all[0] });
  const skipped = ends.every((end) => end.skipped);
  return ends.reduce(
    (sum, one) => ({
      changed: sum.changed || one.changed,
      failed: sum.failed || one.failed,
      unreachable: sum.unreachable || one.unreachable,
      skipped,
      ...((sum.unknown ?? one.unknown) && { unknown: sum.unknown ?? one.unknown }),
      ...((sum.result ?? one.result) !== undefined && { result: sum.result ?? one.result }),
    }),
    FINE,
  );
}

/** What came of an item, with the task's keywords as they are for it, where it came to them. */
interface Tried {
  readonly came: Attempt;
  readonly settings?: Settings;
}

/** One item: its conditions, then as many attempts as `until` asks for. */
async function tryItem(task: Task, context: TaskContext, locals: Readonly<Record<string, unknown>>): Promise<Tried> {
  try {
    const trouble = await context.ready();
    if (trouble) return { came: trouble };
    const unmet = firstUnmet(task.when, context.scope(locals));
    if (unmet) return { came: unmet };
    if (context.unsure !== undefined) return { came: { status: 'unknown', reason: context.unsure } };
    const settings = settle(task, context.scope(locals), context.otherwise);
    return { came: await tryOften(task, context, locals, settings), settings };
  } catch (error) {
    return { came: failure(error) };
  }
}

async function tryOften(
  task: Task,
  context: TaskContext,
  locals: Readonly<Record<string, unknown>>,
  settings: Settings,
): Promise<Attempt> {
  try {
    let tries = 0;
    for (let left = task.until ? settings.retries : 0; ; left--) {
      const withResult = (registered: Record<string, unknown>) =>
        context.scope({
          ...locals,
          result: registered,
          ...(task.register !== undefined && { [task.register]: registered }),
        });
      const done = counted(task, await attemptOnce(task, context, locals, settings, tries > 0), ++tries);
      // What it has changed is asked again, before anything is made of it.
      const gone = done.status === 'unreachable' ? undefined : await context.ready();
      if (gone) return gone;
      const came = judge(task, withResult, done);
      if (!task.until || came.status === 'unreachable' || came.status === 'unknown') return came;
      const met = test(task.until, withResult(registeredOf(came)));
      if (met === true) return came;
      if (isUnknown(met)) return { status: 'unknown', reason: met.because };
      // What check mode does not do, it does not wait for.
      if (settings.check) return { ...came, status: 'unknown', reason: 'until waits for what check mode does not do' };
      // `failed_when` has the last word here, too, as with Ansible.
      if (left === 0 && task.failedWhen.length > 0) return came;
      if (left === 0) return { ...came, status: 'failed', error: came.error ?? neverMet(settings.retries, task.until) };
      await sleep(settings.delay * 1000);
    }
  } catch (error) {
    return failure(error);
  }
}

/** With `until` it is told how many attempts there were. */
const counted = ({ until }: Task, done: Attempt, attempts: number): Attempt =>
  until ? { ...done, values: { ...done.values, attempts } } : done;

const neverMet = (retries: number, until: Expression) => ({
  code: 'RetriesExhausted',
  message: `after ${retries} retries \`${until.value}\` still does not hold`,
});

async function attemptOnce(
  task: Task,
  context: TaskContext,
  locals: Readonly<Record<string, unknown>>,
  settings: Settings,
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
  const here = { title: context.title, check: settings.check, operator: context.operator };
  const doing = attempt(task, scope, see, context.hand(target, identity, settings), context.maxImpact, here);
  const { timeout } = settings;
  if (timeout === 0) return doing;
  const abort = new AbortController();
  const late = sleep(timeout * 1000, undefined, { signal: abort.signal }).then(
    async (): Promise<Attempt> => {
      // The frame under way cannot be taken back; its connection can.
      await host.close();
      const message = `it did not finish within ${timeout} s, and its connection was closed`;
      return { status: 'failed', error: { code: 'TaskTimeout', message } };
    },
    () => doing,
  );
  return Promise.race([doing, late]).finally(() => abort.abort());
}

/** Tell the report, remember what is to be remembered, and say how the task ended. */
function conclude(
  task: Task,
  context: TaskContext,
  attempt: Attempt,
  started: number,
  item: unknown,
  locals: Readonly<Record<string, unknown>>,
  known?: Settings,
): { end: TaskEnd; kept: Kept } {
  const scope = context.scope(locals);
  const settings = known ?? settleWarily(task, scope, context.otherwise);
  const came = decided(attempt, settings.check);
  if (came.facts) context.remember(came.facts);
  const kept = keptOf(came);
  // Whatever prints it later must not.
  if (settings.noLog) for (const one of told(came)) keepSecret(one);
  const named = isTemplated(task.name) && { name: context.title };
  const status = statusOf(settings, context.rescued, came);
  const pending = came.plan && pendingOf(came.plan);
  context.emit(
    {
      host: context.host,
      ...named,
      ...(item !== undefined && { item }),
      status,
      ...(came.status === 'unreachable' && { unreachable: true }),
      ...(pending && { pending }),
      ...(came.reason !== undefined && { reason: came.reason }),
      changes: [...(came.plan?.changes ?? []).map(shownChange), ...(came.plan?.pending ?? []).map(shownPending)],
      ...(came.plan?.notes && { notes: came.plan.notes }),
      ...(came.message !== undefined && { message: came.message }),
      ...(came.error && { error: came.error }),
      ...(task.register !== undefined && !isUnknown(kept) && { registered: kept }),
      ...(task.delegateTo && { delegated_to: String(renderedOr(task.delegateTo, scope, task.delegateTo.value)) }),
      diff: settings.diff,
      ms: Date.now() - started,
    },
    settings,
  );
  return {
    kept,
    end: {
      changed: came.status === 'changed',
      failed: status === 'failed' || status === 'rescued',
      unreachable: status === 'unreachable',
      skipped: status === 'skipped',
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

function statusOf({ ignoreErrors, ignoreUnreachable }: Settings, rescued: boolean, came: Attempt): Status {
  if (came.status === 'unreachable') return ignoreUnreachable ? 'ignored' : 'unreachable';
  if (came.status !== 'failed') return came.status;
  if (ignoreErrors) return 'ignored';
  return rescued ? 'rescued' : 'failed';
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
