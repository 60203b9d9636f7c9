import type { Change, Plan } from '../change.ts';
import { planOf } from '../change.ts';
import type { Source } from '../module.ts';
import { dir, type Probes, stat } from '../probe.ts';
import { Problem } from '../problem.ts';
import type { Seen } from '../seen.ts';
import { parentOf, placeOf, placeProbes, statName } from './place.ts';
import { contentProbes, requireParent, type WantedFile, writeFile } from './write.ts';

/** A file to be brought to a host, as `copy` and `template` ask for it. `source` is what the engine found for `src`. */
export interface Delivery extends Omit<WantedFile, 'path' | 'content'> {
  readonly dest: string;
  readonly content?: string | undefined;
  readonly source?: Source | undefined;
  readonly force: boolean;
}

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
  const { dest } = delivery;
  const around = (path: string): Probes => ({
    ...placeProbes(path, seen),
    ...contentProbes(path, contentOf(delivery), seen),
    [statName(parentOf(path))]: stat(parentOf(path)),
  });
  const path = fileAt(delivery, seen);
  return { ...(dest.endsWith('/') ? {} : around(dest)), ...(path !== undefined && around(path)) };
}

export function deliver(delivery: Delivery, seen: Seen): Plan {
  const { force, dest, source: _, ...wanted } = delivery;
  const path = fileAt(delivery, seen);
  if (path === undefined) throw new Error(`${dest} was not read`);
  const parent = parentOf(path);
  const made = dest.endsWith('/') && seen.stat(statName(parent)) === undefined ? [makeDirectory(seen, parent)] : [];
  if (made.length === 0) requireParent(seen, path);
  if (!force && seen.stat(statName(path)) !== undefined) return { ...planOf([]), values: { dest: path } };
  const { changes, backupFile } = writeFile(seen, { ...wanted, path, content: contentOf(delivery) });
  return {
    ...planOf([...made, ...changes]),
    values: { dest: path, ...(backupFile !== undefined && { backup_file: backupFile }) },
  };
}

/** As Ansible makes the directory that `dest` names by its slash. */
function makeDirectory(seen: Seen, path: string): Change {
  const looks = { type: 'dir', mode: '0755', owner: 'root', group: 'root', size: 4096 } as const;
  return {
    target: stat(path),
    plane: 'persistent',
    summary: `${path}: not there → a directory`,
    before: seen.raw(statName(path)),
    after: { is: 'stat', stat: looks },
    do: [{ do: 'mkdir', path }],
    undo: [{ do: 'remove', path }],
    impact: 'none',
    disturbs: [dir(parentOf(path))],
  };
}
