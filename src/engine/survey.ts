import { type Module, NotKnown, Problem } from '../contract/index.ts';
import type { Item, Meta, Play, Task } from '../playbook/types.ts';
import { UserError } from '../source/diagnostic.ts';
import { type Scope, test } from '../template/index.ts';
import { paramsOf } from './attempt.ts';
import { findControl } from './control.ts';
import type { Job } from './eyes.ts';
import { type Looping, type Turn, turnsOf } from './loop.ts';

/** What can be told of a task of a play on a host before any task ran. Those that are sure not to be done are left out. */
export interface Ahead {
  readonly task: Task;
  readonly scope: Scope;
  /** What it will ask of its module; undefined where that cannot be told yet. */
  readonly job: (Job & { readonly module: Module }) | undefined;
  /** Its conditions can be told. */
  readonly told: boolean;
  /** It is done, unless the host fails before. */
  readonly sure: boolean;
  /** A `rescue` around the task will take its failure. */
  readonly rescued: boolean;
}

/**
 * What a play's tasks will want to read of a host, as far as that can be told before any of them ran. Whatever is left
 * out here, for any reason, is read when its task comes. `wanted` chooses among tasks: those of one identity.
 */
export async function jobsOf(...[play, scopeOf, wanted]: Parameters<typeof lookAhead>): Promise<readonly Job[]> {
  const tasks = await lookAhead(play, scopeOf, wanted);
  return tasks.flatMap(({ job, told }) => (job && told ? [job] : []));
}

/** The same task by task, turn by turn of loops. */
export async function lookAhead(
  play: Play,
  scopeOf: (item: Item) => Scope,
  wanted: (task: Task, scope: Scope) => boolean,
): Promise<readonly Ahead[]> {
  const found: Ahead[] = [];
  let mayEnd = false;
  const ofTask = async (task: Task, { outer, sure, rescued }: Around): Promise<void> => {
    if (findControl(task.module) || task.delegateTo) return;
    const around = scopeOf(task).with('loop', outer);
    if (!foreseeable(() => wanted(task, around))) return;
    for (const locals of turns(task, around)) {
      const scope = around.with('loop', locals);
      const met = foreseeable(() => task.when.map((condition) => test(condition, scope)));
      if (met?.includes(false)) continue;
      const job = await paramsOf(task, scope).catch(ignoreForeseeable);
      const holds = met?.every((one) => one === true) ?? false;
      const done = sure && holds && !mayEnd && task.runOnce === false && !task.checkMode;
      found.push({ task, scope, job, told: met !== undefined, sure: done, rescued });
    }
  };
  const isOut = (item: Meta, { outer }: Around) =>
    foreseeable(() => item.when.some((one) => test(one, scopeOf(item).with('loop', outer)) === false)) === true;
  const ofItems = async (items: readonly Item[], around: Around): Promise<void> => {
    for (const item of items) {
      if (item.kind === 'task') await ofTask(item, around);
      if (item.kind === 'meta') mayEnd ||= item.action.startsWith('end_') && !isOut(item, around);
      if (item.kind !== 'block') continue;
      for (const locals of turns(item, scopeOf(item).with('loop', around.outer))) {
        const inside = { ...around, outer: { ...around.outer, ...locals } };
        await ofItems(item.block, { ...inside, rescued: around.rescued || item.rescue.length > 0 });
        await ofItems(item.rescue, { ...inside, sure: false });
        await ofItems(item.always, inside);
      }
    }
  };
  for (const section of play.sections) await ofItems(section, { outer: {}, sure: true, rescued: false });
  return found;
}

interface Around {
  readonly outer: Locals;
  readonly sure: boolean;
  readonly rescued: boolean;
}

type Locals = Turn['locals'];

function turns(looping: Looping, scope: Scope): readonly Locals[] {
  const found = turnsOf(looping, scope);
  return 'status' in found ? [] : found.map(({ locals }) => locals);
}

/** Undefined where it depends on what is not there yet, or is a mistake that its own task will report. */
function foreseeable<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    return ignoreForeseeable(error);
  }
}

function ignoreForeseeable(error: unknown): undefined {
  if (error instanceof UserError || error instanceof NotKnown || error instanceof Problem) return undefined;
  throw error;
}
