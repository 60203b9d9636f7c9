import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { describeNode, type Entry, type MapNode, type Node } from '../source/node.ts';
import { attempt } from './misread.ts';
import { isEmpty, keyValue } from './python-node.ts';
import { expandHostPattern } from './ranges.ts';
import type { Roster } from './roster.ts';
import { isoTime } from './timestamp.ts';

const SECTIONS: readonly string[] = ['vars', 'children', 'hosts'];

/**
 * Read an inventory in Ansible's YAML format into the roster: groups at the top, each with `hosts`, `children` and
 * `vars`. Throws `UserError` with every mistake.
 */
export function readYamlInventory(root: Node, roster: Roster): void {
  if (root.kind !== 'map') {
    const message = `an inventory in YAML is a mapping of groups, and this is ${describeNode(root)}`;
    throw new UserError([mistake('BadInventory', message, root.at, 'write all: and below it hosts: or children:')]);
  }
  if (isEmpty(root))
    throw new UserError([
      mistake(
        'BadInventory',
        'there is no group in this mapping',
        root.at,
        'write all: and below it hosts: or children:',
      ),
    ]);
  const plugin = root.entries.find((entry) => entry.key === 'plugin');
  if (plugin && !isEmpty(plugin.value)) {
    const message = 'this configures an inventory plugin of Ansible, and those cannot be run here';
    const hint = 'let a script that runs `ansible-inventory -i FILE --list` be the inventory';
    throw new UserError([mistake('InventoryPlugin', message, plugin.keyAt, hint)]);
  }
  const found: Diagnostic[] = [];
  for (const entry of root.entries) if (isText(entry, 'group', found)) readGroup(entry, roster, found);
  if (found.length > 0) throw new UserError(found);
}

function readGroup(entry: Entry, roster: Roster, found: Diagnostic[]): void {
  const { key: name, keyAt, value } = entry;
  if (value.kind !== 'map' && !isNull(value)) {
    roster.warn('NotAGroup', `"${name}" is ${describeNode(value)}, which is no group: passed over`, keyAt);
    return;
  }
  attempt(keyAt, found, () => roster.addGroup(name, keyAt));
  if (value.kind !== 'map') return;
  for (const inner of value.entries) {
    const section = sectionOf(inner, name, roster, found);
    if (!section) continue;
    for (const one of section.entries) {
      if (inner.key === 'vars') attempt(one.keyAt, found, () => roster.setVariable(name, one.key, one.value));
      else if (inner.key === 'hosts') readHosts(one, name, roster, found);
      else if (isText(one, 'group', found)) {
        readGroup(one, roster, found);
        attempt(one.keyAt, found, () => roster.addChild(name, one.key));
      }
    }
  }
}

/** What `hosts`, `children` or `vars` holds, if there is anything. A text stands for a mapping with that one key. */
function sectionOf(entry: Entry, group: string, roster: Roster, found: Diagnostic[]): MapNode | undefined {
  const { key, keyAt, value } = entry;
  const known = SECTIONS.includes(key);
  if (isNull(value)) return undefined;
  if (value.kind === 'map') {
    if (known) return value;
    roster.warn('UnknownKey', `"${key}" in the group "${group}" is not one of ${SECTIONS.join(', ')}`, keyAt);
  } else if (known && value.kind === 'scalar' && typeof value.value === 'string') {
    const nothing: Node = { kind: 'scalar', value: null, at: value.at, quoted: false };
    return { kind: 'map', entries: [{ key: value.value, keyAt: value.at, value: nothing }], at: value.at };
  } else if (known) {
    const message = `"${key}" in the group "${group}" must be a mapping, and it is ${describeNode(value)}`;
    found.push(mistake('BadInventory', message, value.at, `write "name:" in place of "- name"`));
  } else {
    roster.warn('UnknownKey', `"${key}" in the group "${group}" is passed over: variables stand below vars`, keyAt);
  }
  return undefined;
}

function readHosts(entry: Entry, group: string, roster: Roster, found: Diagnostic[]): void {
  const { key, keyAt, value } = entry;
  if (!isText(entry, 'host', found)) return;
  if (value.kind !== 'map' && !isEmpty(value)) {
    const message = `the variables of the host "${key}" must be a mapping, and this is ${describeNode(value)}`;
    found.push(mistake('BadInventory', message, value.at, `write ${key}: { NAME: VALUE }`));
    return;
  }
  attempt(keyAt, found, () => {
    const { hosts, port } = expandHostPattern(key);
    for (const host of hosts) {
      roster.addHost(host, group, keyAt, port);
      for (const one of value.kind === 'map' ? value.entries : []) roster.setVariable(host, one.key, one.value);
    }
  });
}

function isText(entry: Entry, what: string, found: Diagnostic[]): boolean {
  const { key, keyAt, keyPlain } = entry;
  const isTime = isoTime({ kind: 'scalar', value: key, at: keyAt, quoted: !keyPlain }) !== undefined;
  if (typeof keyValue(entry) === 'string' && !isTime) return true;
  const message = `the name of a ${what} must be a text, and ${entry.key} is none`;
  found.push(mistake('NameNotText', message, entry.keyAt, `put it in quotes: "${entry.key}":`));
  return false;
}

const isNull = (node: Node): boolean => node.kind === 'scalar' && node.value === null;
