import { dirname } from 'node:path';
import type { HostVariables } from '../engine/variables.ts';
import { type Host, type Inventory, layersOf, merged, type Variables } from '../inventory/index.ts';
import type { Play } from '../playbook/types.ts';
import { toData } from '../source/node.ts';
import type { Binding } from '../template/index.ts';

/**
 * What the inventory says of each host, and Ansible's magic variables. Worked out once for each host; `hostvars` only
 * when something looks into it.
 */
export function hostVariables(
  inventory: Inventory,
  hostsOf: (play: Play) => readonly string[],
  check: boolean,
): (name: string, play: Play) => HostVariables {
  const groups = Object.fromEntries([...inventory.groups].map(([name, group]) => [name, hostsIn(group)]));
  const hostvars = lazy([...inventory.hosts.keys()], (name) => plainVariables(inventory, name));
  const known = new Map<string, Omit<HostVariables, 'magic'>>();

  return (name, play) => {
    const written = known.get(name) ?? writtenFor(inventory, name);
    known.set(name, written);
    const members = hostsOf(play);
    const magic = new Map<string, unknown>([
      ['inventory_hostname', name],
      ['inventory_hostname_short', name.split('.')[0]],
      ['group_names', groupNames(inventory.hosts.get(name))],
      ['groups', groups],
      ['hostvars', hostvars],
      ['play_hosts', members],
      ['ansible_play_hosts', members],
      ['ansible_play_hosts_all', members],
      ['ansible_play_name', play.name],
      ['playbook_dir', dirname(play.at.file)],
      ['inventory_dir', folderOf(inventory.hosts.get(name))],
      ['inventory_file', inventory.hosts.get(name)?.source ?? null],
      ['kvmplay_check_mode', check],
      ['ansible_check_mode', check],
    ]);
    return { ...written, magic };
  };
}

function writtenFor(inventory: Inventory, name: string): Omit<HostVariables, 'magic'> {
  const host = inventory.hosts.get(name);
  const layers = host ? layersOf(inventory, host) : [];
  const level = (wanted: 'group' | 'host') => asBindings(merged(layers.filter((layer) => layer.level === wanted)));
  return { group: level('group'), host: level('host') };
}

const asBindings = (variables: Variables): ReadonlyMap<string, Binding> =>
  new Map([...variables].map(([name, node]) => [name, { node }]));

function plainVariables(inventory: Inventory, name: string): Record<string, unknown> {
  const host = inventory.hosts.get(name);
  const variables = host ? merged(layersOf(inventory, host)) : new Map();
  return { ...Object.fromEntries([...variables].map(([key, node]) => [key, toData(node)])), inventory_hostname: name };
}

function lazy<T>(names: readonly string[], value: (name: string) => T): Readonly<Record<string, T>> {
  const made: Record<string, T> = {};
  for (const name of names) {
    let kept: T | undefined;
    Object.defineProperty(made, name, { enumerable: true, get: () => (kept ??= value(name)) });
  }
  return made;
}

function groupNames(host: Host | undefined): readonly string[] {
  const names = new Set<string>();
  const add = (groups: Host['groups']): void => {
    for (const group of groups) {
      if (group.name !== 'all') names.add(group.name);
      add(group.parents);
    }
  };
  add(host?.groups ?? []);
  return [...names].sort();
}

function hostsIn(group: {
  readonly hosts: readonly Host[];
  readonly children: readonly (typeof group)[];
}): readonly string[] {
  return [...new Set([...group.hosts.map((host) => host.name), ...group.children.flatMap(hostsIn)])];
}

const folderOf = (host: Host | undefined): string | null => (host?.source ? dirname(host.source) : null);
