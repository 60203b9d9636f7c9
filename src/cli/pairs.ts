import { type Diagnostic, UserError } from '../source/diagnostic.ts';

/** What a value may begin with that is more than text, and runs to the bracket that closes it. */
const BRACKETS: Readonly<Record<string, string>> = { '[': ']', '{': '}' };

export interface Pair {
  readonly name: string;
  readonly value: string;
  /** Whether it stood in brackets of its own, and in no quotes. */
  readonly brackets: boolean;
}

/**
 * `a=1 b='two words' c=x\ y d=[1, 2]`: words as a shell splits them, without anything a shell would do; a value in brackets
 * is one, spaces and quotes in it as they are. Throws `UserError` with what `refused` says of a word that is no pair.
 */
export function pairs(text: string, refused: (word: string) => Diagnostic): readonly Pair[] {
  const found: Pair[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const open = /^[\w.-]+=(?:\[|\{(?!\{))/.exec(rest);
    const long = open ? inBrackets(rest, open[0].length - 1) : WORD.exec(rest)?.[0].length;
    const word = rest.slice(0, long ?? rest.length);
    const plain = open ? word : unquoted(word);
    const equals = plain.indexOf('=');
    if (long === undefined || equals <= 0) throw new UserError([refused(word)]);
    found.push({ name: plain.slice(0, equals), value: plain.slice(equals + 1), brackets: open !== null });
    rest = rest.slice(word.length).trimStart();
  }
  return found;
}

const WORD = /^(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+/;

const unquoted = (word: string): string =>
  word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, double, single, escaped) =>
    double !== undefined ? double.replace(/\\(["\\])/g, '$1') : (single ?? escaped),
  );

/** Where the bracket that opens at `from` is closed, and the word with it: brackets in quotes do not count. */
function inBrackets(text: string, from: number): number | undefined {
  const awaited: string[] = [];
  for (const { 0: part, index } of text.slice(from).matchAll(/"(?:\\.|[^"\\])*"|'[^']*'|[[\]{}]/g)) {
    if (BRACKETS[part]) awaited.push(BRACKETS[part]);
    else if (part === awaited.at(-1)) awaited.pop();
    if (awaited.length === 0) return from + index + 1;
  }
  return undefined;
}
