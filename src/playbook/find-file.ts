import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';

/** The first of the directories in which there is this file, or a mistake that names what is there instead. */
export function findFile(
  name: string,
  directories: readonly string[],
  at: Position,
  found: Diagnostic[],
): string | undefined {
  const candidates = isAbsolute(name) ? [name] : directories.map((directory) => join(directory, name));
  const there = candidates.find((path) => existsSync(path));
  if (there !== undefined) return there;
  const siblings = candidates.flatMap((path) => namesIn(dirname(path)));
  const looked = candidates.length > 1 ? `, looked for in ${directories.join(', ')}` : '';
  const first = candidates[0] ?? name;
  const message = `there is no file ${candidates.length > 1 ? name : first}${looked}`;
  found.push(
    mistake(
      'FileNotFound',
      message,
      at,
      didYouMean(basename(name), siblings) ?? 'a path is relative to the file that names it',
    ),
  );
  return undefined;
}

export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
