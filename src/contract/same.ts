import { isDeepStrictEqual } from 'node:util';
import type { Module } from './module.ts';
import type { Probe } from './probe.ts';
import type { Reading } from './reading.ts';

/** Whether two readings of a probe mean the same: texts as the module has it (else trimmed), all else as data. */
export function sameReading(module: Pick<Module, 'same'>, probe: Probe, a: Reading, b: Reading): boolean {
  if (a.is === 'text' && b.is === 'text')
    return a.text.trim() === b.text.trim() || (module.same?.(probe, a.text, b.text) ?? false);
  return isDeepStrictEqual(a, b);
}
