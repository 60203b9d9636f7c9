import type { Node } from '../source/node.ts';
import { byCodePoint } from './python-text.ts';
import { groupsOf } from './roster.ts';
import type { Group, Host, Inventory, VariableFolder, Variables } from './types.ts';

/** Variables from one place, at one of the two levels that an inventory has. */
export interface Layer {
  readonly level: 'group' | 'host';
  /** The group's or the host's name. */
  readonly owner: string;
  /** From the inventory itself, or from `group_vars` and `host_vars` beside it or beside the playbook. */
  readonly from: 'inventory' | VariableFolder['beside'];
  readonly variables: Variables;
}

/**
 * All that the inventory says of a host, lowest precedence first, in Ansible's order: groups before the host; among
 * groups the sources, then `all` beside inventory and playbook, then the other groups beside the inventory, then beside
 * the playbook; each time by depth, priority and name.
 */
export function layersOf(inventory: Inventory, host: Host): Layer[] {
  const { folders } = inventory;
  const all = inventory.groups.get('all');
  const others = [...groupsOf(host)].filter((group) => group !== all).sort(byPrecedence);
  const ofGroup = (group: Group) => inSource('group', group);
  return [
    ...[...(all ? [all] : []), ...others].flatMap(ofGroup),
    ...folders.flatMap((folder) => inFolder('group', 'all', folder)),
    ...folders.flatMap((folder) => others.flatMap((group) => inFolder('group', group.name, folder))),
    ...inSource('host', host),
    ...folders.flatMap((folder) => inFolder('host', host.name, folder)),
  ];
}

/** What is said of one group or host itself, lowest precedence first. */
export function ownLayers(inventory: Inventory, level: Layer['level'], owner: Group | Host): Layer[] {
  return [...inSource(level, owner), ...inventory.folders.flatMap((folder) => inFolder(level, owner.name, folder))];
}

/** The variables of layers together: the last one wins. */
export const merged = (layers: readonly Layer[]): Variables => new Map(layers.flatMap((layer) => [...layer.variables]));

const byPrecedence = (a: Group, b: Group): number =>
  a.depth - b.depth || a.priority - b.priority || byCodePoint(a.name, b.name);

const inSource = (level: Layer['level'], { name, variables }: Group | Host): Layer[] =>
  variables.size > 0 ? [{ level, owner: name, from: 'inventory', variables }] : [];

const inFolder = (level: Layer['level'], owner: string, folder: VariableFolder): Layer[] =>
  ((level === 'group' ? folder.groups : folder.hosts).get(owner) ?? []).map((variables) => ({
    level,
    owner,
    from: folder.beside,
    variables,
  }));

/** Every variable that the inventory and the folders beside it give anybody, with what is written for it. */
export function* writtenIn({ hosts, groups, folders }: Inventory): Generator<readonly [string, { node: Node }]> {
  const owned = [...hosts.values(), ...groups.values()].map(({ variables }) => variables);
  const beside = folders.flatMap((folder) => [...folder.groups.values(), ...folder.hosts.values()].flat());
  for (const variables of [...owned, ...beside]) for (const [name, node] of variables) yield [name, { node }];
}
