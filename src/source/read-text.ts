import { readFileSync } from 'node:fs';
import { decodeText } from './decode.ts';
import { mistake, type Position, UserError } from './diagnostic.ts';

/** A file of the user's as text. Throws `UserError`: `FileNotFound`, `FileUnreadable`, `NotText`. `at` is where it is named. */
export function readText(file: string, at?: Position): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new UserError([mistake('FileNotFound', `there is no file ${file}`, at, 'look at the path and the folder')]);
    throw new UserError([mistake('FileUnreadable', `cannot read ${file}: ${message}`, at, 'look at its permissions')]);
  }
  return decodeText(bytes, file);
}
