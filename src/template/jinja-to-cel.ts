import type { Argument, Jinja } from './jinja-parse.ts';
import { NoCounterpart } from './no-counterpart.ts';

/** How strongly parts hold together, the weakest first. */
const LEVELS = ['?:', '||', '&&', 'compare', '+', '*', '!', 'whole'] as const;
type Level = (typeof LEVELS)[number];

interface Written {
  readonly text: string;
  readonly level: Level;
}

const SIGNS: Readonly<Record<string, readonly [sign: string, level: Level]>> = {
  or: ['||', '||'],
  and: ['&&', '&&'],
  '==': ['==', 'compare'],
  '!=': ['!=', 'compare'],
  '<': ['<', 'compare'],
  '<=': ['<=', 'compare'],
  '>': ['>', 'compare'],
  '>=': ['>=', 'compare'],
  in: ['in', 'compare'],
  '+': ['+', '+'],
  '-': ['-', '+'],
  '~': ['+', '+'],
  '*': ['*', '*'],
  '/': ['/', '*'],
  '//': ['/', '*'],
  '%': ['%', '*'],
};

/** Filters and methods that are a function of the value. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  length: 'size',
  count: 'size',
  int: 'int',
  float: 'double',
  string: 'string',
  bool: 'bool',
};

/** Filters and methods that are a method of the value here. */
const METHODS: Readonly<Record<string, string>> = {
  lower: 'lowerAscii',
  upper: 'upperAscii',
  trim: 'trim',
  strip: 'trim',
  startswith: 'startsWith',
  endswith: 'endsWith',
  split: 'split',
  join: 'join',
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  mapping: 'map',
  integer: 'int',
  float: 'double',
  boolean: 'bool',
};

const RESULTS: Readonly<Record<string, string>> = {
  changed: 'changed',
  change: 'changed',
  failed: 'failed',
  failure: 'failed',
  skipped: 'skipped',
  skip: 'skipped',
  unreachable: 'unreachable',
};

/** The same condition in CEL. Throws `NoCounterpart`. */
export const toCondition = (tree: Jinja): string => write(tree).text;

const whole = (text: string): Written => ({ text, level: 'whole' });

/** In parentheses where it would fall apart. */
const at = (level: Level, tree: Jinja): string => {
  const { text, level: own } = write(tree);
  return LEVELS.indexOf(own) < LEVELS.indexOf(level) ? `(${text})` : text;
};

const not = (tree: Jinja): Written => ({ text: `!${at('whole', tree)}`, level: '!' });

function write(tree: Jinja): Written {
  switch (tree.is) {
    case 'name':
      return whole(tree.name);
    case 'text':
      return whole(tree.value.includes('"') ? `'${escaped(tree.value, "'")}'` : `"${escaped(tree.value, '"')}"`);
    case 'word':
      return whole(tree.value === 'none' ? 'null' : tree.value);
    case 'list':
      return whole(`[${tree.items.map((one) => write(one).text).join(', ')}]`);
    case 'map':
      return whole(`{${tree.entries.map(([key, value]) => `${write(key).text}: ${write(value).text}`).join(', ')}}`);
    case 'field':
      return whole(part(tree.of, tree.name));
    case 'item':
      return item(tree.of, tree.key);
    case 'filter':
      return filter(tree.name, tree.of, tree.args);
    case 'call':
      return called(tree.of, tree.args);
    case 'test':
      return test(tree.name, tree.of, tree.args);
    case 'not':
      if (tree.of.is === 'test' && tree.of.name === 'none')
        return sign('!=', tree.of.of, { is: 'word', value: 'none' });
      if (tree.of.is === 'sign' && tree.of.sign === 'not in') return write({ ...tree.of, sign: 'in' });
      return not(tree.of);
    case 'minus':
      return { text: `-${at('whole', tree.of)}`, level: '!' };
    case 'if': {
      const no = tree.no ?? { is: 'text', value: '', quote: "'" };
      const text = `${at('||', tree.condition)} ? ${at('||', tree.yes)} : ${at('?:', no)}`;
      return { text, level: '?:' };
    }
    case 'sign':
      return sign(tree.sign, tree.left, tree.right);
  }
}

const escaped = (value: string, quote: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);

const part = (of: Jinja, name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? `${at('whole', of)}.${name}` : `${at('whole', of)}["${escaped(name, '"')}"]`;

function item(of: Jinja, key: Jinja): Written {
  if (key.is === 'text') return whole(part(of, key.value));
  const list = at('whole', of);
  if (key.is === 'word' && key.value === '-1') return whole(`${list}[size(${list}) - 1]`);
  return whole(`${list}[${write(key).text}]`);
}

function sign(name: string, left: Jinja, right: Jinja): Written {
  if (name === 'not in') return not({ is: 'sign', sign: 'in', left, right });
  const found = SIGNS[name];
  if (!found) throw new NoCounterpart(`the operator ${name}`);
  const [own, level] = found;
  const boolean = right.is === 'word' && /^(?:true|false)$/.test(right.value) && level === 'compare';
  if (boolean && left.is === 'filter' && left.name === 'bool')
    return (own === '==') === (right.value === 'true') ? write(left) : not(left);
  const text =
    name === '~' ? (one: Jinja): Jinja => (one.is === 'text' ? one : filtered('string', one)) : (one: Jinja) => one;
  // `a - (b - c)` and `(a < b) < c` keep their parentheses.
  const stronger = LEVELS[LEVELS.indexOf(level) + 1] ?? 'whole';
  const before = level === 'compare' ? stronger : level;
  return { text: `${at(before, text(left))} ${own} ${at(stronger, text(right))}`, level };
}

const filtered = (name: string, of: Jinja): Jinja => ({ is: 'filter', of, name, args: [] });

function filter(name: string, of: Jinja, args: readonly Argument[]): Written {
  const values = args.map(({ value }) => value);
  const [first] = values;
  if (name === 'list') return write(of);
  if ((name === 'default' || name === 'd') && first) {
    if (first.is === 'name' && first.name === 'omit') throw new NoCounterpart('"omit" in a condition');
    return { text: `defined(${write(of).text}) ? ${at('||', of)} : ${at('?:', first)}`, level: '?:' };
  }
  if (Object.hasOwn(FUNCTIONS, name)) return whole(`${FUNCTIONS[name]}(${write(of).text})`);
  if (Object.hasOwn(METHODS, name))
    return whole(`${at('whole', of)}.${METHODS[name]}(${values.map((one) => write(one).text).join(', ')})`);
  if (name === 'first') return item(of, { is: 'word', value: '0' });
  if (name === 'last') return item(of, { is: 'word', value: '-1' });
  if (name === 'regex_search' && first) return matches(of, first, '');
  if (name === 'map' && args[0]?.name === 'attribute' && first?.is === 'text')
    return whole(`${at('whole', of)}.map(x, x.${first.value})`);
  if ((name === 'selectattr' || name === 'rejectattr') && first?.is === 'text')
    return whole(`${at('whole', of)}.filter(x, ${selection(name, first.value, values.slice(1))})`);
  throw new NoCounterpart(`"${name}"`);
}

function selection(name: string, field: string, [how, value]: readonly Jinja[]): string {
  const no = name === 'rejectattr';
  if (!how) return `${no ? '!' : ''}x.${field}`;
  const test = how.is === 'text' ? how.value : '';
  if (test === 'defined') return `${no ? '!' : ''}defined(x.${field})`;
  if (!/^(?:equalto|eq|==)$/.test(test) || !value) throw new NoCounterpart(`"${name}" with this test`);
  return `x.${field} ${no ? '!=' : '=='} ${at('+', value)}`;
}

function matches(of: Jinja, pattern: Jinja, before: string): Written {
  const written = pattern.is === 'text' && before !== '' && !pattern.value.startsWith(before);
  const from: Jinja = written ? { ...pattern, value: `${before}(${pattern.value})` } : pattern;
  return whole(`${at('whole', of)}.matches(${write(from).text})`);
}

function called(of: Jinja, args: readonly Argument[]): Written {
  if (of.is !== 'field') throw new NoCounterpart(of.is === 'name' ? `"${of.name}"` : 'a call');
  const [key, otherwise] = args.map(({ value }) => value);
  if (of.name === 'get' && key) {
    const found: Jinja = { is: 'item', of: of.of, key };
    return filter('default', found, [{ value: otherwise ?? { is: 'word', value: 'none' } }]);
  }
  if (of.name === 'keys') return write(of.of);
  if (/^(?:find|index|count)$/.test(of.name))
    throw new NoCounterpart(`"${of.name}"`, 'write text.contains("part"), or text.indexOf("part") >= 0');
  return filter(of.name, of.of, args);
}

function test(name: string, of: Jinja, [argument]: readonly Argument[]): Written {
  const value = argument?.value;
  const is = (sign: string, right: Jinja) => write({ is: 'sign', sign, left: of, right });
  const text = at('whole', of);
  if (name === 'defined') return whole(`defined(${write(of).text})`);
  if (name === 'undefined') return { text: `!defined(${write(of).text})`, level: '!' };
  if (name === 'none') return is('==', { is: 'word', value: 'none' });
  if (/^(?:succeeded|success)$/.test(name)) return { text: `!${text}.failed`, level: '!' };
  if (Object.hasOwn(RESULTS, name)) return whole(`${text}.${RESULTS[name]}`);
  if (/^(?:true|truthy)$/.test(name)) return is('==', { is: 'word', value: 'true' });
  if (/^(?:false|falsy)$/.test(name)) return is('==', { is: 'word', value: 'false' });
  if (/^(?:even|odd)$/.test(name)) return { text: `${at('*', of)} % 2 == ${name === 'odd' ? 1 : 0}`, level: 'compare' };
  if (Object.hasOwn(TYPES, name)) return { text: `type(${write(of).text}) == ${TYPES[name]}`, level: 'compare' };
  if (/^(?:version|version_compare)$/.test(name))
    throw new NoCounterpart('the test "version"', 'compare numbers: int(v.split(".")[0]) >= 8');
  if (!value) throw new NoCounterpart(`the test "${name}"`);
  if (/^(?:eq|equalto|sameas)$/.test(name)) return is('==', value);
  if (name === 'ne') return is('!=', value);
  if (name === 'in') return is('in', value);
  if (name === 'contains') return write({ is: 'sign', sign: 'in', left: value, right: of });
  if (name === 'match') return matches(of, value, '^');
  if (/^(?:search|regex)$/.test(name)) return matches(of, value, '');
  throw new NoCounterpart(`the test "${name}"`);
}
