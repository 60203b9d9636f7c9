import { parseJinja } from './jinja-parse.ts';
import { toCondition } from './jinja-to-cel.ts';
import { NoCounterpart } from './no-counterpart.ts';

interface Habit {
  readonly pattern: RegExp;
  readonly write: string;
}

/** Python's division, and a comment to CEL: `a // 2 > b` would be `a`. */
const DIVISION = /\/\//;

/** What people write from Ansible habit, and what to write instead. The first that fits is said. */
const HABITS: readonly Habit[] = [
  { pattern: /\{\{|\{%/, write: 'a condition is an expression already: write it without {{ }}' },
  { pattern: /\bis\s+not\s+defined\b|\bis\s+undefined\b/, write: 'write `!defined(name)`' },
  { pattern: /\bis\s+defined\b/, write: 'write `defined(name)`' },
  {
    pattern: /\bis\s+(?:not\s+)?(?:changed|failed|skipped)\b/,
    write: 'write `name.changed`, `name.failed`, `name.skipped`',
  },
  { pattern: /\bis\s+(?:succeeded|success)\b/, write: 'write `!name.failed`' },
  { pattern: /\bis\s+(?:match|search|regex)\b/, write: 'write `text.matches("pattern")`' },
  { pattern: /\bis\s+(?:not\s+)?none\b/i, write: 'write `name == null`, `name != null`' },
  { pattern: /\bis\s+(?:not\s+)?\w+/, write: 'CEL has no tests: compare with ==, !=, <, >, or `in`' },
  { pattern: /\bnot\s+in\b/, write: 'write `!(a in b)`' },
  { pattern: /\band\b/, write: 'write `&&`' },
  { pattern: /\bor\b/, write: 'write `||`' },
  { pattern: /\bnot\b/, write: 'write `!`' },
  { pattern: /\bTrue\b/, write: 'write `true`' },
  { pattern: /\bFalse\b/, write: 'write `false`' },
  { pattern: /\b[Nn]one\b/, write: 'write `null`' },
  { pattern: /\|\s*(?:length|count)\b/, write: 'write `size(name)`' },
  { pattern: /\|\s*int\b/, write: 'write `int(name)`' },
  { pattern: /\|\s*(?:float|string)\b/, write: 'write `double(name)`, `string(name)`' },
  { pattern: /\|\s*bool\b/, write: 'write `bool(name)`, or leave it out where it is true or false already' },
  { pattern: /\|\s*default\b/, write: 'write `defined(name) ? name : otherwise`' },
  { pattern: /\bif\b/, write: 'write `condition ? one : other`' },
  { pattern: /(?<!\|)\|(?!\|)/, write: 'CEL has no filters: size(x), int(x), string(x), x.startsWith("…")' },
  { pattern: /(?<![=!<>])=(?!=)/, write: 'write `==`' },
  { pattern: /~/, write: 'write `+`' },
  { pattern: DIVISION, write: 'write `/`: whole numbers are divided without a rest' },
];

export const divides = (text: string): boolean => DIVISION.test(withoutQuoted(text));

/** Where a condition is written in another language, and what to write. */
export function habitIn(text: string, whole = text): { index: number; length: number; write: string } | undefined {
  const code = withoutQuoted(text);
  for (const { pattern, write } of HABITS) {
    const match = pattern.exec(code);
    if (match) return { index: match.index, length: match[0].length, write: inCel(whole) ?? write };
  }
  const write = inCel(whole);
  // What would be written the same but for quotes and spaces is wrong in another way.
  if (write === undefined || bare(write) === bare(`write \`${whole}\``)) return undefined;
  return { index: 0, length: text.length, write };
}

const bare = (text: string): string => text.replaceAll(/['"\s()]/g, '');

/** The whole of it in CEL, as far as it is understood. */
function inCel(text: string): string | undefined {
  const [, inner = text] = /^\s*\{\{(.*)\}\}\s*$/s.exec(text) ?? [];
  const without = inner === text ? '' : 'it without {{ }}: ';
  const tree = parseJinja(inner);
  try {
    return tree && `write ${without}\`${toCondition(tree)}\``;
  } catch (error) {
    if (!(error instanceof NoCounterpart)) throw error;
    return error.hint;
  }
}

const withoutQuoted = (text: string): string =>
  text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, (quoted) => ' '.repeat(quoted.length));
