import { resolve } from 'node:path';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { markSecret, type Node, nodeOf, toData } from '../source/node.ts';
import { readText } from '../source/read-text.ts';
import { keepSecret } from '../source/secrets.ts';
import { parseYaml } from '../source/yaml.ts';
import type { Binding } from '../template/index.ts';
import { isSealed } from '../vault/keyring.ts';
import type { Locksmith } from '../vault/locksmith.ts';
import { pairs } from './pairs.ts';

/**
 * `-e` as Ansible takes it: `@file`, a YAML or JSON map, or `k=v k2='v 2'` pairs, whose values are text. Later ones win.
 */
export async function extraVariables(
  given: readonly string[],
  locksmith: Locksmith,
): Promise<ReadonlyMap<string, Binding>> {
  const vars = new Map<string, Binding>();
  for (const [index, text] of given.entries()) {
    const at: Position = { file: `-e (${index + 1})`, line: 1, column: 1 };
    for (const [key, value] of await one(text, at, locksmith)) vars.set(key, { node: await locksmith.unseal(value) });
  }
  return vars;
}

async function one(text: string, at: Position, locksmith: Locksmith): Promise<readonly (readonly [string, Node])[]> {
  if (text.startsWith('@')) return mapEntries(await fromFile(resolve(text.slice(1)), at, locksmith), text);
  if (/^\s*[{[]/.test(text)) return mapEntries(parseYaml(text, at.file), text);
  return pairs(text, refused(at)).map(({ name, value }) => [name, nodeOf(value, at)]);
}

async function fromFile(file: string, at: Position, locksmith: Locksmith): Promise<Node> {
  const text = readText(file, at);
  if (!isSealed(text)) return parseYaml(text, file);
  const node = parseYaml(await locksmith.openFile(text, file), file);
  keepSecret(toData(node));
  return markSecret(node);
}

function mapEntries(node: Node, text: string): readonly (readonly [string, Node])[] {
  if (node.kind === 'map') return node.entries.map(({ key, value }) => [key, value]);
  throw new UserError([
    mistake('BadExtraVars', `${text} is not a map of variables`, node.at, 'write name=value, a JSON mapping or @FILE'),
  ]);
}

const refused = (at: Position) => (word: string) =>
  mistake('BadExtraVars', `"${word}" is not name=value`, at, 'write -e name=value, -e @file.yml or -e \'{"name": …}\'');
