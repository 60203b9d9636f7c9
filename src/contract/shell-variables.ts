import { Problem } from './problem.ts';
import { type Char, charsOf, type Quote } from './sourced-text.ts';

/** A file that a shell sources. */
export interface Sourced {
  readonly path: string;
  readonly text: string;
}

/** Stands for what only a shell can tell: `$(…)`, `${x:-y}`. */
const OPAQUE = '\uFFFC';

/**
 * What these variables are once a shell has sourced the files in their order, each character with the place it is written at.
 * Assignments are read as sh reads them: quotes, backslashes, other variables. Throws `Problem` NotUnderstood where one of
 * the variables stands in other shell code. Source: POSIX.1-2024, Shell Command Language, 2.2 and 2.9.
 */
export function sourcedVariables(
  files: readonly Sourced[],
  wanted: readonly string[],
): ReadonlyMap<string, readonly Char[]> {
  const variables = new Map<string, readonly Char[]>();
  for (const file of files)
    for (const { command, at } of commandsOf(file, variables)) refuse(file, command, at, wanted);
  return variables;
}

function refuse({ path, text }: Sourced, command: string, at: number, wanted: readonly string[]): void {
  const name = wanted.find((one) => new RegExp(`\\b${one}\\b`).test(command));
  if (name === undefined) return;
  const line = text.slice(0, at).split('\n').length;
  throw new Problem(
    'NotUnderstood',
    `${path}:${line} does more to ${name} than assign it: ${command.trim()}`,
    `write it as ${name}="…", so that what it becomes can be read`,
  );
}

const NAME = /^[A-Za-z_]\w*/;

/** What opens and closes a part that may be run or not, or many times. */
const OPENS = /^(?:if|for|while|until|case|select)\s|(?:^|[\s)])\{(?:\s|$)|^\(|\($/;
const CLOSES = /^(?:fi|done|esac|\}|\))(?:\s|$|[;&|<>])/;

/** Runs through a file, assigns what is assigned, and hands back the commands that are something else. */
function* commandsOf(
  { path, text }: Sourced,
  variables: Map<string, readonly Char[]>,
): Generator<{ readonly command: string; readonly at: number }> {
  const reader: Reader = { path, text, variables };
  let at = 0;
  let depth = 0;
  while (at < text.length) {
    const blank = /^(?:\s|;|\\\n|#.*)+/.exec(text.slice(at));
    if (blank) {
      at += blank[0].length;
      continue;
    }
    const { end, assigned, other } = readCommand(reader, at);
    const command = text.slice(at, end);
    if (OPENS.test(command)) depth += 1;
    if (CLOSES.test(command)) depth = Math.max(0, depth - 1);
    if (other || depth > 0) yield { command, at };
    else for (const [name, chars] of assigned) variables.set(name, chars);
    at = end;
  }
}

interface Reader {
  readonly path: string;
  readonly text: string;
  readonly variables: ReadonlyMap<string, readonly Char[]>;
}

/** Up to the end of a line, or a semicolon. */
function readCommand(reader: Reader, start: number) {
  const { text } = reader;
  const assigned: [string, Char[]][] = [];
  let other = false;
  let at = start;
  while (at < text.length && !/[\n;]/.test(text[at] ?? '')) {
    const gap = /^(?:[ \t\r]|\\\n)+/.exec(text.slice(at))?.[0] ?? '';
    if (gap !== '') {
      at += gap.length;
      if (text[at] === '#') at += /^.*/.exec(text.slice(at))?.[0].length ?? 0;
      continue;
    }
    const name = NAME.exec(text.slice(at))?.[0];
    const after = text[at + (name?.length ?? 0)] ?? '';
    if (name === 'export' && /\s/.test(after)) at += name.length;
    else if (!other && name !== undefined && after === '=') {
      const word = readWord(reader, at + name.length + 1);
      assigned.push([name, word.chars]);
      at = word.end;
    } else {
      other = true;
      at = Math.max(readWord(reader, at).end, at + 1);
    }
  }
  return { end: at, assigned, other };
}

/** One word from a place on, quotes taken away; inside of `${name:-…}` up to the bracket. */
function readWord(reader: Reader, start: number, around?: Quote): { readonly chars: Char[]; readonly end: number } {
  const { path, text } = reader;
  const chars: Char[] = [];
  let at = start;
  let quote: Quote = around ?? 'bare';
  const take = (length: number, char: string) => {
    chars.push({ char, from: { path, start: at, end: at + length, quote } });
    at += length;
  };
  const turn = (to: Quote) => {
    quote = to;
    at += 1;
  };
  while (at < text.length) {
    const char = text[at] ?? '';
    const next = text[at + 1] ?? '';
    if (around !== undefined && char === '}' && quote === around) break;
    if (quote === 'single') {
      if (char === "'") turn('bare');
      else take(1, char);
    } else if (char === '"') turn(quote === 'double' ? 'bare' : 'double');
    else if (quote === 'bare' && char === "'") turn('single');
    else if (around === undefined && quote === 'bare' && /[\s;&|<>()]/.test(char)) break;
    else if (char === '\\' && next === '\n') at += 2;
    else if (char === '\\' && (quote === 'bare' || /["$\\`}]/.test(next))) take(2, next);
    else if (char === '$' || char === '`') {
      const expanded = expand(reader, at, quote);
      if (expanded.end === at) take(1, char);
      else chars.push(...expanded.chars);
      at = Math.max(at, expanded.end);
    } else take(1, char);
  }
  return { chars, end: at };
}

/** What is expanded from here on; nothing where a `$` stands for itself. */
function expand(reader: Reader, at: number, quote: Quote): { readonly chars: readonly Char[]; readonly end: number } {
  const { text, variables } = reader;
  const rest = text.slice(at);
  const [whole = '', braced, bare] = /^\$(?:\{(\w+)\}|([A-Za-z_]\w*))/.exec(rest) ?? [];
  if (whole !== '') return { chars: variables.get(braced ?? bare ?? '') ?? [], end: at + whole.length };
  const [head = '', name = '', how] = /^\$\{(\w+):?([+-])/.exec(rest) ?? [];
  if (head !== '') {
    const inside = readWord(reader, at + head.length, quote);
    const value = variables.get(name) ?? [];
    const chars = how === '+' ? (value.length > 0 ? inside.chars : []) : value.length > 0 ? value : inside.chars;
    return { chars, end: inside.end + 1 };
  }
  const other = /^(?:\$\{[^}]*\}|\$[\d@*#?$!-]|`(?:\\.|[^`\\])*`)/.exec(rest)?.[0].length;
  const length = other ?? (rest.startsWith('$(') ? bracketed(rest.slice(1)) + 1 : 0);
  return { chars: length > 0 ? [{ char: OPAQUE }] : [], end: at + length };
}

/** How long what stands between brackets is, other brackets in it too. */
function bracketed(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

/** `$name` in a text without quoting, as GRUB expands it in an entry; what is not known expands to nothing. */
export function expandPlain(
  path: string,
  text: string,
  [start, end]: readonly [number, number],
  variables: ReadonlyMap<string, readonly Char[]>,
): Char[] {
  const chars: Char[] = [];
  let at = start;
  for (const found of text.slice(start, end).matchAll(/\$\{?(\w+)\}?/g)) {
    chars.push(...charsOf(path, text, at, start + found.index), ...(variables.get(found[1] ?? '') ?? []));
    at = start + found.index + found[0].length;
  }
  return [...chars, ...charsOf(path, text, at, end)];
}
