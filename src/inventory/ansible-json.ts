import { mistake, UserError } from '../source/diagnostic.ts';
import type { Entry, MapNode, Node, Scalar } from '../source/node.ts';
import { HIDDEN } from '../source/secrets.ts';
import { isFloat, keyValue, pythonType } from './python-node.ts';
import { floatText, integerText } from './python-print.ts';
import { byCodePoint } from './python-text.ts';
import { isoTime } from './timestamp.ts';

class Unsortable extends Error {}

/**
 * JSON as `ansible-inventory` prints it: four spaces, keys in order, floats as floats, `__ansible_vault` and
 * `__ansible_unsafe`. Where the keys of a mapping are of several types, all keys stay as they come. Throws `UserError`
 * (`NoJson`) for a Python set and the like.
 */
export function ansibleJson(node: Node): string {
  try {
    return print(node, '', true);
  } catch (error) {
    if (error instanceof Unsortable) return print(node, '', false);
    throw error;
  }
}

function print(node: Node, indent: string, sorted: boolean): string {
  const type = pythonType(node);
  if (type && type !== 'tuple')
    throw new UserError([mistake('NoJson', `this reads as a Python ${type}, which JSON does not have`, node.at)]);
  const inner = `${indent}    `;
  if (node.kind === 'list')
    return enclosed(
      '[',
      node.items.map((item) => print(item, inner, sorted)),
      ']',
      indent,
    );
  if (node.kind === 'scalar') return printScalar(node, inner, indent);
  const entries = sorted ? inOrder(node) : node.entries;
  const lines = entries.map((entry) => `${printKey(entry)}: ${print(entry.value, inner, sorted)}`);
  return enclosed('{', lines, '}', indent);
}

function enclosed(open: string, lines: readonly string[], close: string, indent: string): string {
  return lines.length === 0
    ? open + close
    : `${open}\n${lines.map((line) => `${indent}    ${line}`).join(',\n')}\n${indent}${close}`;
}

function printScalar(node: Scalar, inner: string, indent: string): string {
  const { value, tag, secret } = node;
  if (secret) return JSON.stringify(HIDDEN);
  if (typeof value === 'string') {
    const quoted = JSON.stringify(isoTime(node) ?? value);
    if (tag === undefined) return quoted;
    return `{\n${inner}"__ansible_${tag.slice(1)}": ${quoted}\n${indent}}`;
  }
  return printPlain(value, isFloat(node.raw ?? ''));
}

function printPlain(value: Exclude<Scalar['value'], string>, float: boolean): string {
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return float ? floatText(value) : integerText(value);
}

function printKey(entry: Entry): string {
  const key = keyValue(entry);
  return JSON.stringify(typeof key === 'string' ? key : printPlain(key, isFloat(entry.key)));
}

/** Python compares text with text and numbers with numbers; true and false are numbers. */
function inOrder({ entries }: MapNode): readonly Entry[] {
  if (entries.length < 2) return entries;
  const keyed = entries.map((entry) => ({ entry, key: keyValue(entry) }));
  if (keyed.every(({ key }) => typeof key === 'string')) return [...entries].sort((a, b) => byCodePoint(a.key, b.key));
  if (keyed.some(({ key }) => typeof key === 'string' || key === null)) throw new Unsortable();
  return keyed.sort((a, b) => Number(a.key) - Number(b.key)).map(({ entry }) => entry);
}
