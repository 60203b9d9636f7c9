/**
 * Whether a name matches a shell pattern as Python's fnmatch has it: `*`, `?`, `[a-z]`, `[!a-z]`, upper and lower case
 * apart. A bracket that does not close stands for itself.
 */
export function matchesGlob(name: string, pattern: string): boolean {
  const parts = partsOf(pattern);
  const chars = [...name];
  // Only the last star can need to take more, so this is at most quadratic.
  let [at, part] = [0, 0];
  let star: { readonly part: number; at: number } | undefined;
  while (at < chars.length) {
    const wanted = parts[part];
    if (wanted === '*') star = { part: part++, at };
    else if (typeof wanted === 'function' && wanted(chars[at] ?? '')) [at, part] = [at + 1, part + 1];
    else if (star) [at, part] = [++star.at, star.part + 1];
    else return false;
  }
  return parts.slice(part).every((rest) => rest === '*');
}

type Part = '*' | ((char: string) => boolean);

function partsOf(pattern: string): Part[] {
  const chars = [...pattern];
  const parts: Part[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') parts.push('*');
    else if (char === '?') parts.push(() => true);
    else {
      const close = char === '[' ? closingBracket(chars, at) : -1;
      if (close < 0) parts.push((one) => one === char);
      else {
        parts.push(memberOf(chars.slice(at + 1, close)));
        at = close;
      }
    }
  }
  return parts;
}

/** A `]` right behind `[` or `[!` is a member, not the end. */
function closingBracket(chars: readonly string[], open: number): number {
  const first = open + (chars[open + 1] === '!' ? 2 : 1);
  return chars.indexOf(']', first + (chars[first] === ']' ? 1 : 0));
}

function memberOf(inside: readonly string[]): (char: string) => boolean {
  const negated = inside[0] === '!';
  const members = negated ? inside.slice(1) : inside;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? '';
    const to = members[at + 1] === '-' ? members[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return (char) => ranges.some(([from, to]) => from <= char && char <= to) !== negated;
}
