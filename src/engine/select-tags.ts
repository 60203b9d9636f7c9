import type { Item, Play } from '../playbook/types.ts';

export interface TagChoice {
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
}

/**
 * Whether a task with these tags is chosen, by Ansible's rules: `always` runs unless it is skipped by name, `never` only
 * when one of its tags is asked for, and `tagged`, `untagged` and `all` are words of their own.
 */
export function chosen(own: readonly string[], { tags, skipTags }: TagChoice): boolean {
  return wanted(own, tags) && !skipped(own, tags, skipTags);
}

function wanted(own: readonly string[], tags: readonly string[]): boolean {
  if (own.includes('always')) return true;
  if (tags.length === 0 || tags.includes('all')) return !own.includes('never') || own.some((tag) => tags.includes(tag));
  if (own.some((tag) => tags.includes(tag))) return true;
  if (tags.includes('tagged')) return own.length > 0 && !own.includes('never');
  return tags.includes('untagged') && own.length === 0;
}

function skipped(own: readonly string[], tags: readonly string[], skipTags: readonly string[]): boolean {
  if (skipTags.includes('all')) return !own.includes('always') || skipTags.includes('always');
  if (own.some((tag) => skipTags.includes(tag))) return true;
  if (skipTags.includes('tagged')) return own.length > 0 && !tags.some((tag) => own.includes(tag));
  return skipTags.includes('untagged') && own.length === 0;
}

/** The play with only what is chosen; blocks that lost all their tasks are gone. */
export function choose(play: Play, choice: TagChoice): Play {
  const keep = (items: readonly Item[]): Item[] =>
    items.flatMap((item): Item[] => {
      if (item.kind !== 'block') return chosen(item.tags, choice) ? [item] : [];
      const block = keep(item.block);
      return block.length === 0 ? [] : [{ ...item, block, rescue: keep(item.rescue), always: keep(item.always) }];
    });
  return { ...play, sections: play.sections.map(keep) };
}
