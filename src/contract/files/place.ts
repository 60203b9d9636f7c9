import { link, type Probes, stat } from '../probe.ts';
import { Problem } from '../problem.ts';
import type { Stat } from '../reading.ts';
import type { Seen } from '../seen.ts';

/** The kernel follows no more. */
const MAX_LINKS = 6;

/** What stands where a path leads to, links at its end followed. */
export interface Place {
  readonly path: string;
  readonly stat: Stat | undefined;
}

export const statName = (path: string): string => `stat of ${path}`;
export const linkName = (path: string): string => `link ${path}`;
export const dirName = (path: string): string => `names in ${path}`;

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** What to read to know where a path leads to. */
export function placeProbes(path: string, seen: Seen, hops = 0): Probes {
  const own: Probes = { [statName(path)]: stat(path) };
  if (!seen.has(statName(path)) || seen.stat(statName(path))?.type !== 'link' || hops > MAX_LINKS) return own;
  const name = linkName(path);
  const next = seen.has(name) ? seen.text(name) : undefined;
  return { ...own, [name]: link(path), ...(next !== undefined && placeProbes(resolved(path, next), seen, hops + 1)) };
}

/** Undefined until all of it has been read. Throws `Problem` Loop. */
export function placeOf(path: string, seen: Seen, hops = 0): Place | undefined {
  if (!seen.has(statName(path))) return undefined;
  const now = seen.stat(statName(path));
  if (now?.type !== 'link') return { path, stat: now };
  if (hops > MAX_LINKS) throw new Problem('Loop', `${path}: too many symbolic links`);
  const name = linkName(path);
  const target = seen.has(name) ? seen.text(name) : undefined;
  return target === undefined ? undefined : placeOf(resolved(path, target), seen, hops + 1);
}

/** Where a link's words lead to from its own directory; `..` is left to the kernel. */
export const resolved = (path: string, target: string): string =>
  target.startsWith('/') ? target : `${parentOf(path) === '/' ? '' : parentOf(path)}/${target}`;
