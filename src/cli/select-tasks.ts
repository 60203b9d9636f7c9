import picomatch from 'picomatch';
import { choose } from '../engine/select-tags.ts';
import { tasksOf } from '../engine/steps.ts';
import { namesOf } from '../playbook/handlers.ts';
import type { Item, Play, Playbook } from '../playbook/types.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { RunFlags } from './run-flags.ts';

/** Tags that mean something without standing on any task. */
const WORDS = ['all', 'tagged', 'untagged', 'always', 'never'];

/** The playbooks with only the tasks that `-t`, `--skip-tags` and `--start-at-task` leave. */
export function selectTasks(playbooks: readonly Playbook[], flags: RunFlags): readonly Playbook[] {
  const tagged = mapPlays(playbooks, (play) => choose(play, flags));
  const known = [...WORDS, ...tagsOf(playbooks)];
  const strange = flags.tags.length > 0 && !flags.tags.some((tag) => known.includes(tag));
  const nothing = (flags.tags.length > 0 || flags.skipTags.length > 0) && countTasks(tagged) === 0;
  if (countTasks(playbooks) > 0 && (strange || nothing)) {
    const hint = didYouMean(flags.tags[0] ?? '', known) ?? 'see --list-tags';
    throw new UserError([mistake('NoTasksMatched', `no task is left by ${tagFlags(flags)}`, undefined, hint)]);
  }
  return flags.startAtTask === undefined ? tagged : startAt(tagged, flags.startAtTask);
}

/** From the first task with this name (a shell pattern) on, in the order of the playbooks. */
function startAt(playbooks: readonly Playbook[], name: string): readonly Playbook[] {
  const matches = picomatch(name, { nocase: false, dot: true });
  let started = false;
  const keep = (items: readonly Item[]): Item[] =>
    items.flatMap((item): Item[] => {
      if (item.kind === 'task') started ||= namesOf(item).some((one) => one === name || matches(one));
      if (item.kind !== 'block') return started ? [item] : [];
      const kept = { ...item, block: keep(item.block), rescue: keep(item.rescue), always: keep(item.always) };
      return kept.block.length > 0 ? [kept] : [];
    });
  const left = mapPlays(playbooks, (play) => ({ ...play, sections: play.sections.map(keep) }));
  if (started) return left;
  const names = playbooks.flatMap(({ plays }) => plays.flatMap(taskNames));
  throw new UserError([
    mistake('NoTasksMatched', `no task is called "${name}"`, undefined, didYouMean(name, names) ?? 'see --list-tasks'),
  ]);
}

const mapPlays = (playbooks: readonly Playbook[], change: (play: Play) => Play): readonly Playbook[] =>
  playbooks.map((playbook) => ({ ...playbook, plays: playbook.plays.map(change) }));

const taskNames = (play: Play): string[] =>
  play.sections.flatMap((items) => [...tasksOf(items)].flatMap((task) => namesOf(task)));

const countTasks = (playbooks: readonly Playbook[]): number =>
  playbooks.flatMap(({ plays }) => plays.flatMap(taskNames)).length;

const tagsOf = (playbooks: readonly Playbook[]): string[] =>
  playbooks.flatMap(({ plays }) =>
    plays.flatMap((play) => play.sections.flatMap((items) => [...tasksOf(items)].flatMap((task) => task.tags))),
  );

const tagFlags = ({ tags, skipTags }: RunFlags): string =>
  [tags.length > 0 ? `-t ${tags.join(',')}` : '', skipTags.length > 0 ? `--skip-tags ${skipTags.join(',')}` : '']
    .filter(Boolean)
    .join(' and ');
