import { NotKnown } from '../contract/index.ts';
import type { Block, Item, Play, Task } from '../playbook/types.ts';
import { UserError } from '../source/diagnostic.ts';
import { type Scope, test } from '../template/index.ts';
import { paramsOf } from './attempt.ts';
import { findControl } from './control.ts';
import type { Job } from './eyes.ts';
import { type Looping, type Turn, turnsOf } from './loop.ts';

/**
 * What a play's tasks will want to read of a host, as far as that can be told before any of them ran. Whatever is left
 * out here, for any reason, is read when its task comes. `wanted` chooses among tasks: those of one identity.
 */
export async function jobsOf(
  play: Play,
  scopeOf: (item: Task | Block) => Scope,
  wanted: (task: Task, scope: Scope) => boolean,
): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  const ofTask = async (task: Task, outer: Locals): Promise<void> => {
    if (findControl(task.module) || task.delegateTo) return;
    const around = scopeOf(task).with('loop', outer);
    if (!foreseeable(() => wanted(task, around))) return;
    for (const locals of turns(task, around)) {
      const scope = around.with('loop', locals);
      if (foreseeable(() => task.when.some((condition) => test(condition, scope) === false)) !== false) continue;
      const job = await paramsOf(task, scope).catch(ignoreForeseeable);
      if (job) jobs.push(job);
    }
  };
  const ofItems = async (items: readonly Item[], outer: Locals): Promise<void> => {
    for (const item of items) {
      if (item.kind === 'task') await ofTask(item, outer);
      if (item.kind !== 'block') continue;
      for (const locals of turns(item, scopeOf(item).with('loop', outer)))
        for (const part of [item.block, item.rescue, item.always]) await ofItems(part, { ...outer, ...locals });
    }
  };
  for (const section of play.sections) await ofItems(section, {});
  return jobs;
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
  if (error instanceof UserError || error instanceof NotKnown) return undefined;
  throw error;
}
