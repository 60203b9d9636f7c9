/** As one word of a shell command, whatever is in it: nothing is special between single quotes but the quote itself. */
export const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** Why a value cannot travel as a word of a command, a path or an argument of a program; undefined when it can. */
export function unsendable(value: string): string | undefined {
  if (value.includes('\0')) return 'a NUL byte cannot stand in it';
  if (!isWellFormed(value)) return 'half a surrogate pair is no character';
  return undefined;
}

/** The same of a path. */
export function badPath(path: string): string | undefined {
  return path.startsWith('/') ? unsendable(path) : 'a path has to be absolute';
}

/** Without half surrogate pairs, which no encoding has room for. */
export const isWellFormed = (value: string): boolean => !/\p{Surrogate}/u.test(value);
