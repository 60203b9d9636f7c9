import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { posix } from 'node:path';
import { expanded, FileError, type HostFiles } from '../laws/fake-files.ts';

/** The files below a directory that is a host's root. Links are followed inside it, so that no path leaves it. */
export function treeFiles(root: string): HostFiles {
  /** Where a path of the host is, with `..` above where links lead; the last part need not exist. */
  function at(path: string, followLast = true, hops = 0): string {
    if (hops > 40) throw new FileError('ELOOP', `${path}: Too many levels of symbolic links`);
    let here = '/';
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    for (const [index, part] of parts.entries()) {
      const next = part === '..' ? posix.dirname(here) : posix.join(here, part);
      const rest = parts.slice(index + 1);
      if (is(root + next) === 'link' && (rest.length > 0 || followLast)) {
        const to = readlinkSync(root + next);
        return at([to.startsWith('/') ? '' : here, to, ...rest].join('/'), followLast, hops + 1);
      }
      here = next;
    }
    return root + here;
  }

  const read = (path: string): Buffer | undefined => {
    const real = at(path);
    if (is(real) === 'dir') throw new FileError('EISDIR', `${path}: Is a directory`);
    return is(real) === 'file' ? readFileSync(real) : undefined;
  };
  const write = (path: string, content: Buffer): void => {
    const real = at(path);
    if (is(real) === 'dir') throw new FileError('EISDIR', `${path}: Is a directory`);
    if (is(posix.dirname(real)) !== 'dir') throw new FileError('ENOENT', `${path}: No such file or directory`);
    writeFileSync(real, content);
  };
  const link = (path: string, to: string): void => {
    const real = at(path, false);
    if (is(real) === 'dir') throw new FileError('EISDIR', `${path}: Is a directory`);
    rmSync(real, { force: true });
    symlinkSync(to, real);
  };
  const names = (path: string): string[] | undefined => {
    const real = at(path);
    return is(real) === 'dir' ? readdirSync(real).sort() : undefined;
  };

  return {
    read,
    write,
    link,
    names,
    put(path, content) {
      mkdirSync(posix.dirname(at(path, false)), { recursive: true });
      if (typeof content === 'string') write(path, Buffer.from(content));
      else if ('text' in content) write(path, Buffer.from(content.text));
      else if ('link' in content) link(path, content.link);
      else if ('base64' in content) write(path, Buffer.from(content.base64, 'base64'));
      else if ('dir' in content) mkdirSync(at(path), { recursive: true });
      else throw new FileError('EACCES', content.refused);
    },
    remove(path) {
      const real = at(path, false);
      if (is(real) === 'dir' && readdirSync(real).length > 0)
        throw new FileError('ENOTEMPTY', `${path}: Directory not empty`);
      rmSync(real, { recursive: true, force: true });
    },
    glob: (pattern) => expanded(pattern, names).filter((path) => is(at(path)) === 'file'),
    stat(path) {
      const found = lstatSync(at(path, false), { throwIfNoEntry: false });
      if (!found) return undefined;
      const type = found.isDirectory() ? 'dir' : found.isSymbolicLink() ? 'link' : 'file';
      const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
      return { type, mode, owner: 'root', group: 'root', size: found.size };
    },
    target(path) {
      const real = at(path, false);
      return is(real) === 'link' ? readlinkSync(real) : undefined;
    },
  };
}

function is(real: string): 'file' | 'dir' | 'link' | undefined {
  const found = lstatSync(real, { throwIfNoEntry: false });
  if (!found) return undefined;
  return found.isSymbolicLink() ? 'link' : found.isDirectory() ? 'dir' : 'file';
}
