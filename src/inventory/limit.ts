import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { mistake, UserError } from '../source/diagnostic.ts';
import { splitPattern } from './patterns.ts';
import { strip } from './python-text.ts';

/** The patterns of `--limit`: split as any, and from `@FILE` one of each line. Throws `UserError` (`BadLimit`). */
export const limitPatterns = (limit: string, cwd: string): string[] =>
  splitPattern(limit).flatMap((part) => (part.startsWith('@') ? fromFile(part.slice(1), cwd) : [part]));

function fromFile(name: string, cwd: string): string[] {
  const path = resolve(cwd, name);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) {
    const why = stat ? 'is no regular file' : 'does not exist';
    throw new UserError([
      mistake('BadLimit', `${name}, which --limit names, ${why}`, undefined, 'it holds one pattern on each line'),
    ]);
  }
  return readFileSync(path, 'utf8').split('\n').map(strip);
}
