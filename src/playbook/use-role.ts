import { dirname, join } from 'node:path';
import { mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { type MapNode, type Node, toData } from '../source/node.ts';
import type { Around, ParseItems } from './around.ts';
import { type Inherited, inherit, onTask } from './inherit.ts';
import { readKeywords, unknownKeyword } from './keywords.ts';
import { knowingAt } from './loader.ts';
import { checkDefaults } from './module-defaults.ts';
import { readImport } from './read-import.ts';
import { type RoleFiles, type RoleParts, readRole } from './read-role.ts';
import { list, word } from './readers.ts';
import type { Item, Role, Task } from './types.ts';

const ROLE_PARTS = ['tasks_from', 'handlers_from', 'vars_from', 'defaults_from'] as const;
/** What makes the use of a role another one. */
const OWN = ['vars', 'when', 'tags'];
const NO_EFFECT = ['public', 'allow_duplicates', 'rolespec_validate'];

export async function importRole(map: MapNode, around: Around, parse: ParseItems): Promise<Item[]> {
  const { loader } = around;
  const { found } = loader;
  const { inherited, entry } = readImport(map, 'import_role', around);
  if (entry?.value.kind !== 'map') {
    const message = '"import_role" takes a mapping with the name of the role';
    found.push(mistake('BadValue', message, entry?.value.at ?? map.at, 'write import_role: { name: … }'));
    return [];
  }
  const parts: { -readonly [Key in keyof RoleParts]: RoleParts[Key] } = {};
  let name: { text: string; at: Position } | undefined;
  for (const { key, keyAt, value } of entry.value.entries) {
    const part = ROLE_PARTS.find((one) => one === key);
    const named = part || key === 'name' || key === 'role' ? loader.early(value) : undefined;
    const text = named && word(named, key, found);
    if (part && text !== undefined) parts[part] = text;
    else if (text !== undefined) name = { text, at: value.at };
    else if (!part && key !== 'name' && key !== 'role' && !NO_EFFECT.includes(key))
      found.push(unknownKeyword({ key, keyAt, value }, 'import', ['name', ...ROLE_PARTS]));
  }
  if (!name) {
    const named = entry.value.entries.some(
      ({ key }) => didYouMean(key, ['name', 'role']) || key === 'name' || key === 'role',
    );
    const hint = 'write import_role: { name: NAME }';
    if (!named) found.push(mistake('MissingKeyword', 'this does not say which role', entry.value.at, hint));
    return [];
  }
  const used = await useRole({ name: name.text, at: name.at, parts, again: true }, { ...around, inherited }, parse);
  return [...(used?.items ?? [])];
}

/** A role with the items that its use gave. */
export interface UsedRole {
  readonly role: Role;
  readonly items: readonly Item[];
}

/** The entries of `roles`, or of a role's dependencies. */
export async function useRoles(nodes: readonly Node[], around: Around, parse: ParseItems): Promise<UsedRole[]> {
  const used: UsedRole[] = [];
  for (const node of nodes) {
    const entry = readEntry(node, around);
    const one = entry && (await useRole({ ...entry, parts: {}, again: false }, { ...around, ...entry }, parse));
    if (one) used.push(one);
  }
  return used;
}

/** `- common`, or `- { role: common, tags: … }` */
function readEntry(node: Node, { loader: outside, inherited }: Around) {
  const { found } = outside;
  const loader = node.kind === 'map' ? knowingAt(outside, inherited.scope, node) : outside;
  if (node.kind !== 'map') {
    const named = loader.early(node);
    const name = named && word(named, 'roles', found);
    return name === undefined ? undefined : { name, at: node.at, inherited, own: [] };
  }
  const byRole = node.entries.some(({ key }) => key === 'role');
  const entries = byRole
    ? node.entries
    : node.entries.map((one) => (one.key === 'name' ? { ...one, key: 'role' } : one));
  const { given, rest } = readKeywords({ ...node, entries }, 'role', loader);
  checkDefaults(given.module_defaults, loader);
  const entry = rest.find(({ key }) => key === 'role');
  for (const other of rest) {
    if (other === entry) continue;
    found.push(unknownKeyword(other, 'role', ['role'], 'put parameters of the role under vars'));
  }
  if (!entry) found.push(mistake('MissingKeyword', 'this does not say which role', node.at, 'write role: NAME'));
  const named = entry && loader.early(entry.value);
  const name = named && word(named, entry.key, found);
  if (!entry || name === undefined) return undefined;
  const own = node.entries.filter(({ key }) => OWN.includes(key)).map(({ key, value }) => [key, toData(value)]);
  return { name, at: entry.value.at, inherited: inherit(inherited, given), own };
}

interface Use {
  readonly name: string;
  readonly at: Position;
  readonly parts: RoleParts;
  /** Even if the role ran before. */
  readonly again: boolean;
  /** What of its use makes it another one: once is enough for the same. */
  readonly own?: unknown;
}

/** A role's dependencies and tasks; its handlers go to the play. */
async function useRole(
  { name, at, parts, again, own }: Use,
  around: Around,
  parse: ParseItems,
): Promise<UsedRole | undefined> {
  const { loader, playDirectory, roles, play, inherited } = around;
  loader.count(at);
  const { rolesPath = [] } = loader.options;
  const directories = [
    join(playDirectory, 'roles'),
    ...roles.map((role) => dirname(role)),
    ...rolesPath,
    playDirectory,
  ];
  const files = await readRole(name, at, [...new Set(directories)], parts, loader);
  if (!files) return undefined;
  if (roles.includes(files.path)) {
    const path = [...roles.slice(roles.indexOf(files.path)), files.path].join(' → ');
    loader.found.push(
      mistake('RoleCycle', `this role depends on itself: ${path}`, at, 'take out one of the dependencies'),
    );
    return undefined;
  }
  const key = JSON.stringify([files.path, own]);
  const once = !again && !files.allowDuplicates;
  const known = once && play.ran.has(key);
  if (!again) play.ran.add(key);

  // What is wrong in it was said of its first use.
  const inner = { ...around, roles: [...roles, files.path], ...(known && { loader: { ...loader, found: [] } }) };
  const before = await useRoles(files.dependencies, inner, parse);
  const role = roleOf(files, inherited.scope.role, before);
  const inside = { ...inner, inherited: { ...inherited, scope: { ...inherited.scope, role } } };
  const listOf = async (part: RoleFiles['tasks'], place: Around['place']): Promise<Item[]> => {
    const nodes = part && list(part.node, part.file, inner.loader.found);
    return nodes ? parse(nodes, { ...inside, place, files: [...around.files, part.file] }) : [];
  };
  if (!known) play.handlers.push(...(await listOf(files.handlers, 'handler')).filter((item) => item.kind === 'task'));
  const first = role.argumentSpec ? [validation(role, at, inside.inherited)] : [];
  const items = [...first, ...(await listOf(files.tasks, 'task'))];
  const { when, scope } = inside.inherited;
  const block = { kind: 'block', at, once: key, when, scope, block: items, rescue: [], always: [] } as const;
  return { role, items: [...before.flatMap((one) => one.items), ...(once && items.length > 0 ? [block] : items)] };
}

/** The task that Ansible, too, puts before those of a role that says what it needs. */
function validation(role: Role, at: Position, inherited: Inherited): Task {
  const { title = "'main'" } = role.argumentSpec ?? {};
  const name = `${role.name} : Validating arguments against arg spec ${title}`;
  return {
    ...onTask(inherited),
    kind: 'task',
    at,
    name: { kind: 'scalar', value: name, at, quoted: true },
    module: 'validate_argument_spec',
    moduleAt: at,
    params: { kind: 'map', entries: [], at },
    tags: [...new Set([...inherited.tags, 'always'])],
    notify: [],
    ...{
      retries: 3,
      delay: 5,
      failedWhen: [],
      changedWhen: [],
      listen: [],
    },
  };
}

/** A role sees the variables of the role that uses it, and of those that it depends on. */
function roleOf(files: RoleFiles, user: Role | undefined, dependencies: readonly UsedRole[]): Role {
  const others = [...(user ? [user] : []), ...dependencies.map(({ role }) => role)];
  return {
    name: files.name,
    path: files.path,
    defaults: [...new Set([...others.flatMap(({ defaults }) => defaults), ...files.defaults])],
    vars: [...new Set([...others.flatMap(({ vars }) => vars), ...files.vars])],
    ...(files.argumentSpec && { argumentSpec: files.argumentSpec }),
  };
}
