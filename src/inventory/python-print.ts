import { isSecret, type Node, type Scalar } from '../source/node.ts';
import { HIDDEN } from '../source/secrets.ts';
import { isFloat, keyValue, pythonType } from './python-node.ts';
import { isoTime, pythonTime } from './timestamp.ts';

/** As Python's `str()` shows a value: text as it is, all else as `repr()`. */
export function pythonStr(node: Node): string {
  if (node.kind === 'scalar' && isSecret(node)) return HIDDEN;
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || pythonType(node)) return pythonRepr(node);
  return isoTime(node)?.replace('T', ' ') ?? node.value;
}

/** As Python's `repr()` shows a value. */
export function pythonRepr(node: Node): string {
  if (node.kind === 'scalar' && isSecret(node)) return `'${HIDDEN}'`;
  const type = pythonType(node);
  if (node.kind === 'map') {
    const entries = node.entries.map((entry) => {
      const key = keyValue(entry);
      return `${reprOf(key, typeof key === 'number' && isFloat(entry.key))}: ${pythonRepr(entry.value)}`;
    });
    return `{${entries.join(', ')}}`;
  }
  if (node.kind === 'list') {
    const items = node.items.map(pythonRepr).join(', ');
    if (type === 'set') return items === '' ? 'set()' : `{${items}}`;
    if (type === 'tuple') return node.items.length === 1 ? `(${items},)` : `(${items})`;
    return `[${items}]`;
  }
  if (type === 'complex') return String(node.value);
  if (type === 'ellipsis') return 'Ellipsis';
  if (type === 'bytes') return `b${reprOf(node.value, false)}`;
  return pythonTime(node) ?? reprOf(node.value, isFloat(node.raw ?? ''));
}

function reprOf(value: Scalar['value'], float: boolean): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return float || !Number.isFinite(value) ? floatText(value) : integerText(value);
  return typeof value === 'bigint' ? String(value) : textRepr(value);
}

/** Never in exponents, never -0. */
export const integerText = (value: number): string => (Number.isInteger(value) ? String(BigInt(value)) : String(value));

/** `repr()` of a float: always a point or an exponent, which begins at 1e16 and below 0.0001. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (value !== 0 && (exponent < -4 || exponent >= 16))
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const plain = Object.is(value, -0) ? '-0' : String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}

const NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Single quotes unless only they are in the text; what does not print is escaped. */
function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(/[\\\n\r\t]|[\p{C}\p{Z}]/gu, (char) => {
    if (char === ' ') return char;
    const code = char.codePointAt(0) ?? 0;
    const hex = (width: number) => code.toString(16).padStart(width, '0');
    return NAMED[char] ?? (code < 0x100 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`);
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}
