import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { child, describeNode, type Entry, type MapNode, type Node } from '../source/node.ts';
import { isJson, parseJson } from './json.ts';
import { attempt } from './misread.ts';
import { parseData } from './parse-data.ts';
import type { Roster } from './roster.ts';
import { runScript, type ScriptOptions } from './run-script.ts';

const AT_ONCE = 8;

/**
 * Read what an inventory script prints for `--list` into the roster, and where it gives no `_meta` with `hostvars`, what
 * it prints for `--host NAME` of every host. Throws `UserError`.
 */
export async function readScript(path: string, roster: Roster, options: ScriptOptions): Promise<void> {
  const root = await ask(path, ['--list'], roster, options);
  const found: Diagnostic[] = [];
  const hosts = new Map<string, Entry['keyAt']>();
  for (const entry of root.entries) if (entry.key !== '_meta') readGroup(entry, hosts, roster, found);
  if (found.length > 0) throw new UserError(found);

  const known = hostVariablesIn(root, found);
  if (found.length > 0) throw new UserError(found);
  const asked = [...hosts];
  while (asked.length > 0) {
    const some = asked.splice(0, AT_ONCE);
    const answers = await Promise.all(
      some.map(([host]) => (known ? child(known, host) : ask(path, ['--host', host], roster, options))),
    );
    some.forEach(([host, at], index) => {
      const variables = answers[index];
      if (variables) setAll(host, variables, `the host "${host}"`, at, roster, found);
    });
  }
  if (found.length > 0) throw new UserError(found);
}

/** `_meta.hostvars`; undefined where each host is to be asked for, as where it is null. */
function hostVariablesIn(root: MapNode, found: Diagnostic[]): MapNode | undefined {
  const refuse = (what: string, node: Node): undefined => {
    found.push(mistake('BadInventory', `${what} cannot be ${describeNode(node)}`, node.at));
    return undefined;
  };
  const meta = child(root, '_meta');
  if (!meta || (meta.kind === 'list' && meta.items.length === 0)) return undefined;
  if (meta.kind !== 'map') return refuse('_meta', meta);
  const known = child(meta, 'hostvars');
  if (!known || (known.kind === 'scalar' && known.value === null)) return undefined;
  return known.kind === 'map' ? known : refuse('hostvars in _meta', known);
}

async function ask(path: string, args: readonly string[], roster: Roster, options: ScriptOptions) {
  const { stdout, stderr } = await runScript(path, args, options);
  const command = [path, ...args].join(' ');
  if (stderr.trim() !== '') roster.warn('ScriptStderr', `\`${command}\` says: ${stderr.trim()}`);
  const printed = stdout.trim() === '' ? 'nothing' : stdout.trim().slice(0, 60);
  const wrong = (what: string) => {
    const hint = 'an inventory script prints one JSON object';
    return new UserError([mistake('InventoryScript', `\`${command}\` printed ${what}`, undefined, hint)]);
  };
  if (printed === 'nothing') throw wrong(printed);
  // Of one host Ansible takes YAML too.
  const isHost = args[0] === '--host';
  if (!isHost && !isJson(stdout)) throw wrong(`what is not JSON: ${printed}`);
  const root = isHost ? parseData(stdout, command) : parseJson(stdout, command);
  if (root.kind !== 'map') throw wrong(describeNode(root));
  return root;
}

function readGroup(entry: Entry, hosts: Map<string, Entry['keyAt']>, roster: Roster, found: Diagnostic[]): void {
  const { key: group, keyAt, value } = entry;
  const refuse = (what: string, node: Node) =>
    found.push(mistake('BadInventory', `${what} of the group "${group}" cannot be ${describeNode(node)}`, node.at));
  attempt(keyAt, found, () => roster.addGroup(group, keyAt));
  const isGroup = value.kind === 'map' && value.entries.some(({ key }) => ['hosts', 'vars', 'children'].includes(key));
  if (value.kind === 'map' && !isGroup) {
    // The short form: a group with one host of the same name.
    attempt(keyAt, found, () => roster.addHost(group, group, keyAt));
    hosts.set(group, keyAt);
    setAll(group, value, `the host "${group}"`, keyAt, roster, found);
    return;
  }
  const listed = value.kind === 'map' ? child(value, 'hosts') : value;
  if (listed && listed.kind !== 'list') refuse('the hosts', listed);
  else
    for (const host of listed?.items ?? []) {
      if (host.kind !== 'scalar' || typeof host.value !== 'string') refuse('a host', host);
      else {
        const name = host.value;
        attempt(keyAt, found, () => roster.addHost(name, group, host.at));
        hosts.set(name, host.at);
      }
    }
  const variables = child(value, 'vars');
  if (variables) setAll(group, variables, `the group "${group}"`, keyAt, roster, found);
  const children = child(value, 'children');
  for (const name of namesIn(children)) {
    if (name === undefined) refuse('the children', children ?? value);
    else
      attempt(keyAt, found, () => {
        roster.addGroup(name, keyAt);
        roster.addChild(group, name);
      });
  }
}

/** The names in a list or the keys of a mapping; undefined for what is no name. */
function namesIn(node: Node | undefined): (string | undefined)[] {
  if (!node) return [];
  if (node.kind === 'map') return node.entries.map((entry) => entry.key);
  if (node.kind === 'scalar') return [undefined];
  return node.items.map((item) => (item.kind === 'scalar' && typeof item.value === 'string' ? item.value : undefined));
}

function setAll(
  owner: string,
  node: Node,
  whose: string,
  at: Entry['keyAt'],
  roster: Roster,
  found: Diagnostic[],
): void {
  if (node.kind !== 'map') {
    found.push(mistake('BadInventory', `the variables of ${whose} cannot be ${describeNode(node)}`, node.at));
    return;
  }
  for (const { key, value } of node.entries) attempt(at, found, () => roster.setVariable(owner, key, value));
}
