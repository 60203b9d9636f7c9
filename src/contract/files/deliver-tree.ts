import { type Change, type Plan, planOf } from '../change.ts';
import type { TreeEntry } from '../module.ts';
import { type Probes, stat } from '../probe.ts';
import { Problem } from '../problem.ts';
import type { Seen } from '../seen.ts';
import type { Delivery } from './delivery.ts';
import { makeDirectory } from './make-directory.ts';
import { parentOf, placeOf, placeProbes, statName } from './place.ts';
import { contentProbes, setAttributes, writeFile } from './write.ts';

/** Where a directory's content goes: below `dest`, under the directory's own name unless its content alone is meant. */
function rootOf({ dest, source }: Delivery): string {
  const into = dest.replace(/\/+$/, '');
  return source?.name ? `${into}/${source.name}` : into;
}

/** A path and all above it but the top, from above. */
const down = (path: string): string[] => (path === '' || path === '/' ? [] : [...down(parentOf(path)), path]);

const below = (root: string, tree: readonly TreeEntry[]) =>
  tree.map(({ path, file }) => ({ path: `${root}/${path}`, file }));

export function deliverTreeProbes(delivery: Delivery, tree: readonly TreeEntry[], seen: Seen): Probes {
  const root = rootOf(delivery);
  const each = below(root, tree).map(({ path, file }) => ({
    ...placeProbes(path, seen),
    ...(file && contentProbes(path, contentOf(file), seen)),
  }));
  const above = down(root).map((path) => ({ [statName(path)]: stat(path), ...placeProbes(path, seen) }));
  return Object.assign({}, ...above, ...each);
}

const contentOf = (file: NonNullable<TreeEntry['file']>) => file.content ?? file;

/** As Ansible's `copy` does it: what is on the host beside it stays. Throws `Problem` NotADirectory, NotAFile. */
export function deliverTree(delivery: Delivery, tree: readonly TreeEntry[], seen: Seen): Plan {
  const { force, source: _, content: __, directory_mode, dest, ...wanted } = delivery;
  const { owner, group } = wanted;
  const root = rootOf(delivery);
  const made = (path: string, attributes: Parameters<typeof makeDirectory>[2]): Change[] => {
    const place = placeOf(path, seen);
    if (!place) throw new Error(`${path} was not read`);
    if (!place.stat && place.path === path) return [makeDirectory(seen, path, attributes)];
    if (place.stat?.type !== 'dir')
      throw new Problem(
        'NotADirectory',
        `${path} is ${place.stat ? 'no directory' : 'a link that leads nowhere'}`,
        'take it away first, with file: { state: absent }',
      );
    return [];
  };
  const changes: Change[] = down(root).flatMap((path) => made(path, { mode: directory_mode, owner, group }));
  for (const { path, file } of below(root, tree)) {
    const now = seen.stat(statName(path));
    if (!file) {
      const owned = now?.type === 'dir' ? setAttributes(seen, path, now, { owner, group }) : undefined;
      changes.push(...(owned ? [owned] : made(path, { mode: directory_mode, owner, group })));
    } else if (force || now === undefined)
      changes.push(...writeFile(seen, { ...wanted, path, content: contentOf(file) }).changes);
  }
  return { ...planOf(changes), values: { dest } };
}
