import { NotKnown } from '../contract/index.ts';
import type { Expression, Loop, Templated } from '../playbook/types.ts';
import { UserError } from '../source/diagnostic.ts';
import { isTemplated, renderNode, renderScalar, type Scope } from '../template/index.ts';
import { firstUnmet } from './judge.ts';
import { type Attempt, shownError } from './outcome.ts';
import { settledPause } from './settle.ts';

/** A task or a block that may be done for each item of something. */
export interface Looping {
  readonly loop?: Loop;
  readonly when: readonly Expression[];
}

/** One turn of a loop. Without a loop there is one, in which nothing is named. */
export interface Turn {
  readonly locals: Readonly<Record<string, unknown>>;
  readonly item?: unknown;
  /** Seconds before it. */
  readonly wait: number;
}

/**
 * The turns to do, or what there is to say where there are none or they cannot be told. A map is gone over by its
 * `{ key, value }` pairs.
 */
export function turnsOf({ loop, when }: Looping, scope: Scope): readonly Turn[] | Attempt {
  if (!loop) return [{ locals: {}, wait: 0 }];
  try {
    const items = itemsOf(renderNode(loop.items, scope));
    if (!items) {
      const message = `loop takes a list or a map, and "${describe(loop)}" is neither`;
      return { status: 'failed', error: { code: 'BadLoop', message } };
    }
    if (items.length === 0) return { status: 'skipped', reason: 'the loop has no items' };
    const pause = settledPause(loop.pause, scope);
    return items.map((item, index) => ({ item, locals: localsOf(loop, item, index), wait: index > 0 ? pause : 0 }));
  } catch (error) {
    return unmetBefore(when, scope) ?? failure(error);
  }
}

const describe = ({ items }: Loop): string => (items.kind === 'scalar' ? String(items.value) : 'it');

function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).map(([key, one]) => ({ key, value: one }));
}

const localsOf = ({ loopVar, indexVar }: Loop, item: unknown, index: number): Record<string, unknown> => ({
  [loopVar]: item,
  ...(indexVar !== undefined && { [indexVar]: index }),
});

/** `when: defined(disks)` also guards `loop: "{{ disks }}"`, as in Ansible. */
function unmetBefore(when: readonly Expression[], scope: Scope): Attempt | undefined {
  try {
    const unmet = firstUnmet(when, scope);
    return unmet?.status === 'skipped' ? unmet : undefined;
  } catch {
    return undefined;
  }
}

/** What keeps something from being tried: it cannot be known yet, or it is a mistake. */
export function failure(error: unknown): Attempt {
  if (error instanceof NotKnown) return { status: 'unknown', reason: error.because };
  return { status: 'failed', error: shownError(error) };
}

/**
 * What can only be foretold may stay unknown. A task that was to act and could not be told fails: the host is not as was
 * asked, and what comes behind it may count on it.
 */
export function decided(came: Attempt, check: boolean): Attempt {
  if (check || came.status !== 'unknown') return came;
  const { reason = 'it is not known', ...rest } = came;
  const message = `it cannot be told what to do here: ${reason}`;
  const hint =
    'in a run that acts everything must be known: look at what it depends on, and at check_mode: true before it';
  return { ...rest, status: 'failed', error: { code: 'NotKnown', message, hint } };
}

/** What a turn is called in reports. */
export const labelOf = (loop: Loop, { item }: Turn, scope: Scope): unknown =>
  loop.label ? renderedOr(loop.label, scope, item) : item;

/** For what is only shown, or comes after the fact: a mistake in it must not hide what was done. */
export function renderedOr(text: Templated, scope: Scope, otherwise: unknown): unknown {
  if (!isTemplated(text)) return text.value;
  try {
    return renderScalar(text, scope);
  } catch (error) {
    if (error instanceof UserError || error instanceof NotKnown) return otherwise;
    throw error;
  }
}

/** A task's name as it is there and then; as it is written where that cannot be told. */
export const titleOf = ({ name }: { readonly name: Templated }, scope: Scope): string =>
  String(renderedOr(name, scope, name.value));
