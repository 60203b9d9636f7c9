import { isDeepStrictEqual } from 'node:util';
import type { Module } from './module.ts';
import { memberProbe, type Probe } from './probe.ts';
import { ABSENT, type Reading, type Stat } from './reading.ts';

/**
 * Whether two readings of a probe mean the same: texts, and what commands of like status print, as the module has it (else
 * trimmed); a glob's matches one by one; all else as data.
 */
export function sameReading(
  module: Pick<Module, 'same' | 'ignoresStatus'>,
  probe: Probe,
  a: Reading,
  b: Reading,
): boolean {
  const alike = (one: string, other: string) =>
    one.trim() === other.trim() || (module.same?.(probe, one, other) ?? false);
  if (a.is === 'text' && b.is === 'text') return alike(a.text, b.text);
  if (a.is === 'output' && b.is === 'output')
    return (a.status === b.status || module.ignoresStatus === true) && alike(a.stdout, b.stdout);
  if (a.is === 'files' && b.is === 'files') {
    const there = b.files;
    const paths = Object.keys(a.files);
    const one = (path: string) =>
      sameReading(module, memberProbe(probe, path), a.files[path] ?? ABSENT, there[path] ?? ABSENT);
    return paths.length === Object.keys(there).length && paths.every(one);
  }
  if (a.is === 'absent' && b.is === 'absent') return true;
  if (a.is === 'stat' && b.is === 'stat') return isDeepStrictEqual(looks(a.stat), looks(b.stat));
  return isDeepStrictEqual(a, b);
}

/** The size of a file is that of its content; of anything else it means nothing. */
const looks = (stat: Stat): Stat => (stat.type === 'file' ? stat : { ...stat, size: 0 });
