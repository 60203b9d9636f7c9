import { NotKnown } from '../contract/index.ts';
import { handlersFor } from '../playbook/handlers.ts';
import type { Block, Item, Meta, Play, Task } from '../playbook/types.ts';
import { known, renderScalar, type Scope, test } from '../template/index.ts';
import type { Batch } from './batch.ts';
import type { Result } from './events.ts';
import { shownError } from './outcome.ts';
import type { TaskContext, TaskEnd } from './run-task.ts';
import { runTask } from './run-task.ts';
import type { Flush, Steps } from './steps.ts';

/** One host's walk through one play. */
export interface HostWalk {
  readonly host: string;
  readonly play: Play;
  readonly steps: Steps;
  readonly batch: Batch;
  /** All hosts of the batch go step by step, since a failure of one must stop the others. */
  readonly lockstep: boolean;
  readonly forceHandlers: boolean;
  readonly context: (task: Task, rescued: boolean, emit: (result: Result) => void) => TaskContext;
  readonly scope: (item: Meta | Task) => Scope;
  readonly emit: (step: number, result: Result) => void;
  /** One at a time for tasks with `throttle`, and asked of the operator with `--step`. */
  readonly admit: (task: Task, work: () => Promise<TaskEnd>) => Promise<TaskEnd>;
  /** Told before the host leaves, so that the others can be stopped in time. */
  readonly failed: (task?: Task) => void;
}

/** How the host left the play. */
export type Leave = 'done' | 'failed' | 'unreachable' | 'ended' | 'play-ended' | 'stopped';

/** Thrown inside a walk to leave it; never seen outside. */
class Stop extends Error {
  readonly leave: Exclude<Leave, 'done'>;
  constructor(leave: Exclude<Leave, 'done'>) {
    super(leave);
    this.leave = leave;
  }
}

export async function runHost(walk: HostWalk): Promise<Leave> {
  const notified = new Set<Task>();
  const flush = async (at: Flush): Promise<void> => {
    for (const handler of walk.play.handlers) {
      if (!notified.delete(handler)) continue;
      await one(handler, walk.steps.ofHandler(handler, at), false);
    }
    walk.batch.past(walk.host, walk.steps.after(at));
  };

  const one = async (task: Task, step: number, rescued: boolean): Promise<void> => {
    walk.batch.past(walk.host, step);
    if (walk.lockstep) await walk.batch.reached(step);
    if (walk.batch.stopped) throw new Stop('stopped');
    const told = await sure(step, rescued, () => notifiedBy(task, walk));
    if (!told) return;
    let own = false;
    const context = walk.context(task, rescued, (result) => walk.emit(step, result));
    const work = () => {
      own = true;
      return walk.admit(task, () => runTask(task, context));
    };
    const end = task.runOnce ? await walk.batch.once(walk.host, step, work) : await work();
    if (own && end.changed) for (const handler of told) notified.add(handler);
    if (end.failed || end.unreachable) {
      if (end.unreachable || !rescued) walk.failed(task);
      throw new Stop(end.unreachable ? 'unreachable' : 'failed');
    }
  };

  /** What the playbook says here; where it cannot be told, that is a result as any other. */
  const sure = async <T>(step: number, rescued: boolean, read: () => T): Promise<T | undefined> => {
    const result = { host: walk.host, changes: [], diff: false, ms: 0 } as const;
    try {
      return read();
    } catch (error) {
      if (error instanceof NotKnown) {
        walk.emit(step, { ...result, status: 'unknown', reason: error.because });
        return undefined;
      }
      walk.emit(step, { ...result, status: rescued ? 'rescued' : 'failed', error: shownError(error) });
      if (!rescued) walk.failed();
      throw new Stop('failed');
    }
  };

  const items = async (list: readonly Item[], rescued: boolean): Promise<void> => {
    for (const item of list) {
      if (item.kind === 'task') await one(item, walk.steps.of(item), rescued);
      else if (item.kind === 'block') await block(item, rescued);
      else await meta(item, rescued);
    }
  };

  const block = async (item: Block, rescued: boolean): Promise<void> => {
    let leaving: unknown;
    try {
      await items(item.block, rescued || item.rescue.length > 0);
    } catch (stop) {
      leaving = stop;
      if (isFailure(stop) && item.rescue.length > 0) {
        try {
          await items(item.rescue, rescued);
          leaving = undefined;
        } catch (again) {
          leaving = again;
        }
      }
    }
    // A host that cannot be reached, and a bug of ours, leave no way to go on.
    if (leaving === undefined || isFailure(leaving)) await items(item.always, rescued);
    if (leaving !== undefined) throw leaving;
  };

  const meta = async (item: Meta, rescued: boolean): Promise<void> => {
    const step = walk.steps.of(item);
    walk.batch.past(walk.host, step);
    const met = await sure(step, rescued, () =>
      item.when.every((condition) => known(test(condition, walk.scope(item)))),
    );
    if (!met) return;
    if (item.action === 'flush_handlers') await flush(item);
    if (item.action === 'end_host') throw new Stop('ended');
    if (item.action === 'end_play') throw new Stop('play-ended');
  };

  /** Handlers of a host that failed run where the play's last ones are printed. */
  const lastFlush = async (): Promise<void> => {
    try {
      await flush(walk.play.sections.findLastIndex((list) => list.length > 0));
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
    }
  };

  try {
    for (const [section, list] of walk.play.sections.entries()) {
      if (list.length === 0) continue;
      await items(list, false);
      await flush(section);
    }
    return 'done';
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    if (stop.leave === 'failed' && walk.forceHandlers) await lastFlush();
    return stop.leave;
  }
}

const isFailure = (stop: unknown): boolean => stop instanceof Stop && stop.leave === 'failed';

/** Each once, whatever number of names it was notified by. */
function notifiedBy(task: Task, walk: HostWalk): readonly Task[] {
  const { handlers } = walk.play;
  const names = task.notify.map((name) => String(renderScalar(name, walk.scope(task))));
  return [...new Set(names.flatMap((name) => handlersFor(handlers, task, name)))];
}
