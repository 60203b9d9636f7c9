import type { Position } from './diagnostic.ts';
import type { Scalar } from './node.ts';

/**
 * Where the character at `index` of a scalar's text stands in the file, past quotes, escapes, indentation and folding.
 * The scalar's own position where it is not written in a file.
 */
export function positionIn(scalar: Scalar, index: number, length = 1): Position {
  const { raw, at, value } = scalar;
  if (raw === undefined || typeof value !== 'string') return at;
  const before = raw.slice(0, rawIndex(raw, value, index)).split('\n');
  const last = before.at(-1) ?? '';
  const column = before.length === 1 ? at.column + last.length : last.length + 1;
  return { file: at.file, line: at.line + before.length - 1, column, length: Math.max(1, length) };
}

/** Walk the text and its source side by side: they differ only in escapes and white space. */
function rawIndex(raw: string, value: string, index: number): number {
  const quote = raw[0];
  let from = quote === '"' || quote === "'" ? 1 : 0;
  if (quote === '|' || quote === '>') from = firstOfBlock(raw);
  for (let to = 0; to < index || isGap(raw, from, value, to); ) {
    if (from >= raw.length) return raw.length;
    const escaped = quote === '"' && raw[from] === '\\' ? escapeAt(raw, from) : undefined;
    if (escaped) {
      from += escaped.length;
      to += escaped.gives;
    } else if (quote === "'" && raw.startsWith("''", from)) {
      from += 2;
      to += 1;
    } else if (raw[from] === value[to] || (isSpace(raw[from]) && isSpace(value[to]))) {
      from += 1;
      to += 1;
    } else if (isSpace(raw[from])) from += 1;
    else to += 1;
  }
  return from;
}

/** Indentation and folded line ends stand in the source alone. */
const isGap = (raw: string, from: number, value: string, to: number): boolean =>
  from < raw.length && isSpace(raw[from]) && to < value.length && !isSpace(value[to]);

const isSpace = (char: string | undefined): boolean => char === ' ' || char === '\n' || char === '\t' || char === '\r';

function firstOfBlock(raw: string): number {
  const line = raw.indexOf('\n') + 1;
  return line === 0 ? raw.length : line;
}

/** https://yaml.org/spec/1.2.2/#57-escaped-characters */
function escapeAt(raw: string, from: number): { readonly length: number; readonly gives: number } {
  const letter = raw[from + 1];
  if (letter === 'x') return { length: 4, gives: 1 };
  if (letter === 'u') return { length: 6, gives: 1 };
  if (letter === 'U')
    return { length: 10, gives: Number.parseInt(raw.slice(from + 2, from + 10), 16) > 0xffff ? 2 : 1 };
  if (letter === '\n' || letter === '\r') return { length: raw.slice(from + 1).search(/[^\s]/) + 1 || 2, gives: 0 };
  return { length: 2, gives: 1 };
}
