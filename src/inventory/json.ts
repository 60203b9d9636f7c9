import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import type { Entry, Node } from '../source/node.ts';

const MAX_DEPTH = 500;
const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const WORD = /[^\s,\]}]+/y;

/** Whether the text is JSON: Ansible reads as JSON whatever can be, before it tries YAML. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(strict(text));
    return true;
  } catch {
    return false;
  }
}

const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/** Without the words that Python's JSON has beyond the standard. */
const strict = (text: string): string =>
  /NaN|Infinity/.test(text)
    ? text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (match) => (match.startsWith('"') ? match : '0'))
    : text;

/**
 * JSON with positions, keys in the order written and whole numbers of any size. Throws `UserError` where it is none.
 * `{"__ansible_vault": …}` and `{"__ansible_unsafe": …}` are what Ansible writes for `!vault` and `!unsafe`.
 */
export function parseJson(text: string, file: string): Node {
  try {
    JSON.parse(strict(text));
  } catch (error) {
    throw new UserError([
      mistake('BadJson', `this is not JSON: ${(error as Error).message}`, { file, line: 1, column: 1 }),
    ]);
  }
  return new Reader(text, file).value(0);
}

/** Walks a text that is known to be JSON. */
class Reader {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  value(depth: number): Node {
    const char = this.#peek();
    if (depth > MAX_DEPTH) {
      const message = `values are nested more than ${MAX_DEPTH} deep`;
      throw new UserError([mistake('BadJson', message, this.#position(1))]);
    }
    if (char === '{') return this.#map(depth);
    if (char === '[') return this.#list(depth);
    const raw = this.#match(char === '"' ? STRING : WORD);
    const at = this.#position(raw.length, raw.length);
    const value: string | number | boolean | null = NOT_FINITE[raw] ?? JSON.parse(raw);
    const whole = typeof value === 'number' && /^-?\d+$/.test(raw);
    return {
      kind: 'scalar',
      value: whole && !Number.isSafeInteger(value) ? BigInt(raw) : value,
      at,
      quoted: char === '"',
      raw,
    };
  }

  #map(depth: number): Node {
    const at = this.#position(1);
    const entries = new Map<string, Entry>();
    for (this.#at++; this.#peek() !== '}'; this.#skip(',')) {
      const raw = this.#match(STRING);
      const keyAt = this.#position(raw.length, raw.length);
      const key: string = JSON.parse(raw);
      this.#skip(':');
      entries.set(key, { key, keyAt, value: this.value(depth + 1) });
    }
    this.#at++;
    for (const [key, tag] of [
      ['__ansible_vault', '!vault'],
      ['__ansible_unsafe', '!unsafe'],
    ] as const) {
      const tagged = entries.get(key)?.value;
      if (tagged?.kind === 'scalar') return { ...tagged, tag };
    }
    return { kind: 'map', entries: [...entries.values()], at };
  }

  #list(depth: number): Node {
    const at = this.#position(1);
    const items: Node[] = [];
    for (this.#at++; this.#peek() !== ']'; this.#skip(',')) items.push(this.value(depth + 1));
    this.#at++;
    return { kind: 'list', items, at };
  }

  #peek(): string {
    const space = this.#match(SPACE);
    const lines = space.split('\n').length - 1;
    if (lines > 0) {
      this.#line += lines;
      this.#lineStart = this.#at - space.length + space.lastIndexOf('\n') + 1;
    }
    return this.#text.charAt(this.#at);
  }

  #skip(char: string): void {
    if (this.#peek() === char) this.#at++;
    this.#peek();
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }

  #position(length: number, back = 0): Position {
    return { file: this.#file, line: this.#line, column: this.#at - back - this.#lineStart + 1, length };
  }
}
