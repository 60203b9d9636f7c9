import { RE2JS } from 're2js';
import { Problem } from './problem.ts';

/** A regular expression in Python's words, on an engine whose time is linear in the text. */
export interface LinearRegex {
  /** Where it matches first, and its groups, by number and by name. */
  search(text: string): Match | undefined;
}

export interface Match {
  /** Throws `Problem` BadReference where the pattern has no such group; undefined where it took no part. */
  readonly group: (which: number | string) => string | undefined;
}

/** Throws `Problem` BadPattern. */
export function linearRegex(pattern: string, flags: 'm' | '' = ''): LinearRegex {
  const compiled = compile(pattern, flags);
  return {
    search(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      return {
        group(which) {
          try {
            return matcher.group(which as number) ?? undefined;
          } catch {
            throw new Problem('BadReference', `"${pattern}" has no group ${which}`);
          }
        },
      };
    },
  };
}

function compile(pattern: string, flags: 'm' | ''): RE2JS {
  try {
    return RE2JS.compile(pattern.replaceAll('\\Z', '\\z'), flags === 'm' ? RE2JS.MULTILINE : 0);
  } catch (error) {
    const hard = /\(\?(?:[=!]|<[=!]|P=)|\\[1-9]/.test(pattern);
    throw new Problem(
      'BadPattern',
      `"${pattern}" is no regular expression that can be had in linear time: ${(error as Error).message}`,
      hard ? 'write it without look-around and without a back reference in the pattern' : 'patterns are those of RE2',
    );
  }
}

/** Python's `match.expand`: \1, \g<1>, \g<name>, and the escapes of one letter. Throws `Problem` BadReference. */
export function expand(match: Match, template: string): string {
  return template.replaceAll(/\\(?:(\d{1,2})|g<(\w+)>|(.))/gs, (whole, number, name, letter) => {
    if (letter !== undefined) return ESCAPES[letter] ?? (letter === '\\' ? '\\' : whole);
    const which = number ?? name;
    return match.group(/^\d+$/.test(which) ? Number(which) : which) ?? '';
  });
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\x07' };
