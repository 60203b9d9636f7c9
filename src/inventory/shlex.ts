import { Misread } from './misread.ts';

/** A word and where it began in the line, counted from 0. */
export interface Word {
  readonly text: string;
  readonly start: number;
}

type State = 'between' | 'word' | 'comment' | '"' | "'";

/**
 * A line as `shlex.split(line, comments=True)` splits it: POSIX quotes and backslashes, and `#` begins a comment even in
 * the middle of a word. Throws `Misread` for a quotation or an escape that does not end.
 */
export function shlexSplit(line: string): Word[] {
  const words: Word[] = [];
  let state: State = 'between';
  let word = '';
  let start = 0;
  const end = () => words.push({ text: word, start });
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (state === '"' || state === "'") {
      if (char === state) state = 'word';
      else if (char === '\\' && state === '"') word += escapedInQuotes(line, ++at);
      else word += char;
      continue;
    }
    if (' \t\r\n'.includes(char)) {
      if (state === 'word') end();
      state = 'between';
      continue;
    }
    if (char === '#') {
      if (state === 'word') end();
      state = 'comment';
      break;
    }
    if (state === 'between') [state, word, start] = ['word', '', at];
    if (char === '"' || char === "'") state = char;
    else if (char === '\\') {
      if (++at >= line.length)
        throw new Misread(
          'BadQuotes',
          'nothing stands behind the last backslash',
          'write it twice, or put the value in single quotes',
        );
      word += line.charAt(at);
    } else word += char;
  }
  if (state === '"' || state === "'")
    throw new Misread('BadQuotes', `a quotation begins with ${state} and does not end`, `close it with ${state}`);
  if (state === 'word') end();
  return words;
}

/** Inside double quotes a backslash stands for itself but before a double quote or a backslash. */
function escapedInQuotes(line: string, at: number): string {
  if (at >= line.length)
    throw new Misread(
      'BadQuotes',
      'nothing stands behind the last backslash',
      'write it twice, or put the value in single quotes',
    );
  const char = line.charAt(at);
  return char === '"' || char === '\\' ? char : `\\${char}`;
}
