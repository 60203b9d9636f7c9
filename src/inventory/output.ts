import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Node } from '../source/node.ts';
import { ansibleJson } from './ansible-json.ts';
import { type Layer, layersOf, merged, ownLayers } from './layers.ts';
import { hostsOf, select } from './patterns.ts';
import { scalar } from './python-node.ts';
import { pythonStr } from './python-print.ts';
import { byCodePoint } from './python-text.ts';
import type { Group, Host, Inventory } from './types.ts';

export interface OutputOptions {
  /** `--export`: variables stand where they were given and are not merged into the hosts. */
  readonly export?: boolean;
  /** Whether `--playbook-dir` was given: only then a group's own variables come from there too. */
  readonly playbookDir?: boolean;
}

const HERE: Position = { file: 'inventory', line: 1, column: 1 };

/** Variables that Ansible sets or reserves itself, and so leaves out of what it prints. */
const INTERNAL: ReadonlySet<string> = new Set([
  'ansible_diff_mode',
  'ansible_config_file',
  'ansible_facts',
  'ansible_forks',
  'ansible_inventory_sources',
  'ansible_limit',
  'ansible_playbook_python',
  'ansible_run_tags',
  'ansible_skip_tags',
  'ansible_verbosity',
  'ansible_version',
  'inventory_dir',
  'inventory_file',
  'inventory_hostname',
  'inventory_hostname_short',
  'groups',
  'group_names',
  'omit',
  'playbook_dir',
]);

/** What `ansible-inventory --list` prints. */
export function inventoryList(inventory: Inventory, options: OutputOptions = {}): string {
  const groups = new Map<string, Node>();
  const seen = new Set<Group>();
  const add = (group: Group) => {
    if (seen.has(group)) return;
    seen.add(group);
    const parts = new Map<string, Node>();
    if (group.name !== 'all') parts.set('hosts', names(group.hosts));
    parts.set('children', names(group.children));
    if (options.export) parts.set('vars', mapOf(groupVariables(inventory, group, options)));
    const kept = [...parts].filter(
      ([, part]) => (part.kind === 'list' ? part.items : part.kind === 'map' ? part.entries : []).length > 0,
    );
    if (kept.length > 0) groups.set(group.name, mapOf(kept));
    group.children.forEach(add);
  };
  const all = theGroup(inventory, 'all');
  add(all);
  const hosts = hostsOf(all).map((host) => [host.name, mapOf(hostVariables(inventory, host, options))] as const);
  const known = hosts.filter(([, variables]) => variables.entries.length > 0);
  return ansibleJson(mapOf([...groups, ['_meta', mapOf([['hostvars', mapOf(known)]])]]));
}

/** What `ansible-inventory --host` prints. Throws `UserError` (`NoSuchHost`). */
export function inventoryHost(inventory: Inventory, name: string, options: OutputOptions = {}): string {
  const { hosts } = select(inventory, name);
  const [host] = hosts;
  if (host && hosts.length === 1) return ansibleJson(mapOf(hostVariables(inventory, host, options)));
  const message = host ? `"${name}" names ${hosts.length} hosts, and one is asked for` : `there is no host "${name}"`;
  throw new UserError([mistake('NoSuchHost', message, undefined, didYouMean(name, inventory.hosts.keys()))]);
}

/** What `ansible-inventory --graph` prints: from `all`, or from the group that is named. Throws `UserError`. */
export function inventoryGraph(
  inventory: Inventory,
  options: OutputOptions & { readonly group?: string; readonly vars?: boolean } = {},
): string {
  const lines: string[] = [];
  const line = (text: string, depth: number) => lines.push(depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`);
  const variables = (shown: ReadonlyMap<string, Node>, depth: number) => {
    for (const [name, value] of options.vars ? [...shown].sort(([a], [b]) => byCodePoint(a, b)) : [])
      line(`{${name} = ${pythonStr(value)}}`, depth);
  };
  const draw = (group: Group, depth: number) => {
    line(`@${group.name}:`, depth);
    for (const one of group.children) draw(one, depth + 1);
    for (const host of group.name === 'all' ? [] : group.hosts) {
      line(host.name, depth + 1);
      variables(hostVariables(inventory, host, options), depth + 2);
    }
    variables(groupVariables(inventory, group, options), depth + 1);
  };
  draw(theGroup(inventory, options.group ?? 'all'), 0);
  return lines.join('\n');
}

function hostVariables(inventory: Inventory, host: Host, options: OutputOptions): Map<string, Node> {
  const layers = options.export ? given(ownLayers(inventory, 'host', host), options) : layersOf(inventory, host);
  return withoutInternal(merged(layers));
}

function groupVariables(inventory: Inventory, group: Group, options: OutputOptions): Map<string, Node> {
  const variables = withoutInternal(merged(given(ownLayers(inventory, 'group', group), options)));
  if (group.priority !== 1) variables.set('ansible_group_priority', scalar(group.priority, HERE));
  return variables;
}

/** Without an explicit playbook folder Ansible looks there for merged variables alone. */
const given = (layers: readonly Layer[], options: OutputOptions): Layer[] =>
  layers.filter((layer) => layer.from !== 'playbook' || options.playbookDir);

const withoutInternal = (variables: Iterable<[string, Node]>): Map<string, Node> =>
  new Map([...variables].filter(([name]) => !INTERNAL.has(name)));

function theGroup(inventory: Inventory, name: string): Group {
  const group = inventory.groups.get(name);
  if (group) return group;
  const hint = didYouMean(name, inventory.groups.keys());
  throw new UserError([mistake('NoSuchGroup', `there is no group "${name}"`, undefined, hint)]);
}

const names = (named: readonly { readonly name: string }[]): Node => ({
  kind: 'list',
  items: named.map(({ name }) => scalar(name, HERE)),
  at: HERE,
});

const mapOf = (entries: Iterable<readonly [string, Node]>) => ({
  kind: 'map' as const,
  entries: [...entries].map(([key, value]) => ({ key, keyAt: HERE, value })),
  at: HERE,
});
