import { posix } from 'node:path';
import picomatch from 'picomatch';
import type { Shown, Stat } from '../contract/index.ts';

export interface Owned {
  mode: string;
  owner: string;
  group: string;
}

type Entry = Owned &
  ({ type: 'file'; content: Buffer; refused?: string } | { type: 'dir' } | { type: 'link'; to: string });

/** What a test puts at a path. */
export type Content = Shown | { readonly dir: true } | { readonly base64: string } | { readonly refused: string };

export class FileError extends Error {
  readonly errno: string;
  constructor(errno: string, message: string) {
    super(message);
    this.errno = errno;
  }
}

const ROOT = { owner: 'root', group: 'root' };

/** A file tree in memory, with symbolic links anywhere in a path. Paths are absolute. */
export function fakeFiles() {
  const entries = new Map<string, Entry>([['/', { type: 'dir', mode: '0755', ...ROOT }]]);
  const listings = new Map<string, Set<string>>();

  function enter(path: string, entry: Entry): void {
    entries.set(path, entry);
    const parent = posix.dirname(path);
    listings.set(parent, (listings.get(parent) ?? new Set()).add(posix.basename(path)));
  }

  /** The path with its links followed, `..` being above where they lead; the last part need not exist. */
  function resolve(path: string, followLast = true, hops = 0): string {
    if (hops > 40) throw new FileError('ELOOP', `${path}: Too many levels of symbolic links`);
    let at = '/';
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    for (const [index, part] of parts.entries()) {
      const here = part === '..' ? posix.dirname(at) : posix.join(at, part);
      const entry = entries.get(here);
      const rest = parts.slice(index + 1);
      if (entry?.type === 'link' && (rest.length > 0 || followLast))
        return resolve([entry.to.startsWith('/') ? '' : at, entry.to, ...rest].join('/'), followLast, hops + 1);
      at = here;
    }
    return at;
  }

  function mkdir(path: string, mode = '0755'): void {
    const at = resolve(path);
    const there = entries.get(at);
    if (there?.type === 'dir') return;
    if (there) throw new FileError('EEXIST', `${path}: File exists`);
    mkdir(posix.dirname(at));
    enter(at, { type: 'dir', mode, ...ROOT });
  }

  function put(path: string, content: Content): void {
    mkdir(posix.dirname(path));
    if (typeof content === 'string') write(path, Buffer.from(content));
    else if ('text' in content) write(path, Buffer.from(content.text), { mode: content.mode });
    else if ('dir' in content) mkdir(path);
    else if ('link' in content) link(path, content.link);
    else if ('base64' in content) write(path, Buffer.from(content.base64, 'base64'));
    else {
      write(path, Buffer.alloc(0));
      const file = entries.get(resolve(path));
      if (file?.type === 'file') file.refused = content.refused;
    }
  }

  function write(path: string, content: Buffer, owned: Partial<Owned> = {}): void {
    const at = resolve(path);
    const was = entries.get(at);
    if (was?.type === 'dir') throw new FileError('EISDIR', `${path}: Is a directory`);
    if (entries.get(posix.dirname(at))?.type !== 'dir')
      throw new FileError('ENOENT', `${path}: No such file or directory`);
    const { mode, owner, group } = { mode: '0644', ...ROOT, ...was, ...owned };
    enter(at, { type: 'file', content, mode, owner, group });
  }

  function link(path: string, to: string): void {
    const at = resolve(path, false);
    if (entries.get(at)?.type === 'dir') throw new FileError('EISDIR', `${path}: Is a directory`);
    enter(at, { type: 'link', to, mode: '0777', ...ROOT });
  }

  function remove(path: string): void {
    const at = resolve(path, false);
    if (names(at)?.length && entries.get(at)?.type === 'dir')
      throw new FileError('ENOTEMPTY', `${path}: Directory not empty`);
    entries.delete(at);
    listings.get(posix.dirname(at))?.delete(posix.basename(at));
  }

  function own(path: string, owned: Partial<Owned>): void {
    const entry = entries.get(resolve(path));
    if (!entry) throw new FileError('ENOENT', `${path}: No such file or directory`);
    Object.assign(entry, owned);
  }

  /** A regular file's bytes; undefined where there is none. */
  function read(path: string): Buffer | undefined {
    const entry = entries.get(resolve(path));
    if (!entry) return undefined;
    if (entry.type !== 'file') throw new FileError('EISDIR', `${path}: Is a directory`);
    if (entry.refused !== undefined) throw new FileError('EACCES', entry.refused);
    return entry.content;
  }

  function names(path: string): string[] | undefined {
    const at = resolve(path);
    if (entries.get(at)?.type !== 'dir') return undefined;
    return [...(listings.get(at) ?? [])].sort();
  }

  const glob = (pattern: string): string[] =>
    expanded(pattern, names).filter((path) => entries.get(resolve(path))?.type === 'file');

  function stat(path: string): Stat | undefined {
    const entry = entries.get(resolve(path, false));
    if (!entry) return undefined;
    const { type, mode, owner, group } = entry;
    return { type, mode, owner, group, size: sizeOf(path, entry) };
  }

  function target(path: string): string | undefined {
    const entry = entries.get(resolve(path, false));
    if (entry && entry.type !== 'link') throw new FileError('EINVAL', `${path}: Invalid argument`);
    return entry?.to;
  }

  /** Everything that stands in it, for comparing one moment with another. */
  function snapshot(): Record<string, string> {
    const shown = [...entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, entry]) => {
        const { mode, owner, group } = entry;
        const what = entry.type === 'file' ? entry.content.toString() : entry.type === 'link' ? `→ ${entry.to}` : 'dir';
        return [path, `${mode} ${owner}:${group} ${what}`];
      });
    return Object.fromEntries(shown);
  }

  return { put, read, write, mkdir, link, remove, own, names, glob, stat, target, snapshot };
}

export type FakeFiles = ReturnType<typeof fakeFiles>;

/** As much of a host's files as its commands and its kernel need, be they in memory or in a folder. */
export type HostFiles = Pick<
  FakeFiles,
  'put' | 'read' | 'write' | 'link' | 'remove' | 'names' | 'glob' | 'stat' | 'target'
>;

/** What matches a shell pattern, part by part, as the shell does. */
export function expanded(pattern: string, names: (path: string) => string[] | undefined): string[] {
  let found = [''];
  for (const part of pattern.split('/').filter(Boolean)) {
    const matches = matcher(part);
    found = found.flatMap((at) => {
      const all = names(at || '/');
      if (part === '..') return all ? [`${at}/..`] : [];
      return (all ?? []).filter((name) => matches(name)).map((name) => `${at}/${name}`);
    });
  }
  return found.sort();
}

/** Kernel files do not tell how much is in them. */
function sizeOf(path: string, entry: Entry): number {
  if (entry.type !== 'file' || path.startsWith('/proc/')) return 0;
  return path.startsWith('/sys/') ? 4096 : entry.content.length;
}

const matchers = new Map<string, (name: string) => boolean>();

/** One part of a shell pattern, compiled once. */
function matcher(part: string): (name: string) => boolean {
  const known = matchers.get(part);
  if (known) return known;
  const made = picomatch(part, { nobrace: true, noextglob: true, noglobstar: true, nonegate: true });
  matchers.set(part, made);
  return made;
}
