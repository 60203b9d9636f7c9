import type { Argument, Jinja } from './jinja-parse.ts';
import { NoCounterpart } from './no-counterpart.ts';

/** Filters, functions and methods that are helpers of another name. */
const RENAMED: Readonly<Record<string, string>> = {
  d: 'default',
  count: 'length',
  to_json: 'json',
  to_nice_json: 'json',
  tojson: 'json',
  strip: 'trim',
  intersect: 'intersection',
};

/** Those that have their Jinja name, and their values in the same order. */
const SAME = new Set(
  [
    'default ternary bool int float upper lower trim string replace split indent quote basename dirname length first',
    'last join sort unique keys values json flatten min max sum combine union intersection difference regex_search range',
    'reverse abs from_json',
  ]
    .join(' ')
    .split(' '),
);

const NOTHING_TO_DO = new Set(['list', 'safe', 'items', 'dict2items']);

const SIGNS: Readonly<Record<string, string>> = {
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
  in: 'in',
};

const RESULTS: Readonly<Record<string, string>> = {
  changed: 'changed',
  change: 'changed',
  failed: 'failed',
  failure: 'failed',
  skipped: 'skipped',
  skip: 'skipped',
};

/** The same in Handlebars, to stand between `{{` and `}}`. Throws `NoCounterpart`. */
export function toHandlebars(tree: Jinja): string {
  const written = write(tree);
  return written.startsWith('(') ? written.slice(1, -1) : written;
}

const call = (name: string, ...values: readonly string[]): string => `(${[name, ...values].join(' ')})`;

function write(tree: Jinja): string {
  switch (tree.is) {
    case 'name':
      return tree.name;
    case 'text':
      return quoted(tree.value, tree.quote);
    case 'word':
      return tree.value === 'none' ? 'null' : tree.value;
    case 'list':
      return call('list', ...tree.items.map(write));
    case 'map':
      return call('dict', ...tree.entries.flat().map(write));
    case 'field':
      return part(write(tree.of), tree.name);
    case 'item':
      return item(tree.of, tree.key);
    case 'filter':
      return filter(tree.name, tree.of, tree.args);
    case 'call':
      return called(tree.of, tree.args);
    case 'test':
      return test(tree.name, tree.of, tree.args);
    case 'not':
      return call('not', write(tree.of));
    case 'minus':
      return call('sub', '0', write(tree.of));
    case 'if':
      return call('ternary', write(tree.condition), write(tree.yes), tree.no ? write(tree.no) : '""');
    case 'sign':
      return sign(tree.sign, tree.left, tree.right);
  }
}

/** Handlebars has no escapes in its texts. */
function quoted(value: string, quote = "'"): string {
  const other = quote === "'" ? '"' : "'";
  const by = value.includes(quote) ? other : quote;
  if (value.includes(by)) throw new NoCounterpart('a text with both kinds of quotes', 'set a variable to it');
  return `${by}${value}${by}`;
}

function part(of: string, name: string): string {
  if (!/^[\w.@]/.test(of) || /^\d/.test(of)) return call('lookup', of, quoted(name));
  return /^[A-Za-z_][\w-]*$/.test(name) ? `${of}.${name}` : `${of}.[${name}]`;
}

function item(of: Jinja, key: Jinja): string {
  if (key.is === 'text' && !/[[\]]/.test(key.value)) return part(write(of), key.value);
  if (key.is === 'word' && key.value === '-1') return call('last', write(of));
  if (key.is === 'word' && /^\d+$/.test(key.value))
    return key.value === '0' && of.is !== 'name' && of.is !== 'field' && of.is !== 'item'
      ? call('first', write(of))
      : part(write(of), key.value);
  return call('lookup', write(of), write(key));
}

function sign(name: string, left: Jinja, right: Jinja): string {
  const values = [write(left), write(right)] as const;
  if (name === 'not in') return call('not', call('in', ...values));
  const has = (...kinds: readonly string[]) => kinds.includes(left.is) || kinds.includes(right.is);
  if (name === '+' && has('list')) return call('flatten', call('list', ...values), '1');
  if (name === '+' && (has('text') || isConcat(left))) return joined('concat', values);
  const helper = SIGNS[name];
  if (!helper) throw new NoCounterpart(`the operator ${name}`);
  return ['add', 'mul', 'concat', 'and', 'or'].includes(helper) ? joined(helper, values) : call(helper, ...values);
}

const isConcat = (tree: Jinja): boolean =>
  tree.is === 'sign' && tree.sign === '+' && [tree.left, tree.right].some((one) => one.is === 'text' || isConcat(one));

/** `(and (and a b) c)` is `(and a b c)`. */
function joined(helper: string, [left, right]: readonly [string, string]): string {
  const start = `(${helper} `;
  return left.startsWith(start) ? `${left.slice(0, -1)} ${right})` : call(helper, left, right);
}

const plain = (args: readonly Argument[]): string[] => args.map(({ value }) => write(value));

function filter(name: string, of: Jinja, args: readonly Argument[]): string {
  if (NOTHING_TO_DO.has(name)) return write(of);
  if (name === 'regex_replace' && args.length === 2) {
    const [pattern, to] = plain(args);
    return call(name, write(of), pattern ?? '', (to ?? '').replaceAll(/\\+(\d)/g, '$$$1'));
  }
  if (name === 'map') return mapped(write(of), args);
  if (name === 'selectattr' || name === 'rejectattr') return selected(name, write(of), args);
  const own = RENAMED[name] ?? name;
  if (!SAME.has(own)) throw new NoCounterpart(`"${name}"`);
  return call(own, write(of), ...plain(args));
}

function mapped(of: string, args: readonly Argument[]): string {
  const [only, ...rest] = args;
  if (!only || rest.length > 0) throw new NoCounterpart('"map" with a filter');
  const field = only.name === 'attribute' && only.value.is === 'text' && !/[.[]/.test(only.value.value);
  if (!field) throw new NoCounterpart('"map" with a filter');
  return call('pluck', of, write(only.value));
}

function selected(name: string, of: string, args: readonly Argument[]): string {
  const [field, how, value] = args.map((one) => one.value);
  const same = how?.is === 'text' && /^(?:equalto|eq|==)$/.test(how.value);
  if (!field || (how && !(same && value))) throw new NoCounterpart(`"${name}" with this test`);
  return call(name, of, write(field), ...(value ? [write(value)] : []));
}

function called(of: Jinja, args: readonly Argument[]): string {
  if (of.is === 'name') {
    if (/^(?:lookup|query|q)$/.test(of.name))
      throw new NoCounterpart('a lookup', 'give the value with -e, in vars or in the inventory');
    return filterOf(of.name, args);
  }
  if (of.is !== 'field') throw new NoCounterpart('a call');
  const [key, otherwise] = args.map((one) => one.value);
  if (of.name === 'get' && key) {
    const found = item(of.of, key);
    return call('default', found, otherwise ? write(otherwise) : 'null');
  }
  if (of.name === 'format') throw new NoCounterpart('"format"', 'write the values into the text with {{ }}');
  return filter(of.name, of.of, args);
}

function filterOf(name: string, args: readonly Argument[]): string {
  if (!SAME.has(name) || args.length === 0) throw new NoCounterpart(`"${name}"`);
  return call(name, ...plain(args));
}

function test(name: string, of: Jinja, args: readonly Argument[]): string {
  const [value] = plain(args);
  if (name === 'defined') return call('defined', write(of));
  if (name === 'undefined') return call('not', call('defined', write(of)));
  if (name === 'none') return call('eq', write(of), 'null');
  if (/^(?:succeeded|success)$/.test(name)) return call('not', part(write(of), 'failed'));
  const result = Object.hasOwn(RESULTS, name) ? RESULTS[name] : undefined;
  if (result) return part(write(of), result);
  if (/^(?:eq|equalto|sameas)$/.test(name) && value) return call('eq', write(of), value);
  if (/^(?:search|regex)$/.test(name) && value) return call('regex_search', write(of), value);
  if (name === 'in' && value) return call('in', write(of), value);
  throw new NoCounterpart(`the test "${name}"`);
}
