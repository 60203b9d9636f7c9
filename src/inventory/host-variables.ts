import { dirname } from 'node:path';
import type { Position } from '../source/diagnostic.ts';
import { type Binding, type Level, makeScope } from '../template/index.ts';
import { isIp } from './address.ts';
import { layersOf, merged } from './layers.ts';
import { implicitLocalhost, LOCALHOST } from './localhost.ts';
import { hostsOf } from './patterns.ts';
import { byCodePoint } from './python-text.ts';
import { groupsOf } from './roster.ts';
import type { Host, Inventory } from './types.ts';

/** What the inventory says of a host, and what Ansible's magic variables are there, weakest first. */
export interface InventoryVariables {
  readonly group: ReadonlyMap<string, Binding>;
  readonly host: ReadonlyMap<string, Binding>;
  /**
   * inventory_hostname, inventory_hostname_short, group_names, groups, hostvars, inventory_dir and inventory_file; the
   * last two are null for hosts of no file.
   */
  readonly magic: ReadonlyMap<string, unknown>;
}

const AT: Position = { file: 'hostvars', line: 1, column: 1 };

/**
 * The inventory's variables host by host. `hostvars` is worked out when something looks into it, variable by variable,
 * templates rendered as the host itself would see them; `above` gives what is stronger than the inventory there.
 */
export function inventoryVariables(
  inventory: Inventory,
  above: (host: string) => readonly Level[] = () => [],
): (name: string) => InventoryVariables {
  const groups = Object.fromEntries(
    [...inventory.groups.values()].map((group) => [group.name, hostsOf(group).map((host) => host.name)]),
  );
  const known = new Map<string, InventoryVariables>();
  const of = (name: string): InventoryVariables => {
    const variables = known.get(name) ?? variablesOf(inventory, name, { groups, hostvars });
    known.set(name, variables);
    return variables;
  };
  const hostvars = lazily([...inventory.hosts.keys()], (name) => {
    const { group, host, magic } = of(name);
    const own = [...magic].filter(([key]) => key !== 'hostvars').map(([key, data]) => [key, { data }] as const);
    const written = [
      { name: 'group', vars: group },
      { name: 'host', vars: host },
    ];
    const scope = makeScope([...written, ...above(name), { name: 'magic', vars: new Map(own) }]);
    return lazily(scope.names(), (variable) => scope.lookup(variable, AT));
  });
  return of;
}

function variablesOf(
  inventory: Inventory,
  name: string,
  shared: Readonly<Record<string, unknown>>,
): InventoryVariables {
  const host = inventory.hosts.get(name) ?? (LOCALHOST.includes(name) ? implicitLocalhost(name) : undefined);
  const layers = host ? layersOf(inventory, host) : [];
  const level = (wanted: 'group' | 'host') =>
    new Map([...merged(layers.filter((layer) => layer.level === wanted))].map(([key, node]) => [key, { node }]));
  const file = host?.source?.startsWith('/') ? host.source : null;
  const magic = new Map<string, unknown>([
    ['inventory_hostname', name],
    ['inventory_hostname_short', isIp(name) ? name : name.split('.')[0]],
    ['group_names', groupNames(host)],
    ['inventory_file', file],
    ['inventory_dir', file && dirname(file)],
    ...Object.entries(shared),
  ]);
  return { group: level('group'), host: level('host'), magic };
}

const groupNames = (host: Host | undefined): string[] =>
  [...(host ? groupsOf(host) : [])]
    .map((group) => group.name)
    .filter((name) => name !== 'all')
    .sort(byCodePoint);

/** An object whose values are worked out each time they are looked at. */
function lazily<T>(names: readonly string[], value: (name: string) => T): Readonly<Record<string, T>> {
  const made: Record<string, T> = {};
  for (const name of names) Object.defineProperty(made, name, { enumerable: true, get: () => value(name) });
  return made;
}
