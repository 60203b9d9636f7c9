import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Source, sha256Of, type TreeEntry } from '../contract/index.ts';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';

/** More is not meant to be looked at file by file: it belongs into an archive or a package. Size in bytes. */
const MOST_ENTRIES = 1000;
const MOST_BYTES = 256 << 20;

/**
 * A directory of the control node with all that is below it, links followed, in order of names. `written` is how it was asked for:
 * with a slash behind it its content alone is meant. Throws `UserError`: TreeTooLarge, NotAFile, LinkLoop.
 */
export async function treeSource(
  path: string,
  written: string,
  at: Position,
  read: (path: string) => Promise<Source>,
): Promise<Source> {
  const tree: TreeEntry[] = [];
  let size = 0;
  const walk = async (inside: string, around: readonly string[]): Promise<void> => {
    for (const name of readdirSync(join(path, inside)).sort()) {
      const own = inside === '' ? name : `${inside}/${name}`;
      const full = join(path, own);
      const stat = statOf(full, at);
      size += stat.isFile() ? stat.size : 0;
      if (tree.length >= MOST_ENTRIES || size > MOST_BYTES) throw tooLarge(path, at);
      if (stat.isDirectory()) {
        const real = realpathSync(full);
        if (around.includes(real))
          throw refused('LinkLoop', `${full} is a link to a directory above it`, at, 'take the link out');
        tree.push({ path: own });
        await walk(own, [...around, real]);
      } else if (stat.isFile()) tree.push({ path: own, file: await read(full) });
      else throw refused('NotAFile', `${full} is neither a file nor a directory`, at, 'take it out of the directory');
    }
  };
  await walk('', [realpathSync(path)]);
  const listed = tree.map((one) => [one.path, one.file?.sha256]);
  const secret = tree.some(({ file }) => file?.secret);
  return {
    name: written.endsWith('/') ? '' : basename(path),
    path,
    size,
    sha256: sha256Of(JSON.stringify(listed)),
    tree,
    ...(secret && { secret }),
  };
}

function statOf(path: string, at: Position): Stats {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat) return stat;
  throw refused(
    'FileNotFound',
    `${path} is a link that leads nowhere`,
    at,
    'take the link out, or make what it leads to',
  );
}

const tooLarge = (path: string, at: Position): UserError =>
  refused(
    'TreeTooLarge',
    `${path} has more than ${MOST_ENTRIES} files and directories, or more than ${MOST_BYTES >> 20} MiB`,
    at,
    'copy parts of it, or an archive that a command unpacks',
  );

const refused = (code: string, message: string, at: Position, hint: string): UserError =>
  new UserError([mistake(code, message, at, hint)]);
