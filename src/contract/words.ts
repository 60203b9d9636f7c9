import { Problem } from './problem.ts';

/** A command line as Python's `shlex.split` splits it: POSIX quotes and backslashes, nothing else is special. Throws `Problem` BadQuotes. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quotes = '';
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (quotes === "'") {
      if (char === quotes) quotes = '';
      else word += char;
    } else if (quotes === '"') {
      if (char === quotes) quotes = '';
      else if (char === '\\' && '"\\'.includes(line.charAt(at + 1)) && at + 1 < line.length) word += line.charAt(++at);
      else word += char;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      quotes = char;
      word ??= '';
    } else if (char === '\\') {
      if (at + 1 >= line.length) throw new Problem('BadQuotes', 'nothing stands behind the last backslash');
      word = (word ?? '') + line.charAt(++at);
    } else word = (word ?? '') + char;
  }
  if (quotes !== '') throw new Problem('BadQuotes', `a quotation begins with ${quotes} and does not end`);
  if (word !== undefined) words.push(word);
  return words;
}
