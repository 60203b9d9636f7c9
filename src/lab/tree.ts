import {
  closeSync,
  type Dirent,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Differences } from './distribution.ts';
import type { Entry, Machine } from './machine.ts';

/** A machine made ready to be written out many times: every directory, parents first, with what stands in it by name. */
export type Layout = ReadonlyMap<string, ReadonlyMap<string, Node>>;
type Node =
  | { readonly is: 'dir' }
  | { readonly is: 'link'; readonly to: string }
  | { readonly is: 'file'; bytes: Buffer };

/** What a host needs to be worked on, whatever the capture left out. */
const ALWAYS = ['etc/sysctl.d', 'etc/tmpfiles.d', 'root', 'run', 'tmp', 'var/tmp'];
const MODE = 0o644;

/** `own` is what one host has otherwise than the machine, by path; null takes away. */
export function layoutOf(machine: Machine, own: Differences = {}): Layout {
  const dirs = new Map<string, Map<string, Node>>();
  const dir = (path: string): Map<string, Node> => {
    const there = dirs.get(path);
    if (there) return there;
    if (path !== '.') put(path, { is: 'dir' });
    const made = new Map<string, Node>();
    dirs.set(path, made);
    return made;
  };
  const put = (path: string, node: Node): void => {
    const parent = dir(dirname(path));
    const name = path.slice(path.lastIndexOf('/') + 1);
    // A folder that is a link too would lead what is laid, and what is cleared away, out of the tree.
    if (parent.has(name)) throw new Error(`a captured machine has things below ${path}, which is no folder`);
    parent.set(name, node);
  };
  const entries = new Map<string, Entry>();
  for (const [given, entry] of [...Object.entries(machine), ...Object.entries(own)]) {
    const path = given.replace(/^\/+/, '');
    if (entry === null) entries.delete(path);
    else entries.set(path, entry);
  }
  for (const [path, entry] of entries) {
    if (path.split('/').includes('..')) throw new Error(`a captured machine names ${path}, outside its root`);
    if (typeof entry === 'string') put(path, { is: 'file', bytes: Buffer.from(entry) });
    else if ('link' in entry) put(path, { is: 'link', to: entry.link });
    else dir(path);
  }
  for (const path of ALWAYS) if (!entries.has(path) && !entries.has(dirname(path))) dir(path);
  return dirs;
}

/**
 * Makes the tree below `root` what the layout says, and touches only what is otherwise: ext4 takes seconds to give out
 * inodes again that were freed within the last minutes, so a tree is mended and not made anew. Every file is the host's
 * own: knobs are written in place, so a hard link would reach into the other hosts. Synchronous on purpose: a handful of
 * system calls a file take a fraction of the time of their asynchronous forms.
 */
export function layTree(root: string, layout: Layout): void {
  mkdirSync(root, { recursive: true });
  for (const [dir, wanted] of layout) {
    const folder = join(root, dir);
    const there = new Map(readdirSync(folder, { withFileTypes: true }).map((entry) => [entry.name, entry]));
    for (const [name, entry] of there)
      if (!isLike(entry, wanted.get(name))) {
        rmSync(join(folder, name), { recursive: true, force: true });
        there.delete(name);
      }
    for (const [name, node] of wanted) mend(join(folder, name), node, there.has(name));
  }
}

function isLike(entry: Dirent, node: Node | undefined): boolean {
  if (node?.is === 'file') return entry.isFile();
  return node?.is === 'dir' ? entry.isDirectory() : node?.is === 'link' && entry.isSymbolicLink();
}

function mend(path: string, node: Node, there: boolean): void {
  if (node.is === 'dir') {
    if (!there) mkdirSync(path);
  } else if (node.is === 'link') {
    if (there && readlinkSync(path) === node.to) return;
    if (there) rmSync(path);
    symlinkSync(node.to, path);
  } else mendFile(path, node.bytes, there);
}

function mendFile(path: string, bytes: Buffer, there: boolean): void {
  const file = openSync(path, there ? 'r+' : 'wx+', MODE);
  try {
    if (there) {
      const { mode, size } = fstatSync(file);
      if ((mode & 0o777) !== MODE) fchmodSync(file, MODE);
      const now = Buffer.alloc(bytes.length);
      if (size === bytes.length && readSync(file, now, 0, size, 0) === size && now.equals(bytes)) return;
      ftruncateSync(file);
    }
    writeSync(file, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(file);
  }
}
