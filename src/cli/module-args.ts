import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { type MapNode, nodeOf } from '../source/node.ts';
import { parseYaml } from '../source/yaml.ts';
import { pairs } from './pairs.ts';

/** `-a`: a module's parameters as a YAML or JSON map, or `k=v k2='v 2' k3=[v, w]` pairs, whose values are text, or YAML in brackets. Throws `UserError`. */
export function moduleArgs(text: string): MapNode {
  const at: Position = { file: '-a', line: 1, column: 1 };
  if (text.trim() === '') return { kind: 'map', entries: [], at };
  if (/^\s*(?:[{[]|[\w.-]+\s*:(?:\s|$))/.test(text)) {
    const node = parseYaml(text, at.file);
    if (node.kind === 'map') return node;
    throw new UserError([mistake('BadArguments', 'the arguments of a module are a mapping', node.at)]);
  }
  const refused = (word: string) =>
    mistake('BadArguments', `"${word}" is not name=value`, at, "write -a 'name=value …' or -a '{ name: value }'");
  const entries = pairs(text, refused).map(({ name, value, brackets }) => ({
    key: name,
    keyAt: at,
    value: brackets ? parseYaml(value, at.file) : nodeOf(value, at),
  }));
  return { kind: 'map', entries, at };
}
