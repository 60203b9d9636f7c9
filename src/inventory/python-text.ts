/** What Python's `str` takes for white space and for line ends; JavaScript's own notions differ in both. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`${SPACE}+$`);
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** `str.strip()`. */
export const strip = (text: string): string => text.replace(LEADING, '').replace(TRAILING, '');

/** How many characters `strip` takes off the front. */
export const indentation = (text: string): number => LEADING.exec(text)?.[0].length ?? 0;

/** `str.splitlines()`. */
export function splitLines(text: string): string[] {
  const lines = text.split(LINE_END);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Python's order of strings: by code point, where JavaScript's goes by UTF-16 code unit. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    const surrogates = Number(left >= 0xd800 && left < 0xe000) - Number(right >= 0xd800 && right < 0xe000);
    return surrogates || left - right;
  }
  return a.length - b.length;
}
