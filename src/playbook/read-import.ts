import type { Entry, MapNode } from '../source/node.ts';
import type { Around } from './around.ts';
import { type Inherited, inherit } from './inherit.ts';
import { readKeywords, unknownKeyword } from './keywords.ts';
import { checkDefaults } from './module-defaults.ts';
import { shortName } from './short-name.ts';

/** The keywords on an import and what it imports: a name alone, or a mapping. */
export function readImport(
  map: MapNode,
  keyword: string,
  around: Around,
): { inherited: Inherited; entry: Entry | undefined } {
  const { loader, inherited } = around;
  const { given, rest } = readKeywords(map, 'import', loader);
  checkDefaults(given.module_defaults, loader);
  const entry = rest.find(({ key }) => shortName(key) === keyword);
  for (const other of rest) if (other !== entry) loader.found.push(unknownKeyword(other, 'import', [keyword]));
  return { inherited: inherit(inherited, given), entry };
}
