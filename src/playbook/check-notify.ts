import { type Diagnostic, mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Item, Play, Task } from './types.ts';

/** Names that are notified and that no handler of the play has or listens to. Templates are not looked into. */
export function checkNotify(play: Play): readonly Diagnostic[] {
  const known = new Set(play.handlers.flatMap(({ name, listen }) => [String(name.value), ...listen]));
  const templated = [...known].some((name) => name.includes('{{'));
  const tasks = [...play.sections.flatMap(tasksOf), ...play.handlers];
  return tasks.flatMap((task) =>
    task.notify.flatMap((notified) => {
      const name = String(notified.value);
      if (known.has(name) || name.includes('{{') || templated) return [];
      const message = `no handler of this play is called "${name}" or listens to it`;
      return [mistake('UnknownHandler', message, notified.at, didYouMean(name, known))];
    }),
  );
}

function tasksOf(items: readonly Item[]): readonly Task[] {
  return items.flatMap((item) => {
    if (item.kind === 'task') return [item];
    return item.kind === 'block' ? [item.block, item.rescue, item.always].flatMap(tasksOf) : [];
  });
}
