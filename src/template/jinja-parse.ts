/** An expression of Jinja, as far as people write them in playbooks: read to say how it is written here, never evaluated. */
export type Jinja =
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'text'; readonly value: string; readonly quote: string }
  | { readonly is: 'word'; readonly value: string }
  | { readonly is: 'list'; readonly items: readonly Jinja[] }
  | { readonly is: 'map'; readonly entries: readonly (readonly [key: Jinja, value: Jinja])[] }
  | { readonly is: 'field'; readonly of: Jinja; readonly name: string }
  | { readonly is: 'item'; readonly of: Jinja; readonly key: Jinja }
  | { readonly is: 'call'; readonly of: Jinja; readonly args: readonly Argument[] }
  | { readonly is: 'filter'; readonly of: Jinja; readonly name: string; readonly args: readonly Argument[] }
  | { readonly is: 'test'; readonly of: Jinja; readonly name: string; readonly args: readonly Argument[] }
  | { readonly is: 'not' | 'minus'; readonly of: Jinja }
  | { readonly is: 'sign'; readonly sign: string; readonly left: Jinja; readonly right: Jinja }
  | { readonly is: 'if'; readonly condition: Jinja; readonly yes: Jinja; readonly no: Jinja | undefined };

/** A value in parentheses, with its name where it has one: `attribute='x'`. */
export interface Argument {
  readonly name?: string;
  readonly value: Jinja;
}

/** Longer ones, and deeper ones, are not looked into. */
const MAX_LENGTH = 500;
const MAX_DEPTH = 30;

const TOKEN =
  /\s*(?:("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\*\*|\/\/|[=!<>]=|[-+*/%~<>|.,:()[\]{}=])|(\S))/gy;

interface Token {
  readonly kind: 'text' | 'number' | 'name' | 'sign' | 'end';
  readonly value: string;
  readonly quote?: string;
}

class NoJinja extends Error {}

/** The tree of an expression, or undefined where it is none that is understood. */
export function parseJinja(text: string): Jinja | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  try {
    return new Parser(tokensOf(text)).whole();
  } catch (error) {
    if (error instanceof NoJinja) return undefined;
    throw error;
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [, quoted, number, name, sign, strange] of text.trim().matchAll(TOKEN)) {
    if (strange !== undefined) throw new NoJinja();
    if (quoted !== undefined) tokens.push({ kind: 'text', value: unquoted(quoted), quote: quoted.slice(0, 1) });
    else if (number !== undefined) tokens.push({ kind: 'number', value: number });
    else if (name !== undefined) tokens.push({ kind: 'name', value: name });
    else tokens.push({ kind: 'sign', value: sign ?? '' });
  }
  return tokens;
}

const unquoted = (quoted: string): string => quoted.slice(1, -1).replaceAll(/\\(["'\\])/g, '$1');

/** The signs between values, the weakest first. */
const SIGNS: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['==', '!=', '<', '<=', '>', '>=', 'in', 'not in'],
  ['+', '-'],
  ['~'],
  ['*', '/', '//', '%'],
];
const NOT_BELOW = 2;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Jinja {
    const found = this.#expression();
    if (this.#here.kind !== 'end') throw new NoJinja();
    return found;
  }

  get #here(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', value: '' };
  }

  #is(value: string, ahead = 0): boolean {
    const token = this.#tokens[this.#at + ahead];
    return token?.value === value && token.kind !== 'text';
  }

  #take(value: string): boolean {
    const there = this.#is(value);
    if (there) this.#at += 1;
    return there;
  }

  #need(value: string): void {
    if (!this.#take(value)) throw new NoJinja();
  }

  #name(): string {
    const { kind, value } = this.#here;
    if (kind !== 'name') throw new NoJinja();
    this.#at += 1;
    return value;
  }

  #expression(): Jinja {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new NoJinja();
    let value = this.#level(0);
    while (this.#take('if')) {
      const condition = this.#level(0);
      value = { is: 'if', condition, yes: value, no: this.#take('else') ? this.#expression() : undefined };
    }
    this.#depth -= 1;
    return value;
  }

  #level(level: number): Jinja {
    const signs = SIGNS[level];
    if (!signs) return this.#unary();
    if (level === NOT_BELOW && this.#take('not')) return { is: 'not', of: this.#level(level) };
    let left = this.#level(level + 1);
    for (let sign = this.#sign(signs); sign; sign = this.#sign(signs))
      left = { is: 'sign', sign, left, right: this.#level(level + 1) };
    return left;
  }

  #sign(signs: readonly string[]): string | undefined {
    const two = this.#is('not') && this.#is('in', 1);
    const sign = two ? 'not in' : this.#here.value;
    if (this.#here.kind === 'text' || !signs.includes(sign)) return undefined;
    this.#at += two ? 2 : 1;
    return sign;
  }

  #unary(): Jinja {
    if (!this.#take('-')) return this.#filtered(this.#primary());
    const of = this.#filtered(this.#primary());
    return of.is === 'word' ? { is: 'word', value: `-${of.value}` } : { is: 'minus', of };
  }

  #primary(): Jinja {
    const { kind, value, quote = "'" } = this.#here;
    if (this.#take('(')) {
      const inner = this.#expression();
      this.#need(')');
      return this.#parts(inner);
    }
    if (this.#take('[')) return this.#parts({ is: 'list', items: this.#until(']').map((one) => one.value) });
    if (this.#take('{')) return { is: 'map', entries: this.#entries() };
    this.#at += 1;
    if (kind === 'text') return this.#parts({ is: 'text', value, quote });
    if (kind === 'number') return { is: 'word', value };
    if (kind !== 'name') throw new NoJinja();
    if (/^(?:true|false|none)$/i.test(value)) return { is: 'word', value: value.toLowerCase() };
    return this.#parts({ is: 'name', name: value });
  }

  /** What hangs on a value: fields, items, calls. */
  #parts(start: Jinja): Jinja {
    let of = start;
    for (;;) {
      if (this.#take('.')) {
        const { kind, value } = this.#here;
        if (kind !== 'name' && kind !== 'number') throw new NoJinja();
        this.#at += 1;
        of = kind === 'name' ? { is: 'field', of, name: value } : { is: 'item', of, key: { is: 'word', value } };
      } else if (this.#take('[')) {
        of = { is: 'item', of, key: this.#expression() };
        this.#need(']');
      } else if (this.#take('(')) of = { is: 'call', of, args: this.#until(')') };
      else return of;
    }
  }

  #filtered(start: Jinja): Jinja {
    let of = start;
    for (;;) {
      if (this.#take('|')) of = this.#parts({ is: 'filter', of, name: this.#dotted(), args: this.#inParentheses() });
      else if (this.#take('is')) {
        const negated = this.#take('not');
        const name = this.#dotted();
        const test: Jinja = { is: 'test', of, name, args: this.#ofTest() };
        of = negated ? { is: 'not', of: test } : test;
      } else return of;
    }
  }

  /** `ansible.builtin.bool` is `bool`. */
  #dotted(): string {
    let name = this.#name();
    while (this.#take('.')) name = this.#name();
    return name;
  }

  /** `x is match 'a'` needs no parentheses. */
  #ofTest(): readonly Argument[] {
    const { kind, value } = this.#here;
    if (kind !== 'text' && kind !== 'number' && !/^(?:true|false|none)$/i.test(value)) return this.#inParentheses();
    return [{ value: this.#primary() }];
  }

  #inParentheses(): readonly Argument[] {
    return this.#take('(') ? this.#until(')') : [];
  }

  #entries(): readonly (readonly [Jinja, Jinja])[] {
    const found: (readonly [Jinja, Jinja])[] = [];
    while (!this.#take('}')) {
      if (found.length > 0) this.#need(',');
      if (this.#take('}')) break;
      const key = this.#expression();
      this.#need(':');
      found.push([key, this.#expression()]);
    }
    return found;
  }

  #until(end: string): readonly Argument[] {
    const found: Argument[] = [];
    while (!this.#take(end)) {
      if (found.length > 0) this.#need(',');
      if (this.#take(end)) break;
      const named = this.#here.kind === 'name' && this.#is('=', 1) ? this.#name() : undefined;
      if (named !== undefined) this.#need('=');
      const value = this.#expression();
      found.push(named === undefined ? { value } : { name: named, value });
    }
    return found;
  }
}
