import type { Change } from '../change.ts';
import { dir, stat } from '../probe.ts';
import type { Seen } from '../seen.ts';
import { parentOf, statName } from './place.ts';
import { type Attributes, ownedBy } from './write.ts';

/** As Ansible makes a directory that is not there. */
export function makeDirectory(seen: Seen, path: string, wanted: Attributes = {}): Change {
  const owned = ownedBy(undefined, wanted, true);
  const looks = { type: 'dir', ...owned, size: 4096 } as const;
  const { owner, group } = wanted;
  return {
    target: stat(path),
    plane: 'persistent',
    summary: `${path}: not there → a directory`,
    before: seen.raw(statName(path)),
    after: { is: 'stat', stat: looks },
    do: [
      { do: 'mkdir', path, ...(wanted.mode !== undefined && { mode: owned.mode }) },
      ...((owner ?? group) === undefined ? [] : [{ do: 'own', path, ...owned } as const]),
    ],
    undo: [{ do: 'remove', path }],
    impact: 'none',
    disturbs: [dir(parentOf(path))],
  };
}
