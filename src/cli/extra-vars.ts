import { resolve } from 'node:path';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { type Node, nodeOf } from '../source/node.ts';
import { readText } from '../source/read-text.ts';
import { parseYaml } from '../source/yaml.ts';
import type { Binding } from '../template/index.ts';
import { pairs } from './pairs.ts';

/**
 * `-e` as Ansible takes it: `@file`, a YAML or JSON map, or `k=v k2='v 2'` pairs, whose values are text. Later ones win.
 */
export function extraVariables(given: readonly string[]): ReadonlyMap<string, Binding> {
  const vars = new Map<string, Binding>();
  given.forEach((text, index) => {
    const at: Position = { file: `-e (${index + 1})`, line: 1, column: 1 };
    for (const [key, value] of one(text, at)) vars.set(key, { node: value });
  });
  return vars;
}

function one(text: string, at: Position): readonly (readonly [string, Node])[] {
  if (text.startsWith('@')) return mapEntries(parseYaml(readText(text.slice(1), at), resolve(text.slice(1))), text);
  if (/^\s*[{[]/.test(text)) return mapEntries(parseYaml(text, at.file), text);
  return pairs(text, refused(at)).map(([key, value]) => [key, nodeOf(value, at)]);
}

function mapEntries(node: Node, text: string): readonly (readonly [string, Node])[] {
  if (node.kind === 'map') return node.entries.map(({ key, value }) => [key, value]);
  throw new UserError([
    mistake('BadExtraVars', `${text} is not a map of variables`, node.at, 'write name=value, a JSON mapping or @FILE'),
  ]);
}

const refused = (at: Position) => (word: string) =>
  mistake('BadExtraVars', `"${word}" is not name=value`, at, 'write -e name=value, -e @file.yml or -e \'{"name": …}\'');
