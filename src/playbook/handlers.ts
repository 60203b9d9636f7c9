import { type Diagnostic, mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Item, Play, Task } from './types.ts';

/**
 * The handlers that a task notifies by this name, in their order: all that listen to it, and of those that are called so
 * the one of the task's own role, or else of the last role or the play. Where one list has the name twice, its first
 * counts, as with Ansible. `role : name` tells roles apart.
 */
export function handlersFor(
  handlers: readonly Task[],
  task: Task,
  name: string,
  nameOf: (handler: Task) => string = written,
): readonly Task[] {
  const called = handlers.filter((handler) => namesOf(handler, nameOf).includes(name));
  const roleOf = ({ scope }: Task) => scope.role?.path;
  const last = called.at(-1);
  const one =
    called.find((handler) => roleOf(handler) === roleOf(task)) ??
    called.find((handler) => last && roleOf(handler) === roleOf(last));
  return handlers.filter((handler) => handler === one || handler.listen.includes(name));
}

const written = ({ name }: Task): string => String(name.value);

/** A task's name with its role and without. */
export function namesOf(handler: Task, nameOf = written): readonly string[] {
  const full = nameOf(handler);
  const { role } = handler.scope;
  return role ? [full, full.slice(`${role.name} : `.length)] : [full];
}

/** Names that are notified and that no handler of the play has or listens to. Templates are not looked into. */
export function checkNotify(play: Play): readonly Diagnostic[] {
  const { handlers } = play;
  const known = handlers.flatMap((handler) => [...namesOf(handler), ...handler.listen]);
  if (known.some((name) => name.includes('{{'))) return [];
  const tasks = [...play.sections.flatMap(tasksOf), ...handlers];
  return tasks.flatMap((task) =>
    task.notify.flatMap((notified) => {
      const name = String(notified.value);
      if (name.includes('{{') || handlersFor(handlers, task, name).length > 0) return [];
      const message = `no handler of this play is called "${name}" or listens to it`;
      return [
        mistake(
          'UnknownHandler',
          message,
          notified.at,
          didYouMean(name, known) ?? 'handlers stand under "handlers" of the play, or in the role',
        ),
      ];
    }),
  );
}

function tasksOf(items: readonly Item[]): readonly Task[] {
  return items.flatMap((item) => {
    if (item.kind === 'task') return [item];
    return item.kind === 'block' ? [item.block, item.rescue, item.always].flatMap(tasksOf) : [];
  });
}
