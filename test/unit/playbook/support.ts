import { join } from 'node:path';
import { loadPlaybook } from '../../../src/playbook/load-playbook.ts';
import type { Item, Play, Task } from '../../../src/playbook/types.ts';
import { UserError } from '../../../src/source/diagnostic.ts';
import { makeProject } from '../../support/project.ts';

export const moduleNames = ['assert', 'command', 'copy', 'debug', 'ksm', 'set_fact', 'sysctl', 'thp'];

/** The plays of `site.yml` in a project of these files. `extra` are the variables of `-e`. */
export async function load(
  files: string | Readonly<Record<string, string>>,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<readonly Play[]> {
  const root = makeProject(typeof files === 'string' ? { 'site.yml': files } : files);
  const given = new Map(Object.entries(extra).map(([name, data]) => [name, { data }]));
  const { playbook, mistakes } = await loadPlaybook(join(root, 'site.yml'), { moduleNames, extra: given });
  if (mistakes.length > 0) throw new UserError(mistakes);
  return playbook.plays;
}

/** What is wrong with a project: `Code file:line:column message (hint)`, paths relative to it. */
export async function mistakes(files: string | Readonly<Record<string, string>>): Promise<string[]> {
  const root = makeProject(typeof files === 'string' ? { 'site.yml': files } : files);
  const { mistakes } = await loadPlaybook(join(root, 'site.yml'), { moduleNames });
  return mistakes.map(({ code, message, at, hint }) =>
    `${code} ${at?.file}:${at?.line}:${at?.column} ${message}${hint ? ` (${hint})` : ''}`.replaceAll(`${root}/`, ''),
  );
}

/** All tasks of a play in order, those of blocks among them. */
export function tasks(play: Play | undefined): readonly Task[] {
  const inside = (items: readonly Item[]): readonly Task[] =>
    items.flatMap((item) => {
      if (item.kind === 'task') return [item];
      return item.kind === 'block' ? [item.block, item.rescue, item.always].flatMap(inside) : [];
    });
  return (play?.sections ?? []).flatMap(inside);
}

export const names = (play: Play | undefined): readonly unknown[] => tasks(play).map(({ name }) => name.value);
