import { Misread } from './misread.ts';

/** A value that Python's `ast.literal_eval` makes of a text. Integers come as text: they have no limit there. */
export type Literal =
  | { readonly type: 'str' | 'bytes'; readonly value: string }
  | { readonly type: 'int' | 'float' | 'complex'; readonly text: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'none' | 'ellipsis' }
  | { readonly type: 'tuple' | 'list' | 'set'; readonly items: readonly Literal[] }
  | { readonly type: 'dict'; readonly entries: readonly (readonly [Literal, Literal])[] };

class NoLiteral extends Error {}

const MAX_DEPTH = 200;
const QUOTE_TWICE = `for a text put the value in quotes inside of quotes: "'…'"`;
const DIGITS = '[0-9](?:_?[0-9])*';
const FLOAT = new RegExp(
  `(?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.)(?:[eE][-+]?${DIGITS})?|${DIGITS}[eE][-+]?${DIGITS}`,
  'y',
);
const INTEGER = /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?[0-9])*|0(?:_?0)*(?![0-9_])/y;
const IMAGINARY = new RegExp(`(?:${FLOAT.source}|${DIGITS})[jJ]`, 'y');
const STRING = /([rR][bB]?|[bB][rR]?|[uU])?("""|'''|"|')/y;
const WORD = /[\p{L}\p{Nl}_][\p{L}\p{N}_]*/uy;
const WORDS: Readonly<Record<string, Literal>> = {
  None: { type: 'none' },
  True: { type: 'bool', value: true },
  False: { type: 'bool', value: false },
};

/**
 * What `ast.literal_eval` makes of the text, or undefined where it raises ValueError or SyntaxError: then the text is
 * just text. Throws `Misread` for what Python cannot hash, where Ansible fails too, and for
 * names of Unicode characters in escapes, which are not known here.
 */
export function parseLiteral(text: string): Literal | undefined {
  try {
    return new Reader(text).whole();
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  /** The first `\N{NAME}` in it. */
  #named: string | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Literal {
    const value = this.#items('');
    if (this.#peek() !== '') throw new NoLiteral();
    if (this.#named !== undefined)
      throw new Misread(
        'NamedCharacter',
        `${this.#named} is a character by its name, and names of characters are not known here`,
        'write it by its number, such as \\u00e9, or as it is',
      );
    return value;
  }

  /** Expressions up to a closing bracket; alone and without a comma behind it, an expression stands for itself. */
  #items(close: ')' | ''): Literal {
    const items: Literal[] = [];
    let comma = false;
    while (this.#peek() !== close) {
      items.push(this.#expression());
      comma = this.#take(',');
      if (!comma) break;
    }
    const [only] = items;
    if (only && items.length === 1 && !comma) return only;
    if (only === undefined && close === '') throw new NoLiteral();
    return { type: 'tuple', items };
  }

  #expression(): Literal {
    if (++this.#depth > MAX_DEPTH) throw new NoLiteral();
    const left = this.#signed();
    const sign = this.#peek();
    if (sign === '+' || sign === '-') {
      this.#at++;
      const right = this.#atom();
      if (right.type !== 'complex' || /^[-(]/.test(right.text)) throw new NoLiteral();
      if (left.type !== 'int' && left.type !== 'float') throw new NoLiteral();
      this.#depth--;
      return { type: 'complex', text: `(${left.text}${sign}${right.text})` };
    }
    this.#depth--;
    return left;
  }

  #signed(): Literal {
    const sign = this.#peek();
    if (sign !== '+' && sign !== '-') return this.#atom();
    this.#at++;
    const value = this.#atom();
    if (!('text' in value) || /^[-(]/.test(value.text)) throw new NoLiteral();
    return sign === '-' ? { type: value.type, text: `-${value.text}` } : value;
  }

  #atom(): Literal {
    const char = this.#peek();
    if (char === '(') return this.#parenthesis();
    if (char === '[') return { type: 'list', items: this.#listed(']') };
    if (char === '{') return this.#braces();
    if (/[0-9.]/.test(char)) return this.#number();
    return this.#string() ?? this.#word();
  }

  #parenthesis(): Literal {
    this.#at++;
    const value = this.#items(')');
    this.#expect(')');
    return value;
  }

  #listed(close: string): Literal[] {
    this.#at++;
    const items: Literal[] = [];
    while (this.#peek() !== close) {
      items.push(this.#expression());
      if (!this.#take(',')) break;
    }
    this.#expect(close);
    return items;
  }

  #braces(): Literal {
    this.#at++;
    const keys: Literal[] = [];
    const entries: (readonly [Literal, Literal])[] = [];
    while (this.#peek() !== '}') {
      const key = this.#expression();
      if (entries.length === keys.length && this.#take(':')) entries.push([key, this.#expression()]);
      keys.push(key);
      if (!this.#take(',')) break;
    }
    this.#expect('}');
    if (entries.length > 0 && entries.length < keys.length) throw new NoLiteral();
    keys.forEach(mustHash);
    return keys.length === entries.length ? { type: 'dict', entries: distinct(entries) } : { type: 'set', items: keys };
  }

  #number(): Literal {
    const imaginary = this.#match(IMAGINARY);
    const float = imaginary ? undefined : this.#match(FLOAT);
    const integer = imaginary || float ? undefined : this.#match(INTEGER);
    const text = (imaginary ?? float ?? integer)?.[0];
    if (text === undefined) {
      if (!this.#text.startsWith('...', this.#at)) throw new NoLiteral();
      this.#at += 3;
      return { type: 'ellipsis' };
    }
    if (/[\p{L}\p{N}_.]/u.test(this.#text.charAt(this.#at))) throw new NoLiteral();
    const digits = text.replaceAll('_', '');
    if (imaginary) return { type: 'complex', text: digits };
    if (float) return { type: 'float', text: digits };
    // Python's own limit; longer ones are no literals there either.
    if (digits.length > 4300) throw new NoLiteral();
    return { type: 'int', text: String(BigInt(digits)) };
  }

  #string(): Literal | undefined {
    let joined: { type: 'str' | 'bytes'; value: string } | undefined;
    for (;;) {
      this.#peek();
      const [, prefix = '', quote] = this.#match(STRING) ?? [];
      if (quote === undefined) return joined;
      const type = /b/i.test(prefix) ? 'bytes' : 'str';
      if (joined && joined.type !== type) throw new NoLiteral();
      const value = this.#quoted(quote, type, /r/i.test(prefix));
      joined = { type, value: (joined?.value ?? '') + value };
    }
  }

  #quoted(quote: string, type: 'str' | 'bytes', raw: boolean): string {
    let value = '';
    while (!this.#text.startsWith(quote, this.#at)) {
      if (this.#at >= this.#text.length) throw new NoLiteral();
      const char = this.#text.charAt(this.#at++);
      if (type === 'bytes' && char > '\x7f') throw new NoLiteral();
      if (char !== '\\') value += char;
      else if (raw) value += char + this.#text.charAt(this.#at++);
      else value += this.#escape(type);
    }
    this.#at += quote.length;
    return value;
  }

  /** What stands behind a backslash. One that means nothing stays as it is, backslash and all. */
  #escape(type: 'str' | 'bytes'): string {
    const octal = this.#match(/[0-7]{1,3}/y);
    if (octal) return String.fromCharCode(Number.parseInt(octal[0], 8) & (type === 'bytes' ? 0xff : 0x1ff));
    const char = this.#text.charAt(this.#at++);
    const simple = ESCAPES[char];
    if (simple !== undefined) return simple;
    const width = { x: 2, u: type === 'str' ? 4 : 0, U: type === 'str' ? 8 : 0 }[char] ?? 0;
    if (width > 0) {
      const [digits] = this.#match(new RegExp(`[0-9a-fA-F]{${width}}`, 'y')) ?? [];
      const code = Number.parseInt(digits ?? '', 16);
      if (Number.isNaN(code) || code > 0x10ffff) throw new NoLiteral();
      return String.fromCodePoint(code);
    }
    if (char === 'N' && type === 'str') {
      const named = this.#match(/\{[^{}]+\}/y);
      if (!named) throw new NoLiteral();
      this.#named ??= `\\N${named[0]}`;
      return '';
    }
    if (char === '') throw new NoLiteral();
    return `\\${char}`;
  }

  #word(): Literal {
    const [word = ''] = this.#match(WORD) ?? [];
    if (word === 'set' && this.#take('(') && this.#take(')')) return { type: 'set', items: [] };
    const value = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (value === undefined) throw new NoLiteral();
    return value;
  }

  /** The next character that is neither white space nor comment; empty at the end. */
  #peek(): string {
    this.#match(/[ \t\f]*(?:#.*$)?/sy);
    return this.#text.charAt(this.#at);
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw new NoLiteral();
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at += match[0].length;
    return match ?? undefined;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

type Pair = readonly [Literal, Literal];

/** Of keys that are the same to Python the first stays, with the last value. */
function distinct(entries: readonly Pair[]): readonly Pair[] {
  const known = new Map<string, Pair>();
  for (const [key, value] of entries) {
    const identity = identityOf(key);
    known.set(identity, [known.get(identity)?.[0] ?? key, value]);
  }
  return [...known.values()];
}

/** Equal for what is equal in Python, where 1, 1.0 and True are. */
function identityOf(key: Literal): string {
  if (key.type === 'int') return `number ${Number.isSafeInteger(Number(key.text)) ? Number(key.text) : key.text}`;
  if (key.type === 'float') return `number ${Number(key.text)}`;
  if (key.type === 'bool') return `number ${Number(key.value)}`;
  if ('items' in key) return `${key.type} ${JSON.stringify(key.items.map(identityOf))}`;
  return `${key.type} ${'text' in key ? key.text : 'value' in key ? key.value : ''}`;
}

function mustHash(value: Literal): void {
  if (value.type === 'list' || value.type === 'set' || value.type === 'dict')
    throw new Misread(
      'BadLiteral',
      `as a Python value this cannot be: a ${value.type} in a set or as a key`,
      QUOTE_TWICE,
    );
  if (value.type === 'tuple') value.items.forEach(mustHash);
}
