import { type Plan, planOf } from '../change.ts';
import { sha1Of } from '../digest.ts';
import { type Probes, stat } from '../probe.ts';
import { Problem } from '../problem.ts';
import type { Seen } from '../seen.ts';
import { deliverTree, deliverTreeProbes } from './deliver-tree.ts';
import type { Delivery } from './delivery.ts';
import { makeDirectory } from './make-directory.ts';
import { parentOf, placeOf, placeProbes, statName } from './place.ts';
import { contentProbes, ownedBy, requireParent, type WantedFile, writeFile } from './write.ts';

const contentOf = ({ content, source }: Delivery): WantedFile['content'] => {
  const found = content ?? source;
  if (found === undefined) throw new Error('a file is to be brought, and there is neither its content nor a source');
  return found;
};

/** The path of the file itself; undefined as long as it is not known whether a directory stands at `dest`. */
function fileAt(delivery: Delivery, seen: Seen): string | undefined {
  const { dest, source } = delivery;
  if (dest.endsWith('/')) return `${dest.replace(/\/+$/, '')}/${nameFor(delivery)}`;
  const place = placeOf(dest, seen);
  if (!place) return undefined;
  if (place.stat?.type !== 'dir') return dest;
  return `${dest}/${source === undefined ? nameFor(delivery) : source.name}`;
}

function nameFor({ dest, source }: Delivery): string {
  if (source) return source.name;
  throw new Problem(
    'NotAFile',
    `${dest} is a directory, and a content has no name of its own`,
    'name the file in dest',
  );
}

export function deliverProbes(delivery: Delivery, seen: Seen): Probes {
  const { dest, source } = delivery;
  if (source?.tree) return deliverTreeProbes(delivery, source.tree, seen);
  const around = (path: string): Probes => ({
    ...placeProbes(path, seen),
    ...contentProbes(path, contentOf(delivery), seen),
    [statName(parentOf(path))]: stat(parentOf(path)),
  });
  const path = fileAt(delivery, seen);
  return { ...(dest.endsWith('/') ? {} : around(dest)), ...(path !== undefined && around(path)) };
}

export function deliver(delivery: Delivery, seen: Seen): Plan {
  const { force, dest, source, ...wanted } = delivery;
  if (source?.tree) return deliverTree(delivery, source.tree, seen);
  const path = fileAt(delivery, seen);
  if (path === undefined) throw new Error(`${dest} was not read`);
  const parent = parentOf(path);
  const made = dest.endsWith('/') && seen.stat(statName(parent)) === undefined ? [makeDirectory(seen, parent)] : [];
  if (made.length === 0) requireParent(seen, path);
  if (!force && seen.stat(statName(path)) !== undefined) return { ...planOf([]), values: { dest: path } };
  const { changes, backupFile } = writeFile(seen, { ...wanted, path, content: contentOf(delivery) });
  return {
    ...planOf([...made, ...changes]),
    values: {
      ...valuesOf(seen, path, { ...wanted, source }),
      ...(backupFile !== undefined && { backup_file: backupFile }),
    },
  };
}

/** What Ansible's users know a file by that was brought. */
function valuesOf(seen: Seen, path: string, { source, content, ...wanted }: Omit<Delivery, 'dest' | 'force'>) {
  const now = seen.stat(statName(path));
  const sum = content === undefined ? source?.sha1 : sha1Of(content);
  return {
    dest: path,
    // Of a short secret it would tell too much.
    ...(sum !== undefined && !source?.secret && { checksum: sum }),
    size: content === undefined ? source?.size : Buffer.byteLength(content),
    ...ownedBy(now?.type === 'file' ? now : undefined, wanted),
    state: 'file',
  };
}
