import { markSecret, type Node, toData } from '../source/node.ts';
import { keepSecret } from '../source/secrets.ts';
import { shortName } from './short-name.ts';

/** Keywords and the module below which variables are written. */
const HOLDERS: readonly string[] = ['vars', 'environment', 'set_fact'];

/** From an encrypted file of variables: each value is a secret. */
export function secretAll(node: Node): Node {
  keepSecret(toData(node));
  return markSecret(node);
}

/**
 * From an encrypted playbook or file of tasks: values of variables are secrets. Names of modules and words such as `present`
 * are not: hiding those would blot out every report.
 */
export function secretVariables(node: Node): Node {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') return { ...node, items: node.items.map(secretVariables) };
  const entries = node.entries.map((entry) => {
    const inside = HOLDERS.includes(shortName(entry.key)) ? secretAll : secretVariables;
    return { ...entry, value: inside(entry.value) };
  });
  return { ...node, entries };
}
