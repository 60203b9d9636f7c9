import type { Node } from '../source/node.ts';
import { parseYaml } from '../source/yaml.ts';
import { isJson, parseJson } from './json.ts';

/** JSON if it is that, else YAML as PyYAML reads it: what Ansible makes of a file of data. Throws `UserError`. */
export const parseData = (text: string, file: string): Node =>
  isJson(text) ? parseJson(text, file) : parseYaml(text, file, { dialect: '1.1' });
