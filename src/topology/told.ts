import { type CpuSet, parseCpuMask, parseCpuSet, type Seen } from '../contract/index.ts';

/** What a file says. Containers refuse what others have not: what may not be read is not told. */
export const told = (seen: Seen, name: string): string | undefined =>
  seen.raw(name).is === 'refused' ? undefined : seen.text(name);

/** A glob's files; none where it was not asked for. */
export const filesOf = (seen: Seen, name: string): ReadonlyMap<string, string> =>
  seen.has(name) ? seen.files(name) : new Map();

/** A file's set of CPUs or nodes. Old kernels write a NUL after it; an empty one may be blank or read `(null)`. */
export const toldList = (content: string): CpuSet => parseCpuSet(bare(content));

/** The same of a file that holds a mask. */
export function toldMask(content: string): CpuSet {
  const mask = bare(content);
  return mask === '' ? [] : parseCpuMask(mask);
}

const bare = (content: string): string => content.replace(/\(null\)|\0/g, '').trim();
