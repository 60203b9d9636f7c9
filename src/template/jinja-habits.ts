import { findHelper } from './helpers.ts';
import { type Jinja, parseJinja } from './jinja-parse.ts';
import { toHandlebars } from './jinja-to-handlebars.ts';
import { NoCounterpart } from './no-counterpart.ts';

/** Where a template is written in Ansible's language, what that is, and what to write instead. */
export interface Habit {
  readonly index: number;
  readonly length: number;
  readonly message: string;
  readonly write: string;
}

const STATEMENT = /\{%-?\s*(?:if|elif|else|endif|for|endfor|set|include|import|macro|block|raw)\b.*?(?:%\}|$)/s;
const EXPRESSION = /\{\{\{?~?\s*(?![#^/>!&\s])((?:"[^"]*"|'[^']*'|\{[^{}]*\}|[^{}"'])*?)\s*~?\}?\}\}/g;

/** The first thing in a text that is Ansible's way to write a template. */
export function jinjaHabitIn(text: string): Habit | undefined {
  const statement = STATEMENT.exec(text);
  if (statement) {
    const write = 'write {{#if x}}…{{else}}…{{/if}}, {{#each list}}…{{/each}}';
    return { index: statement.index, length: statement[0].length, message: 'templates have no {% … %}', write };
  }
  for (const match of text.matchAll(EXPRESSION)) {
    const [whole, inner = ''] = match;
    const found = known(inner) ? undefined : habitOf(inner);
    if (found) return { index: match.index + whole.indexOf(inner), length: inner.length, ...found };
  }
  return undefined;
}

/** `ternary a if b`: words that only look like Jinja. */
const known = (inner: string): boolean => {
  const [first = ''] = inner.split(/\s/, 1);
  return first !== inner && findHelper(first) !== undefined && !/^\s*[|[.(=]/.test(inner.slice(first.length));
};

const HELPERS = 'all helpers are in docs/templates-and-conditions.md';

function habitOf(inner: string): Pick<Habit, 'message' | 'write'> | undefined {
  if (/^\.\w/.test(inner))
    return {
      message: 'this is a template of another program',
      write: String.raw`write \{{ to have the braces as text, or put !unsafe before the value`,
    };
  const tree = parseJinja(inner);
  const message = tree && messageFor(tree);
  if (!tree || !message) return undefined;
  if (tree.is === 'filter' && tree.name === 'dict2items')
    return { message, write: 'leave it out: loop goes over a mapping itself, with item.key and item.value' };
  try {
    return { message, write: `write {{${toHandlebars(tree)}}}` };
  } catch (error) {
    if (!(error instanceof NoCounterpart)) throw error;
    return { message, write: error.hint ?? `there is nothing like ${error.message} here; ${HELPERS}` };
  }
}

/** Undefined where Handlebars would write it the same. */
function messageFor(tree: Jinja): string | undefined {
  switch (tree.is) {
    case 'if':
      return 'templates have no "if" behind a value';
    case 'filter':
      return 'templates have no filters with "|"';
    case 'test':
      return 'templates have no tests with "is"';
    case 'sign':
    case 'not':
    case 'minus':
      return 'templates have no operators';
    case 'item':
      return 'templates have no brackets behind a name';
    case 'list':
    case 'map':
      return 'templates have no brackets';
    case 'call': {
      if (tree.of.is !== 'name') return 'values have no methods in templates';
      const lookup = /^(?:lookup|query|q)$/.test(tree.of.name);
      if (lookup) return 'nothing is looked up on this machine while a template is rendered';
      return 'helpers are called without parentheses and commas';
    }
    case 'field':
      return messageFor(tree.of);
    default:
      return undefined;
  }
}
