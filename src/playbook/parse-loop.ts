import { mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { MapNode, Scalar } from '../source/node.ts';
import { checkLone, type Given } from './keywords.ts';
import type { Loader } from './loader.ts';
import { orTemplate, type Reader, seconds, text, variableName } from './readers.ts';
import type { Loop, OrTemplate } from './types.ts';

const READERS = { label: text, index_var: variableName, loop_var: variableName, pause: orTemplate(seconds) };
/** What Ansible has beside these. */
const OTHERS: Readonly<Record<string, string>> = {
  extended: 'use index_var for the number of the item, and length for how many there are',
};
/** Names, which must be known before any host is. */
const EARLY = ['index_var', 'loop_var'];

/** `loop` and `loop_control` of a task or a block; undefined where it has no loop. */
export function parseLoop(
  given: Given,
  map: MapNode,
  { found, early }: Pick<Loader, 'found' | 'early'>,
): Loop | undefined {
  checkLone(given, map, 'loop_control', 'loop', found);
  const control: { label?: Scalar; index_var?: string; loop_var?: string; pause?: OrTemplate<number> } = {};
  for (const { key, keyAt, value } of given.loop_control?.entries ?? []) {
    const reader: Reader<unknown> | undefined = Object.hasOwn(READERS, key)
      ? READERS[key as keyof typeof READERS]
      : undefined;
    if (reader) {
      const node = EARLY.includes(key) ? early(value) : value;
      if (node) Object.assign(control, { [key]: reader(node, key, found) });
    } else {
      const hint =
        OTHERS[key] ?? didYouMean(key, Object.keys(READERS)) ?? `known are ${Object.keys(READERS).join(', ')}`;
      found.push(mistake('UnknownKeyword', `"${key}" is not part of loop_control`, keyAt, hint));
    }
  }
  if (!given.loop) return undefined;
  const { label, index_var: indexVar, loop_var: loopVar = 'item', pause = 0 } = control;
  return { items: given.loop, loopVar, pause, ...(label && { label }), ...(indexVar !== undefined && { indexVar }) };
}
