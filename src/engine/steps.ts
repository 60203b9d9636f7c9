import type { Item, Meta, Play, Task } from '../playbook/types.ts';
import { showAt } from '../source/show-at.ts';
import type { Step } from './events.ts';

/** A play's tasks in the order in which they are printed, with the places where notified handlers run. */
export interface Steps {
  readonly list: readonly Step[];
  /**
   * A task's place, or that of a `meta`, which is printed when it could not be decided; of a block, that of its first task.
   */
  of(item: Item): number;
  /** Where a handler's place is when it is flushed here: after a section (its number) or at a `meta` item. */
  ofHandler(handler: Task, flush: Flush): number;
  /** The first step after this point. */
  after(flush: Flush): number;
}

export type Flush = Item | number;

export function stepsOf(play: Play): Steps {
  const list: Step[] = [];
  const places = new Map<Item, number>();
  const flushes = new Map<Flush, number>();

  const add = (item: Task | Meta, handler: boolean): number => {
    const [name, module] =
      item.kind === 'meta' ? [item.name ?? item.action, 'meta'] : [String(item.name.value), item.module];
    return list.push({ play: play.name, name, module, source: showAt(item.at), handler }) - 1;
  };
  const flushAt = (flush: Flush): void => {
    flushes.set(flush, list.length);
    for (const handler of play.handlers) add(handler, true);
  };
  const walk = (items: readonly Item[]): void => {
    for (const item of items) {
      if (item.kind === 'block') {
        places.set(item, list.length);
        [item.block, item.rescue, item.always].forEach(walk);
      } else places.set(item, add(item, false));
      if (item.kind === 'meta' && item.action === 'flush_handlers') flushAt(item);
    }
  };
  play.sections.forEach((items, section) => {
    walk(items);
    if (isFlushed(play, section)) flushAt(section);
  });

  const start = (flush: Flush): number => {
    const first = flushes.get(flush);
    if (first === undefined) throw new Error('handlers are flushed where no step was made for them');
    return first;
  };
  return {
    list,
    of(item) {
      const step = places.get(item);
      if (step === undefined) throw new Error('no step was made for a task');
      return step;
    },
    ofHandler: (handler, flush) => start(flush) + play.handlers.indexOf(handler),
    after: (flush) => start(flush) + play.handlers.length,
  };
}

/** Handlers that notify earlier ones have these run after the next section, if it is empty or not. */
export const isFlushed = (play: Play, section: number): boolean =>
  play.sections.slice(0, section + 1).some((items) => items.length > 0);

/** Every task of a tree in order, handlers not among them. */
export function* tasksOf(items: readonly Item[]): Generator<Task> {
  for (const item of items) {
    if (item.kind === 'task') yield item;
    else if (item.kind === 'block') for (const part of [item.block, item.rescue, item.always]) yield* tasksOf(part);
  }
}
