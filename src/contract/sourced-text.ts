import { type Argument, type Cmdline, parseCmdline } from './cmdline.ts';
import type { Rewording } from './cmdline-wish.ts';
import { Problem } from './problem.ts';

/** A character of a command line, and what stands for it in which file: so that an argument is edited where it is written. */
export interface Char {
  readonly char: string;
  /** Undefined where it stands in no file: what joins two parts, what a command would print. */
  readonly from?: Origin;
  /** Who else writes it, where that is not for us to edit. */
  readonly whose?: string;
}

interface Origin {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** How it is quoted there, in sh's words; `plain`: that file knows no quoting. */
  readonly quote: Quote;
}

export type Quote = 'plain' | 'bare' | 'single' | 'double';

/** Replace what stands between two places of a file. */
export interface Splice {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const charsOf = (path: string, text: string, start: number, end: number, quote: Quote = 'plain'): Char[] =>
  [...text.slice(start, end).split('')].map((char, at) => ({
    char,
    from: { path, start: start + at, end: start + at + 1, quote },
  }));

/** Chars of several parts with a blank between them. */
export const joined = (...parts: readonly (readonly Char[])[]): Char[] =>
  parts.flatMap((part, at) => (at === 0 ? [...part] : [{ char: ' ' }, ...part]));

export const parseChars = (chars: readonly Char[]): Cmdline => parseCmdline(chars.map(({ char }) => char).join(''));

/** Text as it is written inside such quotes. */
export function quoted(text: string, quote: Quote): string {
  if (quote === 'double') return text.replaceAll(/["$\\`]/g, '\\$&');
  return quote === 'bare' ? text.replaceAll(/[^\w=,.:/@%+-]/g, '\\$&') : text;
}

/**
 * The edits that make a line say otherwise, and what is to be added where the caller has a place for it. Throws `Problem`
 * NotEditable for an argument that is put together out of several places.
 */
export function splicesFor(
  chars: readonly Char[],
  line: Cmdline,
  { instead, added }: Rewording,
): { readonly splices: Splice[]; readonly added: readonly string[] } {
  const splices = [...instead].flatMap(([at, text]) => {
    const arg = line.args[at];
    return arg === undefined ? [] : [text === undefined ? without(chars, arg) : replaced(chars, arg, text)];
  });
  if (line.init === undefined || added.length === 0) return { splices, added };
  // What follows -- is init's.
  const dashes = whole(chars, { name: '--', value: undefined, start: line.init, end: line.init + 2 });
  const { path, start, quote } = dashes;
  return { splices: [...splices, { path, start, end: start, text: quoted(`${added.join(' ')} `, quote) }], added: [] };
}

function replaced(chars: readonly Char[], arg: Argument, text: string): Splice {
  const { path, start, end, quote } = whole(chars, arg);
  return { path, start, end, text: quoted(text, quote) };
}

/** Taken out, with a blank beside it that stands in the same place. */
function without(chars: readonly Char[], arg: Argument): Splice {
  const { path, start, end } = whole(chars, arg);
  const [before, after] = [chars[arg.start - 1], chars[arg.end]];
  const joins = (one: Char | undefined) => (one?.from?.path === path && /\s/.test(one.char) ? one.from : undefined);
  const [left, right] = [joins(before), joins(after)];
  if (left?.end === start) return { path, start: left.start, end, text: '' };
  return { path, start, end: right?.start === end ? right.end : end, text: '' };
}

/** The one stretch of one file in which an argument is written. */
function whole(chars: readonly Char[], { name, start, end }: Argument): Origin {
  const own = chars.slice(start, end);
  const [first] = own;
  const whose = own.find((one) => one.whose)?.whose;
  if (whose !== undefined)
    throw new Problem('NotEditable', `${name} is set by ${whose}`, 'have it set otherwise there');
  const last = own.at(-1);
  const joinsOn = own.every(({ from }, at) => {
    const next = own[at + 1];
    return next === undefined || (from?.path === next.from?.path && from?.end === next.from?.start);
  });
  if (!first?.from || !last?.from || !joinsOn || own.some(({ from }) => from?.quote !== first.from?.quote))
    throw new Problem(
      'NotEditable',
      `${name} is put together out of several places${first?.from ? `, one of them in ${first.from.path}` : ''}`,
      'write it out in one place first, as the argument that it becomes',
    );
  return { ...first.from, end: last.from.end };
}

/** A file's text with these edits made; those of other files are left out. */
export function spliced(text: string, path: string, splices: readonly Splice[]): string {
  return splices
    .filter((one) => one.path === path)
    .sort((a, b) => b.start - a.start)
    .reduce((now, { start, end, text: put }) => now.slice(0, start) + put + now.slice(end), text);
}
