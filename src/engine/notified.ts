import { handlersFor } from '../playbook/handlers.ts';
import type { Task } from '../playbook/types.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Scope } from '../template/index.ts';
import { firstUnmet } from './judge.ts';
import { titleOf } from './loop.ts';
import { settledNames } from './settle.ts';

/** Where it cannot be told, for instance before a loop's item is known, the task itself says so. */
function isSkipped({ when }: Task, scope: Scope): boolean {
  try {
    return firstUnmet(when, scope)?.status === 'skipped';
  } catch {
    return false;
  }
}

/**
 * The handlers that a task notifies once it has changed something, each once, whatever number of names it was notified by.
 * Throws `UserError`: `UnknownHandler`.
 */
export function notifiedBy(task: Task, scopeOf: (item: Task) => Scope, handlers: readonly Task[]): readonly Task[] {
  if (task.notify.length === 0) return [];
  const scope = scopeOf(task);
  if (isSkipped(task, scope)) return [];
  const nameOf = (handler: Task) => titleOf(handler, scopeOf(handler));
  const found = task.notify.flatMap((written) =>
    settledNames(written, scope).flatMap((name) => {
      const named = handlersFor(handlers, task, name, nameOf);
      if (named.length > 0) return named;
      const hint =
        didYouMean(name, handlers.map(nameOf)) ?? 'handlers stand under "handlers" of the play, or in the role';
      throw new UserError([
        mistake('UnknownHandler', `no handler is called "${name}" or listens to it`, written.at, hint),
      ]);
    }),
  );
  return [...new Set(found)];
}
