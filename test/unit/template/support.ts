import { parseYaml } from '../../../src/source/yaml.ts';
import type { Level } from '../../../src/template/index.ts';

/** Variables as written in YAML, at a level of that name. */
export function levelOf(name: string, yaml: string): Level {
  const node = parseYaml(yaml, `${name}.yml`);
  const entries = node.kind === 'map' ? node.entries : [];
  return { name, vars: new Map(entries.map((entry) => [entry.key, { node: entry.value }])) };
}
