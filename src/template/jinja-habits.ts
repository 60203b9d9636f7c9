import { findHelper } from './helpers.ts';

/** Where a template is written in Ansible's language, what that is, and what to write instead. */
export interface Habit {
  readonly index: number;
  readonly length: number;
  readonly message: string;
  readonly write: string;
}

/** Jinja's names for what has another name here. */
const RENAMED: Readonly<Record<string, string>> = {
  d: 'default',
  count: 'length',
  to_json: 'json',
  to_nice_json: 'json',
  difference: 'cpus_minus',
  intersect: 'cpus_and',
  union: 'cpus_or',
};

const OPERATORS: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '//': 'div',
  '%': 'mod',
  '~': 'concat',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  and: 'and',
  or: 'or',
};

const VALUE = String.raw`(?:"[^"]*"|'[^']*'|[\w.]+)`;

interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
  readonly write: (...groups: string[]) => string;
}

/** Tried in order on what stands between `{{` and `}}`. */
const RULES: readonly Rule[] = [
  {
    pattern: /^\.\w.*$/,
    message: 'this is a template of another program',
    write: () => String.raw`write \{{ to have the braces as text, or put !unsafe before the value`,
  },
  {
    pattern: /^(.+?)\s+if\s+(.+?)(?:\s+else\s+(.+))?$/,
    message: 'templates have no "if" behind a value',
    write: (_, yes, condition, no = '""') => `write {{ternary ${condition} ${yes} ${no}}}`,
  },
  {
    pattern: /^.+?\|\s*dict2items$/,
    message: 'templates have no filters with "|"',
    write: () => 'leave it out: loop goes over a mapping itself, with item.key and item.value',
  },
  {
    pattern: /^(?:lookup|query|q)\(.*\)$/s,
    message: 'nothing is looked up on this machine while a template is rendered',
    write: () => 'give the value with -e, in vars or in the inventory',
  },
  { pattern: /^.+?\|.+$/, message: 'templates have no filters with "|"', write: (all) => `write {{${nested(all)}}}` },
  {
    pattern: /^([\w.]+)\[(['"])([\w-]+)\2\](.*)$/,
    message: 'templates have no brackets behind a name',
    write: (_, of, __, key, rest) => `write {{${of}.${key}${rest}}}`,
  },
  {
    pattern: /^([\w.]+)\[(-?\d+)\](.*)$/,
    message: 'templates have no brackets behind a name',
    write: (_, of, index, rest) => (index === '-1' ? `write {{last ${of}}}` : `write {{${of}.[${index}]${rest}}}`),
  },
  {
    pattern: /^([\w.]+)\[([\w.]+)\](?:\.([\w.]+)|\['(\w+)'\])?$/,
    message: 'templates have no brackets behind a name',
    write: (_, of, key, field, quoted) => {
      const rest = field || quoted;
      return rest ? `write {{lookup (lookup ${of} ${key}) "${rest}"}}` : `write {{lookup ${of} ${key}}}`;
    },
  },
  {
    pattern: new RegExp(String.raw`^(${VALUE})\s*(\+|-|\*|//?|%|~|[=!]=|[<>]=?|\band\b|\bor\b)\s+?(${VALUE})$`),
    message: 'templates have no operators',
    write: (_, left, sign, right) => `write {{${OPERATORS[sign]} ${left} ${right}}}`,
  },
  {
    pattern: /^([\w.]+)\.(\w+)\((.*)\)$/,
    message: 'values have no methods in templates',
    write: (_, of, name, args) => `write {{${named(name)} ${of}${spaced(args)}}}`,
  },
  {
    pattern: /^(\w+)\((.*)\)$/,
    message: 'helpers are called without parentheses and commas',
    write: (_, name, args) => `write {{${named(name)}${spaced(args)}}}`,
  },
];

/** Longer ones are not looked into: the patterns take more than linear time. */
const MAX_LENGTH = 300;

/** The first thing in a text that is Ansible's way to write a template. */
export function jinjaHabitIn(text: string): Habit | undefined {
  const statement = /\{%-?\s*(?:if|elif|else|endif|for|endfor|set|include|import|macro|block|raw)\b.*?(?:%\}|$)/s.exec(
    text,
  );
  if (statement) {
    const write = 'write {{#if x}}…{{else}}…{{/if}}, {{#each list}}…{{/each}}';
    return habit(statement.index, statement[0].length, 'templates have no {% … %}', write);
  }
  for (const match of text.matchAll(/\{\{\{?~?\s*([^#/>!&{}\s][^{}]*?)\s*~?\}?\}\}/g)) {
    const [whole, inner = ''] = match;
    if (known(inner) || inner.length > MAX_LENGTH) continue;
    for (const { pattern, message, write } of RULES) {
      const groups = pattern.exec(inner);
      if (groups) return habit(match.index + whole.indexOf(inner), inner.length, message, orNothing(write(...groups)));
    }
  }
  return undefined;
}

const habit = (index: number, length: number, message: string, write: string): Habit => ({
  index,
  length,
  message,
  write,
});

/** `ternary a if b`: words that only look like Jinja. */
const known = (inner: string): boolean => {
  const [first = ''] = inner.split(/\s/, 1);
  return first !== inner && findHelper(first) !== undefined;
};

/** `x | default('a') | upper` as `upper (default x 'a')`. */
function nested(filters: string): string {
  const [value = '', ...rest] = filters.split(/\|(?=(?:[^'"]*['"][^'"]*['"])*[^'"]*$)/).map((part) => part.trim());
  return rest.reduce((of, filter) => {
    const [, name = filter, args = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(filter) ?? [];
    return `${named(name)} ${of.includes(' ') ? `(${of})` : of}${spaced(args)}`;
  }, value);
}

const named = (name: string): string => RENAMED[name] ?? name;

/** What is written as a helper and is none. */
const UNKNOWN = 'there is no such filter or function here; all helpers are in docs/templates-and-conditions.md';

/** What to write, where all that is called in it is there. */
const orNothing = (write: string): string =>
  [...write.matchAll(/(?:\{\{|\()(\w+) /g)].every(([, name = '']) => findHelper(name)) ? write : UNKNOWN;

const spaced = (args: string): string =>
  (args.match(/"[^"]*"|'[^']*'|[^,\s]+/g) ?? []).map((arg) => ` ${arg}`).join('');
