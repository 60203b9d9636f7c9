import type { Expression, Task } from '../playbook/types.ts';
import { isUnknown, type Scope, test, type Unknown } from '../template/index.ts';
import { registeredOf } from './attempt.ts';
import type { Attempt } from './outcome.ts';

/** Why a task is not to be done, or cannot be known to be; undefined where all its conditions hold. */
export function firstUnmet(conditions: readonly Expression[], scope: Scope): Attempt | undefined {
  let doubt: Unknown | undefined;
  for (const condition of conditions) {
    const met = test(condition, scope);
    if (met === false) return { status: 'skipped', reason: `when: ${condition.value}` };
    if (isUnknown(met)) doubt ??= met;
  }
  return doubt && { status: 'unknown', reason: doubt.because };
}

/** `failed_when` and `changed_when` have the last word on what was done; not on what could not be. */
export function judge(task: Task, scopeWith: (registered: Record<string, unknown>) => Scope, came: Attempt): Attempt {
  if (came.status === 'unreachable' || came.status === 'unknown' || came.status === 'skipped') return came;
  const scope = scopeWith(registeredOf(came));
  const failed = allHold(task.failedWhen, scope);
  if (isUnknown(failed)) return { ...came, status: 'unknown', reason: failed.because };
  if (failed === true) {
    const message = `failed_when: ${task.failedWhen.map(({ value }) => value).join(' and ')}`;
    return { ...came, status: 'failed', error: { code: 'FailedWhen', message } };
  }
  if (came.status === 'failed' && task.failedWhen.length === 0) return came;
  const { error: _, ...fine } = came;
  const changed = allHold(task.changedWhen, scope);
  if (isUnknown(changed)) return { ...fine, status: 'unknown', reason: changed.because };
  if (task.changedWhen.length > 0) return { ...fine, status: changed ? 'changed' : 'ok' };
  return {
    ...fine,
    status: came.plan && came.plan.changes.length > 0 ? 'changed' : came.status === 'failed' ? 'ok' : came.status,
  };
}

/** Whether all hold; a list without conditions does not. */
function allHold(conditions: readonly Expression[], scope: Scope): boolean | Unknown {
  if (conditions.length === 0) return false;
  const answers = conditions.map((condition) => test(condition, scope));
  if (answers.includes(false)) return false;
  return answers.find(isUnknown) ?? true;
}
