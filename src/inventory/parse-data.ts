import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import { parseYaml } from '../source/yaml.ts';
import { isJson, parseJson } from './json.ts';
import { impossibleTime } from './timestamp.ts';

/** JSON if it is that, else YAML as PyYAML reads it: what Ansible makes of a file of data. Throws `UserError`. */
export function parseData(text: string, file: string): Node {
  if (isJson(text)) return parseJson(text, file);
  const root = parseYaml(text, file, { dialect: '1.1' });
  const found = impossibleTimes(root);
  if (found.length > 0) throw new UserError(found);
  return root;
}

function impossibleTimes(node: Node): Diagnostic[] {
  if (node.kind === 'list') return node.items.flatMap(impossibleTimes);
  if (node.kind === 'map') return node.entries.flatMap(({ value }) => impossibleTimes(value));
  const why = impossibleTime(node);
  if (why === undefined) return [];
  return [mistake('BadValue', `${node.raw} reads as a time to YAML 1.1, and ${why}`, node.at, 'write it in quotes')];
}
