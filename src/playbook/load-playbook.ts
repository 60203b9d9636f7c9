import { dirname, join } from 'node:path';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { describeNode, type MapNode } from '../source/node.ts';
import { findFile } from './find-file.ts';
import { type Inherited, inherit, NOTHING_INHERITED } from './inherit.ts';
import { readKeywords, unknownKeyword } from './keywords.ts';
import { type Loader, type LoadOptions, makeLoader } from './loader.ts';
import { parsePlay } from './parse-play.ts';
import { word } from './readers.ts';
import type { Parsed, Play } from './types.ts';

/** A playbook with everything that it imports, as far as it can be made out, and every mistake in all of its files. */
export async function loadPlaybook(file: string, options: LoadOptions): Promise<Parsed> {
  const loader = makeLoader(options);
  try {
    const plays = await parseFile(file, undefined, [], NOTHING_INHERITED, loader);
    return { playbook: { file, plays }, mistakes: loader.found, modules: [...loader.ownModules.values()] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { playbook: { file, plays: [] }, mistakes: [...loader.found, ...error.diagnostics], modules: [] };
  }
}

async function parseFile(
  file: string,
  at: Position | undefined,
  files: readonly string[],
  outer: Inherited,
  loader: Loader,
): Promise<Play[]> {
  const { found } = loader;
  loader.addModules(join(dirname(file), 'modules'));
  const node = await loader.load(file, at);
  if (!node) return [];
  if (node.kind !== 'list' || node.items.length === 0) {
    const message = `a playbook is a list of plays, not ${node.kind === 'list' ? 'an empty one' : describeNode(node)}`;
    found.push(mistake('BadPlaybook', message, node.at, 'write - hosts: all'));
    return [];
  }
  const plays: Play[] = [];
  for (const item of node.items) {
    if (item.kind !== 'map') {
      found.push(
        mistake('BadPlaybook', `a play is a mapping, not ${describeNode(item)}`, item.at, 'write - hosts: all'),
      );
    } else if (item.entries.some(({ key }) => key.endsWith('import_playbook'))) {
      plays.push(...(await importPlaybook(item, [...files, file], outer, loader)));
    } else {
      const play = await parsePlay(item, file, outer, loader);
      if (play) plays.push(play);
    }
  }
  return plays;
}

async function importPlaybook(
  map: MapNode,
  files: readonly string[],
  outer: Inherited,
  loader: Loader,
): Promise<Play[]> {
  const { found } = loader;
  loader.count(map.at);
  const { given, rest } = readKeywords(map, 'import', loader);
  const entry = rest.find(({ key }) => key.endsWith('import_playbook'));
  for (const other of rest) if (other !== entry) found.push(unknownKeyword(other, 'import', ['import_playbook']));
  const named = entry && loader.early(entry.value);
  const name = named && word(named, entry.key, found);
  if (!entry || name === undefined) return [];
  const file = findFile(name, [dirname(files.at(-1) ?? '')], entry.value.at, found);
  if (file === undefined) return [];
  if (files.includes(file)) {
    const path = [...files.slice(files.indexOf(file)), file].join(' → ');
    found.push(
      mistake('ImportCycle', `this playbook imports itself: ${path}`, entry.value.at, 'take out one of the imports'),
    );
    return [];
  }
  return parseFile(file, entry.value.at, files, inherit(outer, given), loader);
}
