import type { Change } from '../change.ts';
import { command, type Probes } from '../probe.ts';
import { Problem } from '../problem.ts';
import type { Seen } from '../seen.ts';
import { modeOf } from './mode.ts';
import type { Attributes } from './write.ts';

/** What stands below a directory as one listing: mode, owner, group and path, of all that are no links. */
const listing = (path: string) =>
  command('find', path, '-mindepth', '1', '!', '-type', 'l', '-exec', 'stat', '-c', '%F|%a|%U|%G|%n', '{}', '+');
const name = (path: string): string => `tree of ${path}`;

export const treeProbes = (path: string, wanted: Attributes): Probes =>
  wanted.mode === undefined && wanted.owner === undefined && wanted.group === undefined
    ? {}
    : { [name(path)]: listing(path) };

interface Entry {
  readonly path: string;
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
}

/** Attributes of all that is below a directory. Throws `Problem` for names that find(1)'s listing cannot tell, or where it failed. */
export function treeChange(seen: Seen, path: string, wanted: Attributes): Change | undefined {
  if (Object.keys(treeProbes(path, wanted)).length === 0) return undefined;
  const reading = seen.raw(name(path));
  const found = seen.output(name(path));
  if (!found) throw new Problem('NoFind', `there is no find here, by which ${path} could be looked through`);
  if (found.status !== 0) throw new Problem('Unreadable', `cannot look through ${path}: ${found.stderr.trim()}`);
  const lines = found.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, type = '', mode = '', owner = '', group = '', own = ''] =
        /^([^|]*)\|(\d+)\|([^|]*)\|([^|]*)\|(.*)$/.exec(line) ?? [];
      if (!own.startsWith(`${path}/`))
        throw new Problem(
          'OddNames',
          `below ${path} there are names with line breaks in them`,
          'set the attributes with command: find … -exec',
        );
      const now: Entry = { path: own, mode: mode.padStart(4, '0'), owner, group };
      const next: Entry = {
        path: own,
        mode: wanted.mode === undefined ? now.mode : modeOf(wanted.mode, now.mode, type === 'directory'),
        owner: wanted.owner ?? owner,
        group: wanted.group ?? group,
      };
      return { type, now, next };
    });
  const wrong = lines.filter(({ type, now, next }) => printed(type, now) !== printed(type, next));
  if (wrong.length === 0) return undefined;
  return {
    target: listing(path),
    plane: 'persistent',
    summary: `${path}: mode or owner of ${wrong.length} in it, ${wrong
      .slice(0, 3)
      .map(({ next }) => next.path.slice(path.length + 1))
      .join(', ')}${wrong.length > 3 ? ' …' : ''}`,
    before: reading,
    after: { ...found, is: 'output', stdout: lines.map(({ type, next }) => printed(type, next)).join('') },
    do: wrong.map(({ next }) => ({ do: 'own', ...next })),
    undo: wrong.map(({ now }) => ({ do: 'own', ...now })),
    impact: 'none',
  };
}

const printed = (type: string, { mode, owner, group, path }: Entry): string =>
  `${type}|${mode.replace(/^0+(?=.)/, '')}|${owner}|${group}|${path}\n`;
