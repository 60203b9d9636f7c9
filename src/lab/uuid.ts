import { createHash } from 'node:crypto';

/** The same one for the same words. */
export function uuidOf(words: string): string {
  const digits = createHash('sha256').update(words).digest('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
