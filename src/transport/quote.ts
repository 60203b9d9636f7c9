/** As one word of a shell command, whatever is in it: nothing is special between single quotes but the quote itself. */
export const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** The longest path and the longest argument of a program that Linux takes, in bytes (limits.h, execve(2)). */
const PATH_BYTES = 4095;
const ARGUMENT_BYTES = 131_071;

/** Why a value cannot travel as text; undefined when it can. */
export function badText(value: string): string | undefined {
  if (value.includes('\0')) return 'a NUL byte cannot stand in it';
  return isWellFormed(value) ? undefined : 'half a surrogate pair is no character';
}

/** The same of an argument of a program. */
export const badArgument = (value: string): string | undefined => badText(value) ?? tooLong(value, ARGUMENT_BYTES);

/** The same of an absolute path. */
export function badPath(path: string): string | undefined {
  if (!path.startsWith('/')) return 'a path has to be absolute';
  return badText(path) ?? tooLong(path, PATH_BYTES);
}

/** The same of what a symbolic link says. */
export const badTarget = (target: string): string | undefined =>
  target === '' ? 'a link has to point somewhere' : (badText(target) ?? tooLong(target, PATH_BYTES));

function tooLong(value: string, limit: number): string | undefined {
  const bytes = Buffer.byteLength(value);
  return bytes > limit ? `${bytes} bytes are too long, Linux takes no more than ${limit}` : undefined;
}

/** Without half surrogate pairs, which no encoding has room for. */
export const isWellFormed = (value: string): boolean => !/\p{Surrogate}/u.test(value);
