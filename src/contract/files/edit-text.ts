import type { Plan } from '../change.ts';
import { planOf } from '../change.ts';
import { file, type Probes, stat } from '../probe.ts';
import { Problem } from '../problem.ts';
import type { Seen } from '../seen.ts';
import { parentOf, placeOf, placeProbes, statName } from './place.ts';
import { contentName, requireParent, type WantedFile, writeFile } from './write.ts';

/** A file of lines that is edited in its place; a link is followed to what it leads to. */
export interface Edited extends Omit<WantedFile, 'path' | 'content'> {
  readonly path: string;
  /** Whether to make it where it is not there. */
  readonly create: boolean;
}

export function editProbes({ path }: Pick<Edited, 'path'>, seen: Seen): Probes {
  const real = placeOf(path, seen)?.path ?? path;
  return {
    ...placeProbes(path, seen),
    [contentName(path)]: file(path),
    [contentName(real)]: file(real),
    [statName(real)]: stat(real),
    [statName(parentOf(real))]: stat(parentOf(real)),
  };
}

/** What an edit makes of a text, and what the task says of it. `undefined`: there is no file. */
export type Edit = (text: string | undefined) => { readonly text: string | undefined; readonly msg: string };

/**
 * The change that edits a file. Bytes that are no UTF-8 stay as they are: such a file is edited as Latin-1, and the words of the edit
 * have to be put into it as the bytes that they are (`bytes`).
 */
export function editText(seen: Seen, edited: Edited, edit: (inBytes: boolean) => Edit): Plan {
  const place = placeOf(edited.path, seen);
  if (!place) throw new Error(`${edited.path} was not read`);
  const { path } = place;
  if (place.stat?.type === 'dir') throw new Problem('NotAFile', `${path} is a directory`);
  const before = seen.raw(contentName(path));
  const inBytes = before.is === 'bytes';
  const now = inBytes ? Buffer.from(before.base64, 'base64').toString('latin1') : seen.text(contentName(path));
  const { text, msg } = edit(inBytes)(now);
  if (text === undefined) return { ...planOf([]), values: { msg } };
  if (now === undefined && !edited.create) {
    seen.missing(statName(path));
    throw new Problem('NoFile', `there is no file ${path}`, 'create: true makes it');
  }
  if (now === undefined) requireParent(seen, path);
  const content = inBytes ? { base64: Buffer.from(text, 'latin1').toString('base64') } : text;
  const { changes, backupFile } = writeFile(seen, { ...edited, path, content });
  return {
    ...planOf(changes),
    values: { msg, ...(backupFile !== undefined && { backup: backupFile, backup_file: backupFile }) },
  };
}

/** A text's lines, each with the newline at its end. */
export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
