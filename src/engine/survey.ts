import { NotKnown } from '../contract/index.ts';
import type { Play, Task } from '../playbook/types.ts';
import { UserError } from '../source/diagnostic.ts';
import { renderNode, type Scope, test } from '../template/index.ts';
import { paramsOf } from './attempt.ts';
import { findControl } from './control.ts';
import type { Job } from './eyes.ts';
import { tasksOf } from './steps.ts';

/**
 * What a play's tasks will want to read of a host, as far as that can be told before any of them ran. Whatever is left
 * out here, for any reason, is read when its task comes. `wanted` chooses among tasks: those of one identity.
 */
export async function jobsOf(
  play: Play,
  scopeOf: (task: Task) => Scope,
  wanted: (task: Task, scope: Scope) => boolean,
): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const task of play.sections.flatMap((items) => [...tasksOf(items)])) {
    if (findControl(task.module) || task.delegateTo) continue;
    if (!foreseeable(() => wanted(task, scopeOf(task)))) continue;
    for (const scope of foreseeable(() => scopesOf(task, scopeOf(task))) ?? []) {
      if (foreseeable(() => task.when.some((condition) => test(condition, scope) === false)) !== false) continue;
      const job = await paramsOf(task, scope).catch(ignoreForeseeable);
      if (job) jobs.push(job);
    }
  }
  return jobs;
}

function scopesOf(task: Task, scope: Scope): readonly Scope[] {
  if (!task.loop) return [scope];
  const items = renderNode(task.loop, scope);
  return Array.isArray(items) ? items.map((item) => scope.with('loop', { [task.loopControl.loopVar]: item })) : [];
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
