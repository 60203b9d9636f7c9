import { tasksOf } from '../engine/steps.ts';
import type { Item, Play } from '../playbook/types.ts';
import type { Loaded } from './load-run.ts';

type Chosen = Pick<Loaded, 'playbooks' | 'hostsOf'>;

/** `--list-hosts`, as ansible-playbook prints it. */
export const listHosts = (chosen: Chosen): string =>
  perPlay(chosen, (play) => {
    const hosts = chosen.hostsOf(play);
    return [
      `    pattern: [${play.hosts
        .split(',')
        .map((one) => `'${one}'`)
        .join(', ')}]`,
      `    hosts (${hosts.length}):`,
      ...hosts.map((host) => `      ${host}`),
    ];
  });

/** `--list-tasks`. */
export const listTasks = (chosen: Chosen): string =>
  perPlay(chosen, (play) => [
    '    tasks:',
    ...allTasks(play).map((task) => `      ${task.name.value}\tTAGS: [${task.tags.toSorted().join(', ')}]`),
  ]);

/** `--list-tags`. */
export const listTags = (chosen: Chosen): string =>
  perPlay(chosen, (play) => {
    const tags = new Set(allTasks(play).flatMap((task) => task.tags));
    return [`      TASK TAGS: [${[...tags].sort().join(', ')}]`];
  });

function perPlay({ playbooks }: Chosen, lines: (play: Play) => readonly string[]): string {
  return playbooks
    .map(({ file, plays }) => {
      const blocks = plays.map(
        (play, index) => `\n  play #${index + 1} (${play.hosts}): ${play.name}\n${lines(play).join('\n')}\n`,
      );
      return `\nplaybook: ${file}\n${blocks.join('')}`;
    })
    .join('');
}

const allTasks = (play: Play) => play.sections.flatMap((items: readonly Item[]) => [...tasksOf(items)]);
