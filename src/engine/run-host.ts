import { setTimeout as sleep } from 'node:timers/promises';
import { NotKnown } from '../contract/index.ts';
import type { Block, Item, Meta, Task } from '../playbook/types.ts';
import { UserError } from '../source/diagnostic.ts';
import { showAt } from '../source/show-at.ts';
import { known, type Scope, test } from '../template/index.ts';
import { censored } from './censor.ts';
import type { Result } from './events.ts';
import { type HostWalk, type Inside, type Leave, OUTSIDE } from './host-walk.ts';
import { decided, failure, labelOf, titleOf, turnsOf } from './loop.ts';
import { notifiedBy } from './notified.ts';
import type { Attempt } from './outcome.ts';
import { runTask, type TaskEnd } from './run-task.ts';
import { isCheck, isHidden, settled, settleWarily } from './settle.ts';
import type { Spot } from './spot.ts';
import { type Flush, isFlushed, tasksOf } from './steps.ts';
import { suspect, unknownTurn } from './suspect.ts';

/** That a handler is to be run, or may be. */
interface Notice {
  readonly doubt?: string;
}

/** Thrown inside a walk to leave it; never seen outside. */
class Stop extends Error {
  readonly leave: Exclude<Leave, 'done'>;
  /** What a `rescue` sees of the failure. */
  readonly told: Readonly<Record<string, unknown>>;
  constructor(leave: Exclude<Leave, 'done'>, told: Stop['told'] = {}) {
    super(leave);
    this.leave = leave;
    this.told = told;
  }
}

export async function runHost(walk: HostWalk): Promise<Leave> {
  const notified = new Map<Task, Notice>(walk.pending.map((handler) => [handler, {}]));
  let unsure: string | undefined;
  const flush = async (at: Flush, { turns, rescued, always }: Inside): Promise<void> => {
    for (const handler of walk.play.handlers) {
      const notice = notified.get(handler);
      if (!notified.delete(handler)) continue;
      const step = walk.steps.ofHandler(handler, at);
      const inside = { ...OUTSIDE, turns, rescued, always };
      if (notice?.doubt === undefined) {
        await one(handler, step, inside);
        await walk.note('settled', handler, [handler]);
      } else {
        const came: Attempt = { status: 'unknown', reason: notice.doubt };
        instead([...turns, step], inside, came, handler);
        await doubted(handler, inside, came);
      }
    }
    walk.batch.past(walk.host, [...turns, walk.steps.after(at)]);
  };

  const one = async (task: Task, step: number, inside: Inside): Promise<void> => {
    const spot = [...inside.turns, step];
    walk.batch.past(walk.host, spot);
    if (walk.lockstep) await walk.batch.reached(spot);
    if (walk.batch.stopped && !inside.always) throw new Stop('stopped');
    const trouble = await walk.ready(task, inside);
    if (trouble) return instead(spot, inside, trouble, task);
    const way = sure(
      spot,
      inside,
      () => {
        const scope = walk.scope(task, inside);
        return {
          told: notifiedBy(task, (item) => walk.scope(item, inside), walk.play.handlers),
          once: settled('run_once', task.runOnce, scope),
          throttle: settled('throttle', task.throttle ?? 0, scope),
          emit: (result: Result) => walk.emit(spot, result),
        };
      },
      task,
    );
    if (!way) return;
    const { told, once, throttle } = way;
    let own = false;
    const context = { ...walk.context(task, inside, way), unsure };
    const work = () => {
      own = true;
      return walk.admit(task, throttle, () => runTask(task, context));
    };
    const end = once ? await walk.batch.once(walk.host, spot, work) : await work();
    if (own) await notify(task, context.title, told, end);
    // What cannot be told may not be done, and then the role's next use does it.
    if (!end.skipped && end.unknown === undefined) inside.worked?.();
    if (end.failed || end.unreachable) {
      if (end.unreachable || !inside.rescued) walk.failed(task);
      const failed = {
        ansible_failed_task: { name: context.title, action: task.module },
        ansible_failed_result: end.result,
      };
      throw new Stop(end.unreachable ? 'unreachable' : 'failed', failed);
    }
  };

  const notify = async (task: Task, title: string, told: readonly Task[], end: TaskEnd): Promise<void> => {
    const doubt = end.unknown === undefined ? undefined : `${title} may notify it: ${end.unknown}`;
    if (!end.changed && doubt === undefined) return;
    const fresh = told.filter((handler) => !notified.has(handler) || notified.get(handler)?.doubt !== undefined);
    for (const handler of fresh) notified.set(handler, end.changed || doubt === undefined ? {} : { doubt });
    if (end.changed && fresh.length > 0) await walk.note('notified', task, fresh);
  };

  /** What the playbook says here; where it cannot be told, that is a result as any other. */
  const sure = <T>(spot: Spot, inside: Inside, read: () => T, task?: Task): T | undefined => {
    try {
      return read();
    } catch (error) {
      return instead(spot, inside, failure(error), task);
    }
  };

  /** What there is to say where nothing can be done. */
  const instead = (spot: Spot, inside: Inside, attempt: Attempt, task?: Task): undefined => {
    const { rescued } = inside;
    const check = task ? isCheck(task, walk.scope(task, inside), walk.check) : walk.check;
    const { status, reason, error } = decided(attempt, check);
    const lost = status === 'unreachable' && ({ unreachable: true } as const);
    const result = { host: walk.host, ...lost, changes: [], diff: false, ms: 0 } as const;
    const ignored = status === 'unreachable' && task !== undefined && ignoresLoss(task, walk.scope(task, inside));
    const shown = ignored ? 'ignored' : status === 'failed' && rescued ? 'rescued' : status;
    walk.emit(spot, { ...result, status: shown, ...(reason !== undefined && { reason }), ...(error && { error }) });
    if (status === 'unreachable') {
      if (ignored) return undefined;
      walk.failed(task);
      throw new Stop('unreachable');
    }
    if (status !== 'failed') return undefined;
    if (!rescued) walk.failed(task);
    throw new Stop('failed');
  };

  /** In check mode: whether it is done cannot be told, and so neither what it changes. */
  const doubted = async (task: Task, inside: Inside, came: Attempt): Promise<void> => {
    const quiet = { told: [], once: false, emit: () => {} };
    await suspect(task, walk.context(task, inside, quiet), unknownTurn(task.loop, came), came);
  };

  const blockInDoubt = async (item: Block, inside: Inside, came: Attempt): Promise<void> => {
    const turn = { ...inside, locals: { ...inside.locals, ...unknownTurn(item.loop, came) } };
    for (const task of tasksOf([item])) {
      await doubted(task, turn, came);
      const told = sureOrNone(() => notifiedBy(task, (one) => walk.scope(one, turn), walk.play.handlers));
      const title = titleOf(task, walk.scope(task, turn));
      await notify(task, title, told, { changed: false, failed: false, unreachable: false, unknown: came.reason });
    }
  };

  const items = async (list: readonly Item[], inside: Inside): Promise<void> => {
    for (const item of list) {
      if (walk.batch.stopped && !inside.always) throw new Stop('stopped');
      if (item.kind === 'block') await block(item, inside);
      else if (item.kind === 'meta') await meta(item, inside);
      else await one(item, walk.steps.of(item), inside);
    }
  };

  /** Keys of roles that are done here. */
  const done = new Set<string>();

  const role = async (once: string, item: Block, inside: Inside): Promise<void> => {
    if (done.has(once)) return;
    let worked = false;
    const tell = () => {
      worked = true;
    };
    await items(item.block, { ...inside, worked: tell });
    if (worked) done.add(once);
  };

  const block = async (item: Block, inside: Inside): Promise<void> => {
    const { loop, once } = item;
    if (once !== undefined) return role(once, item, inside);
    if (!loop) return blockOnce(item, inside);
    const spot = [...inside.turns, walk.steps.of(item)];
    walk.batch.past(walk.host, spot);
    const trouble = await walk.ready(item, inside);
    if (trouble) return instead(spot, inside, trouble);
    const scope = walk.scope(item, inside);
    const turns = turnsOf(item, scope);
    if ('status' in turns) {
      instead(spot, inside, turns);
      if (turns.status === 'unknown') await blockInDoubt(item, inside, turns);
      return;
    }
    for (const [index, turn] of turns.entries()) {
      if (turn.wait > 0) await sleep(turn.wait * 1000);
      await blockOnce(item, {
        ...inside,
        turns: [...spot, index],
        locals: { ...inside.locals, ...turn.locals },
        labels: [...inside.labels, labelOf(loop, turn, scope.with('loop', turn.locals))],
      });
    }
  };

  const blockOnce = async (item: Block, inside: Inside): Promise<void> => {
    let leaving: unknown;
    try {
      await items(item.block, { ...inside, rescued: inside.rescued || item.rescue.length > 0 });
    } catch (stop) {
      leaving = stop;
      if (isFailure(stop) && item.rescue.length > 0) {
        try {
          const told = stop instanceof Stop ? stop.told : {};
          await items(item.rescue, { ...inside, locals: { ...inside.locals, ...told } });
          leaving = undefined;
        } catch (again) {
          leaving = again;
        }
      }
    }
    // A host that cannot be reached, and a bug of ours, leave no way to go on.
    if (leaving === undefined || isFailure(leaving) || isStopped(leaving))
      await items(item.always, { ...inside, always: true });
    if (leaving !== undefined) throw leaving;
  };

  const meta = async (item: Meta, inside: Inside): Promise<void> => {
    const spot = [...inside.turns, walk.steps.of(item)];
    walk.batch.past(walk.host, spot);
    const trouble = await walk.ready(item, inside);
    if (trouble) return instead(spot, inside, trouble);
    const holds = () => item.when.every((condition) => known(test(condition, walk.scope(item, inside))));
    // Whether a play ends is decided once for all its hosts, as Ansible does.
    const met =
      item.action === 'end_play'
        ? await walk.batch.once(walk.host, spot, async () => sure(spot, inside, holds))
        : sure(spot, inside, holds);
    if (met === undefined && item.action.startsWith('end_'))
      unsure ??= `meta: ${item.action} at ${showAt(item.at)} may have ended the play before`;
    if (!met) return;
    if (item.action === 'flush_handlers') await flush(item, inside);
    if (item.action === 'clear_facts') await walk.clearFacts();
    if (item.action === 'end_host') throw new Stop('ended');
    if (item.action === 'end_play') throw new Stop('play-ended');
  };

  /** Handlers of a host that failed run where the play's last ones are printed. */
  const lastFlush = async (): Promise<void> => {
    try {
      await flush(
        walk.play.sections.findLastIndex((list) => list.length > 0),
        OUTSIDE,
      );
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
    }
  };

  const clashes = await walk.clashes();
  for (const { task, problem } of clashes) {
    const { error } = failure(problem);
    const told = error && { error: { ...error, message: `${error.message}. Nothing of this play was done` } };
    const result = { host: walk.host, status: 'failed', changes: [], diff: false, ms: 0, ...told } as const;
    walk.emit([walk.steps.of(task)], isHidden(task, walk.scope(task, OUTSIDE)) ? censored(result) : result);
  }
  if (clashes.length > 0) {
    walk.failed();
    return 'failed';
  }
  try {
    for (const [section, list] of walk.play.sections.entries()) {
      await items(list, OUTSIDE);
      if (isFlushed(walk.play, section)) await flush(section, OUTSIDE);
    }
    return 'done';
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    if (stop.leave === 'failed' && walk.forceHandlers) await lastFlush();
    return stop.leave;
  }
}

const isStopped = (stop: unknown): boolean => stop instanceof Stop && stop.leave === 'stopped';
const isFailure = (stop: unknown): boolean => stop instanceof Stop && stop.leave === 'failed';

const ignoresLoss = (task: Task, scope: Scope): boolean =>
  settleWarily(task, scope, { check: false, diff: false }).ignoreUnreachable;

function sureOrNone<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotKnown || error instanceof UserError) return [];
    throw error;
  }
}
