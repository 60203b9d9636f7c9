import { dirname, join } from 'node:path';
import { mistake, type Position } from '../source/diagnostic.ts';
import { describeNode, type MapNode, type Node } from '../source/node.ts';
import type { Around } from './around.ts';
import { findFile } from './find-file.ts';
import { inherit } from './inherit.ts';
import { readKeywords, unknownKeyword } from './keywords.ts';
import { knowingAt } from './loader.ts';
import { checkDefaults } from './module-defaults.ts';
import { parseLoop } from './parse-loop.ts';
import { parseMeta, parseTask } from './parse-task.ts';
import { readImport } from './read-import.ts';
import { list, word } from './readers.ts';
import { shortName } from './short-name.ts';
import type { Block, Item } from './types.ts';
import { importRole } from './use-role.ts';

/** The items of a list of tasks, imports and roles put in their place. */
export async function parseItems(nodes: readonly Node[], around: Around): Promise<Item[]> {
  const items: Item[] = [];
  for (const node of nodes) {
    if (node.kind === 'map') items.push(...(await parseItem(node, around)));
    else {
      const message = `a ${around.place} is a mapping, not ${describeNode(node)}`;
      around.loader.found.push(mistake('BadTask', message, node.at, taskHint(node)));
    }
  }
  return items;
}

async function parseItem(map: MapNode, outer: Around): Promise<Item[]> {
  const { place, inherited } = outer;
  const loader = knowingAt(outer.loader, inherited.scope, map);
  const around = { ...outer, loader };
  loader.count(map.at);
  const names = new Set(map.entries.map(({ key }) => shortName(key)));
  const structure = ['block', 'meta', 'import_role'].find((name) => names.has(name));
  if (structure && place === 'handler') {
    const message = `"${structure}" cannot stand among handlers`;
    loader.found.push(
      mistake('MisplacedKeyword', message, map.at, 'a handler is one task; it can be notified by "listen"'),
    );
    return [];
  }
  if (names.has('block')) return [await parseBlock(map, around)];
  if (names.has('import_tasks')) return importTasks(map, around);
  if (names.has('import_role')) return importRole(map, around, parseItems);
  if (names.has('import_playbook')) {
    const hint = 'put it at the top of the playbook, beside the plays';
    loader.found.push(mistake('MisplacedKeyword', '"import_playbook" cannot stand among tasks', map.at, hint));
    return [];
  }
  const item = names.has('meta') ? parseMeta(map, inherited, loader) : parseTask(map, place, inherited, loader);
  if (!item && place === 'handler') around.play.lostHandlers.push(map.at);
  return item ? [item] : [];
}

/** `- debug`, `- name:x` and the like. */
function taskHint(node: Node): string {
  if (node.kind === 'scalar' && node.value === null) return 'take it out, or write - MODULE: { PARAMETER: VALUE }';
  const written = node.kind === 'scalar' ? String(node.value) : '';
  const glued = /^([\w.]+):(\S.*)$/.exec(written);
  if (glued) return `put a space behind the colon: ${glued[1]}: ${glued[2]}`;
  return /^[\w.]+$/.test(written) ? `write - ${written}: {}` : 'write - MODULE: { PARAMETER: VALUE }';
}

const PARTS = ['block', 'rescue', 'always'] as const;

async function parseBlock(map: MapNode, around: Around): Promise<Block> {
  const { loader } = around;
  const { found, options } = loader;
  const { given, rest } = readKeywords(map, 'block', loader);
  checkDefaults(given.module_defaults, loader);
  const inner = { ...around, inherited: inherit(around.inherited, given) };
  const loop = parseLoop(given, map, loader);
  for (const entry of rest) {
    if (PARTS.some((part) => part === entry.key)) continue;
    const isModule = options.moduleNames.includes(shortName(entry.key));
    const misplaced = () =>
      mistake(
        'SeveralModules',
        `a block cannot use the module "${entry.key}" as well`,
        entry.keyAt,
        'put it into the block',
      );
    found.push(isModule ? misplaced() : unknownKeyword(entry, 'block', PARTS));
  }
  const part = async (name: (typeof PARTS)[number]): Promise<Item[]> => {
    const entry = rest.find(({ key }) => key === name);
    return parseItems((entry && list(entry.value, name, found)) ?? [], inner);
  };
  const name = given.name && { name: String(given.name.value) };
  const [block, rescue, always] = [await part('block'), await part('rescue'), await part('always')];
  const { when, scope } = inner.inherited;
  return { kind: 'block', at: map.at, ...name, ...(loop && { loop }), when, scope, block, rescue, always };
}

async function importTasks(map: MapNode, around: Around): Promise<Item[]> {
  const { loader, files, playDirectory, roles } = around;
  const { inherited, entry } = readImport(map, 'import_tasks', around);
  const value =
    entry?.value.kind === 'map' ? entry.value.entries.find(({ key }) => key === 'file')?.value : entry?.value;
  for (const other of entry?.value.kind === 'map' ? entry.value.entries : []) {
    if (other.key === 'file') continue;
    const hint = 'keywords stand beside import_tasks, and hold for all tasks of the file';
    loader.found.push(mistake('UnknownKeyword', `"${other.key}" is not part of import_tasks`, other.keyAt, hint));
  }
  const named = value && loader.early(value);
  const name = named && word(named, 'import_tasks', loader.found);
  if (!value && entry)
    loader.found.push(
      mistake('MissingKeyword', 'this does not say which file', entry.value.at, 'write import_tasks: FILE'),
    );
  if (name === undefined || !value) return [];
  const role = roles.at(-1);
  const directories = [dirname(files.at(-1) ?? ''), ...(role ? [join(role, 'tasks')] : []), playDirectory];
  const file = findFile(name, [...new Set(directories)], value.at, loader.found);
  if (file === undefined) return [];
  return parseFile(file, value.at, { ...around, inherited });
}

/** The tasks in a file of nothing but tasks. */
async function parseFile(file: string, at: Position, around: Around): Promise<Item[]> {
  const { loader, files } = around;
  if (files.includes(file)) {
    const path = [...files.slice(files.indexOf(file)), file].join(' → ');
    loader.found.push(mistake('ImportCycle', `this file imports itself: ${path}`, at, 'take out one of the imports'));
    return [];
  }
  const node = await loader.load(file, at);
  const nodes = node && list(node, file, loader.found);
  return parseItems(nodes ?? [], { ...around, files: [...files, file] });
}
