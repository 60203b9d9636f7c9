import type { Seen } from '../contract/index.ts';

/** What a file says. Containers refuse what others have not: what may not be read is not told. */
export const told = (seen: Seen, name: string): string | undefined =>
  seen.raw(name).is === 'refused' ? undefined : seen.text(name);

/** A glob's files; none where it was not asked for. */
export const filesOf = (seen: Seen, name: string): ReadonlyMap<string, string> =>
  seen.has(name) ? seen.files(name) : new Map();
