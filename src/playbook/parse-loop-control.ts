import { type Diagnostic, mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { MapNode, Scalar } from '../source/node.ts';
import { type Reader, seconds, text, variableName } from './readers.ts';
import type { Task } from './types.ts';

const READERS = { label: text, index_var: variableName, loop_var: variableName, pause: seconds };

export function parseLoopControl(map: MapNode | undefined, found: Diagnostic[]): Task['loopControl'] {
  const given: { label?: Scalar; index_var?: string; loop_var?: string; pause?: number } = {};
  for (const { key, keyAt, value } of map?.entries ?? []) {
    const reader: Reader<unknown> | undefined = Object.hasOwn(READERS, key)
      ? READERS[key as keyof typeof READERS]
      : undefined;
    if (reader) Object.assign(given, { [key]: reader(value, key, found) });
    else {
      const hint = didYouMean(key, Object.keys(READERS)) ?? `known are ${Object.keys(READERS).join(', ')}`;
      found.push(mistake('UnknownKeyword', `"${key}" is not part of loop_control`, keyAt, hint));
    }
  }
  const { label, index_var: indexVar, loop_var: loopVar = 'item', pause = 0 } = given;
  return { loopVar, pause, ...(label && { label }), ...(indexVar !== undefined && { indexVar }) };
}
