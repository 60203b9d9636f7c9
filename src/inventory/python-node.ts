import type { Position } from '../source/diagnostic.ts';
import type { Entry, ListNode, MapNode, Node, Scalar } from '../source/node.ts';
import { resolvePlain } from '../source/plain-scalar.ts';
import type { Literal } from './python-literal.ts';

/** A value that only Python tells from a text, a list or a mapping. A `dict` has keys that no mapping can have. */
export type PythonNode =
  | (Scalar & { readonly python: 'complex' | 'bytes' | 'ellipsis' })
  | (ListNode & { readonly python: 'tuple' | 'set' })
  | (MapNode & { readonly python: 'dict' });

/** Which of Python's own types a node has, where that is none of YAML's. */
export const pythonType = (node: Node): PythonNode['python'] | undefined =>
  'python' in node ? (node as PythonNode).python : undefined;

/** A scalar at a place. `raw` is how it was written, where that is the same text or tells a float from an integer. */
export function scalar(value: Scalar['value'], at: Position, raw?: string): Scalar {
  return { kind: 'scalar', value, at, quoted: typeof value === 'string', ...(raw !== undefined && { raw }) };
}

/** A Python literal as a node, all of it at one position. */
export function nodeOfLiteral(literal: Literal, at: Position): Node {
  switch (literal.type) {
    case 'str':
    case 'bool':
      return scalar(literal.value, at);
    case 'none':
      return scalar(null, at);
    case 'int':
      return scalar(Number.isSafeInteger(Number(literal.text)) ? Number(literal.text) : BigInt(literal.text), at);
    case 'float':
      return scalar(Number(literal.text), at, literal.text);
    case 'complex':
      return { ...scalar(literal.text, at), python: 'complex' } as PythonNode;
    case 'bytes':
      return { ...scalar(literal.value, at), python: 'bytes' } as PythonNode;
    case 'ellipsis':
      return { ...scalar('...', at), python: 'ellipsis' } as PythonNode;
    case 'dict': {
      const entries = literal.entries.map(([key, value]) => entryOf(key, value, at));
      const map: MapNode = { kind: 'map', entries, at };
      const usual = literal.entries.every(([{ type }]) => MAPPING_KEYS.includes(type));
      return usual ? map : ({ ...map, python: 'dict' } as PythonNode);
    }
    default: {
      const list: ListNode = { kind: 'list', items: literal.items.map((item) => nodeOfLiteral(item, at)), at };
      return literal.type === 'list' ? list : ({ ...list, python: literal.type } as PythonNode);
    }
  }
}

const entryOf = (key: Literal, value: Literal, at: Position): Entry => {
  const plain = key.type !== 'str' && { keyPlain: true as const };
  return { key: keyText(key), keyAt: at, value: nodeOfLiteral(value, at), ...plain };
};

const MAPPING_KEYS: readonly string[] = ['str', 'int', 'float', 'bool', 'none'];

/** A key as YAML would have it, or where it cannot, what type it is of. */
function keyText(key: Literal): string {
  if ('text' in key) return key.text;
  if ('value' in key) return String(key.value);
  return key.type === 'none' ? 'null' : key.type;
}

/** What a key means to PyYAML: `1234` is a number, `yes` is true. */
export const keyValue = (entry: Entry): Scalar['value'] =>
  entry.keyPlain ? resolvePlain(entry.key, '1.1') : entry.key;

/** What Python takes for false. */
export const isEmpty = (node: Node): boolean => {
  if (node.kind === 'scalar') return !node.value;
  return (node.kind === 'map' ? node.entries : node.items).length === 0;
};

/** Whether a number as it was written is a float to Python. */
export const isFloat = (raw: string): boolean => /[.e]/i.test(raw) && !/^[-+]?0[xob]/i.test(raw);
