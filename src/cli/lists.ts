import type { Item, Meta, Play, Task } from '../playbook/types.ts';
import type { Loaded } from './load-run.ts';
import type { RunFlags } from './run-flags.ts';

type Chosen = Pick<Loaded, 'playbooks' | 'hostsOf'>;
type Wanted = Pick<RunFlags, 'listHosts' | 'listTasks' | 'listTags'>;

/** `--list-hosts`, `--list-tasks` and `--list-tags`, alone or together, as ansible-playbook prints them. */
export function lists({ playbooks, hostsOf }: Chosen, wanted: Wanted, files: readonly string[]): string {
  return playbooks
    .map(({ plays }, index) => {
      const blocks = plays.map((play, number) => ofPlay(play, number + 1, hostsOf(play), wanted));
      return `\nplaybook: ${files[index]}\n${blocks.join('')}`;
    })
    .join('');
}

function ofPlay(play: Play, number: number, hosts: readonly string[], wanted: Wanted): string {
  const items = play.sections.flatMap(listed);
  const lines = [`\n  play #${number} (${play.hosts.join(',')}): ${play.name}\tTAGS: [${play.tags.join(',')}]`];
  if (wanted.listHosts) {
    const pattern = play.hosts.map((one) => `'${one}'`).join(', ');
    lines.push(`    pattern: [${pattern}]`, `    hosts (${hosts.length}):`, ...hosts.map((host) => `      ${host}`));
  }
  if (wanted.listTasks) {
    const tasks = items.map((item) => `      ${nameOf(item)}\tTAGS: [${item.tags.toSorted().join(', ')}]`);
    lines.push('    tasks:', ...tasks);
  }
  if (wanted.listTags) {
    const tags = new Set([...play.tags, ...items.flatMap((item) => item.tags)]);
    lines.push(`      TASK TAGS: [${[...tags].sort().join(', ')}]`);
  }
  return `${lines.join('\n')}\n`;
}

/** What is done when nothing fails: Ansible does not list what rescues. */
const listed = (items: readonly Item[]): readonly (Task | Meta)[] =>
  items.flatMap((item) => (item.kind === 'block' ? listed(item.block) : [item]));

const nameOf = (item: Task | Meta): string =>
  item.kind === 'meta' ? (item.name ?? 'meta') : (item.unnamed ?? String(item.name.value));
