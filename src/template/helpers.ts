import { posix } from 'node:path';
import { differenceOf, formatCpuMask, formatCpuSet, intersectionOf, parseCpuSet, unionOf } from '../contract/index.ts';
import {
  contains,
  divide,
  foundIn,
  fromJson,
  hasField,
  indented,
  isYes,
  itemOf,
  lengthOf,
  listOf,
  mapOf,
  notZero,
  numberOf,
  numbersOf,
  pairsOf,
  patternOf,
  rangeOf,
  same,
  shellWord,
  sorted,
  textOf,
  truthy,
  under,
  uniqueOf,
} from './helper-values.ts';

/** What a template can call. A `RangeError` or `Problem` that it throws is the user's mistake, shown at the call. */
export interface Helper {
  readonly usage: string;
  readonly summary: string;
  readonly run: (values: readonly unknown[]) => unknown;
  /** How many values it takes. */
  readonly takes: readonly [least: number, most: number];
  /** Whether its first value may be an undefined variable. */
  readonly lenient?: boolean;
  /** Whether it takes out a part, so that the rest need not be known. */
  readonly picks?: boolean;
}

const MANY = 32;
type Run = Helper['run'];

const numbers =
  <T>(compute: (a: number, b: number) => T): Run =>
  ([a, b]) =>
    compute(numberOf(a), numberOf(b));

const cpus = (value: unknown) => parseCpuSet(textOf(value));

const helper = (usage: string, summary: string, takes: Helper['takes'], run: Run): Helper => ({
  usage,
  summary,
  run,
  takes,
});

const HELPERS: Readonly<Record<string, Helper>> = {
  default: {
    ...helper(
      '{{default name "otherwise"}}',
      'The value, or the second one where the variable is not defined or null; `true` behind it: or is empty.',
      [2, 3],
      ([value, otherwise, empty = false]) => (empty && !truthy(value) ? otherwise : (value ?? otherwise)),
    ),
    lenient: true,
  },
  defined: {
    ...helper('{{#if (defined a)}}', 'Whether there is such a variable.', [1, 1], ([value]) => value !== undefined),
    lenient: true,
  },
  ternary: helper('{{ternary flag "yes" "no"}}', 'The second or the third value.', [3, 3], ([flag, yes, no]) =>
    truthy(flag) ? yes : no,
  ),

  eq: helper('{{#if (eq a b)}}', 'Whether two values are the same.', [2, 2], ([a, b]) => same(a, b)),
  ne: helper('{{#if (ne a b)}}', 'Whether two values differ.', [2, 2], ([a, b]) => !same(a, b)),
  lt: helper(
    '{{#if (lt a b)}}',
    'Whether one number is less than another.',
    [2, 2],
    numbers((a, b) => a < b),
  ),
  le: helper(
    '{{#if (le a b)}}',
    'Whether it is less or equal.',
    [2, 2],
    numbers((a, b) => a <= b),
  ),
  gt: helper(
    '{{#if (gt a b)}}',
    'Whether it is greater.',
    [2, 2],
    numbers((a, b) => a > b),
  ),
  ge: helper(
    '{{#if (ge a b)}}',
    'Whether it is greater or equal.',
    [2, 2],
    numbers((a, b) => a >= b),
  ),
  not: helper('{{#if (not a)}}', 'Whether a value is false, empty or zero.', [1, 1], ([value]) => !truthy(value)),
  and: helper('{{#if (and a b)}}', 'Whether all are true.', [2, MANY], (values) => values.every(truthy)),
  or: helper('{{#if (or a b)}}', 'Whether one is true.', [2, MANY], (values) => values.some(truthy)),
  in: helper(
    '{{#if (in item list)}}',
    'Whether a list has an item, a mapping a key, or a text a part.',
    [2, 2],
    ([item, of]) => contains(item, of),
  ),

  add: helper('{{add a b}}', 'The sum.', [2, MANY], (values) => values.map(numberOf).reduce((a, b) => a + b)),
  sub: helper(
    '{{sub a b}}',
    'The difference.',
    [2, 2],
    numbers((a, b) => a - b),
  ),
  mul: helper('{{mul a b}}', 'The product.', [2, MANY], (values) => values.map(numberOf).reduce((a, b) => a * b)),
  div: helper('{{div a b}}', 'The quotient, rounded down where both are whole numbers.', [2, 2], numbers(divide)),
  mod: helper(
    '{{mod a b}}',
    'What is left after dividing.',
    [2, 2],
    numbers((a, b) => a - b * Math.floor(a / notZero(b))),
  ),
  min: helper('{{min list}}', 'The least number of a list, or of several.', [1, MANY], (values) =>
    numbersOf(values).reduce((a, b) => Math.min(a, b)),
  ),
  max: helper('{{max list}}', 'The largest number of a list, or of several.', [1, MANY], (values) =>
    numbersOf(values).reduce((a, b) => Math.max(a, b)),
  ),
  sum: helper('{{sum list}}', 'The sum of a list.', [1, 1], ([list]) =>
    listOf(list)
      .map(numberOf)
      .reduce((a, b) => a + b, 0),
  ),
  abs: helper('{{abs number}}', 'Without its sign.', [1, 1], ([value]) => Math.abs(numberOf(value))),
  int: helper('{{int text}}', 'A number without what is behind the point.', [1, 1], ([value]) =>
    Math.trunc(numberOf(value)),
  ),
  float: helper('{{float text}}', 'A number.', [1, 1], ([value]) => numberOf(value)),

  bool: helper('{{bool text}}', 'Whether it is true, 1, or the text "true", "yes", "on" or "1".', [1, 1], ([value]) =>
    isYes(value),
  ),

  upper: helper('{{upper text}}', 'In capitals.', [1, 1], ([text]) => textOf(text).toUpperCase()),
  lower: helper('{{lower text}}', 'In small letters.', [1, 1], ([text]) => textOf(text).toLowerCase()),
  trim: helper('{{trim text}}', 'Without white space at both ends.', [1, 1], ([text]) => textOf(text).trim()),
  string: helper('{{string value}}', 'A number, true or false as text.', [1, 1], ([value]) => textOf(value)),
  concat: helper('{{concat a b}}', 'Texts behind each other.', [1, MANY], (values) => values.map(textOf).join('')),
  replace: helper('{{replace text "from" "to"}}', 'With every occurrence replaced.', [3, 3], ([text, from, to]) =>
    textOf(text).replaceAll(textOf(from), () => textOf(to)),
  ),
  regex_replace: helper(
    '{{regex_replace text "(a+)" "<$1>"}}',
    'With every match of an RE2 pattern replaced.',
    [3, 3],
    ([text, pattern, to]) => patternOf(pattern).matcher(textOf(text)).replaceAll(textOf(to)),
  ),
  regex_search: helper(
    '{{regex_search text "^a+"}}',
    'The first match of an RE2 pattern, or the empty text.',
    [2, 2],
    ([text, pattern]) => foundIn(textOf(text), patternOf(pattern)),
  ),
  split: helper('{{split text ","}}', 'A list of the parts between separators.', [1, 2], ([text, by = ',']) =>
    textOf(text).split(textOf(by)),
  ),
  indent: helper('{{indent text 4}}', 'With spaces before every line but the first.', [2, 2], ([text, width]) =>
    indented(textOf(text), numberOf(width)),
  ),
  quote: helper('{{quote text}}', 'As one word of a shell command.', [1, 1], ([text]) => shellWord(textOf(text))),
  basename: helper('{{basename path}}', 'The last part of a path.', [1, 1], ([path]) => posix.basename(textOf(path))),
  dirname: helper('{{dirname path}}', 'A path without its last part.', [1, 1], ([path]) => posix.dirname(textOf(path))),

  length: helper('{{length list}}', 'How many items a list or mapping has, or characters a text.', [1, 1], ([of]) =>
    lengthOf(of),
  ),
  first: helper('{{first list}}', 'The first item.', [1, 1], ([list]) => itemOf(list, 0)),
  last: helper('{{last list}}', 'The last item.', [1, 1], ([list]) => itemOf(list, -1)),
  join: helper(
    '{{join list ","}}',
    'A list as text, a comma between items unless said otherwise.',
    [1, 2],
    ([list, by = ',']) => listOf(list).map(textOf).join(textOf(by)),
  ),
  sort: helper('{{sort list}}', 'Ordered: numbers by size, texts by code unit.', [1, 1], ([list]) =>
    sorted(listOf(list)),
  ),
  unique: helper('{{unique list}}', 'Every item once.', [1, 1], ([list]) => uniqueOf(listOf(list))),
  range: helper(
    '{{range 1 5}}',
    'Numbers from the first up to, not with, the last: `[1, 2, 3, 4]`.',
    [1, 3],
    (values) => rangeOf(values.map(numberOf)),
  ),
  reverse: helper('{{reverse list}}', 'The last item first.', [1, 1], ([list]) => listOf(list).toReversed()),
  list: helper('{{list a b}}', 'A list of the values; `(list)` is the empty one.', [0, MANY], (values) => values),
  flatten: helper(
    '{{flatten list}}',
    'Lists inside of a list put into it, all of them or as deep as a number says.',
    [1, 2],
    ([list, depth]) => listOf(list).flat(depth === undefined ? Infinity : numberOf(depth)),
  ),
  union: helper('{{union a b}}', 'What is in any of several lists, each once.', [2, MANY], (lists) =>
    uniqueOf(lists.flatMap(listOf)),
  ),
  intersection: helper('{{intersection a b}}', 'What is in both lists.', [2, 2], ([a, b]) =>
    uniqueOf(listOf(a)).filter((one) => contains(one, listOf(b))),
  ),
  difference: helper('{{difference a b}}', 'What is in the first list and not in the second.', [2, 2], ([a, b]) =>
    uniqueOf(listOf(a)).filter((one) => !contains(one, listOf(b))),
  ),
  pluck: helper('{{pluck list "name"}}', 'What each mapping of a list has under a key.', [2, 2], ([list, key]) =>
    listOf(list).map((one) => under(one, key)),
  ),
  selectattr: helper(
    '{{selectattr list "state" "up"}}',
    'The mappings of a list that have the value under the key; without a value, those that have something true there.',
    [2, 3],
    ([list, ...wanted]) => listOf(list).filter((one) => hasField(one, wanted)),
  ),
  rejectattr: helper('{{rejectattr list "state" "up"}}', 'Those that have not.', [2, 3], ([list, ...wanted]) =>
    listOf(list).filter((one) => !hasField(one, wanted)),
  ),
  dict: helper('{{dict "a" 1}}', 'A mapping of keys and values; `(dict)` is the empty one.', [0, MANY], pairsOf),
  combine: helper('{{combine a b}}', 'Mappings put together; the later ones count.', [2, MANY], (maps) =>
    Object.assign({}, ...maps.map(mapOf)),
  ),
  keys: helper('{{keys map}}', 'The keys of a mapping.', [1, 1], ([map]) => Object.keys(mapOf(map))),
  values: helper('{{values map}}', 'The values of a mapping.', [1, 1], ([map]) => Object.values(mapOf(map))),
  lookup: {
    ...helper('{{lookup map key}}', 'What a mapping or list has under a key.', [2, 2], ([of, key]) => under(of, key)),
    picks: true,
  },
  cpus_and: helper('{{cpus_and "0-7" "4-9"}}', 'The CPUs that are in all lists: `4-7`.', [2, MANY], (lists) =>
    formatCpuSet(lists.map(cpus).reduce(intersectionOf)),
  ),
  cpus_or: helper('{{cpus_or "0-1" "4"}}', 'The CPUs that are in any list: `0-1,4`.', [1, MANY], (lists) =>
    formatCpuSet(unionOf(...lists.map(cpus))),
  ),
  cpus_minus: helper(
    '{{cpus_minus "0-7" "0-1"}}',
    'The CPUs of the first list that are not in the second: `2-7`.',
    [2, 2],
    ([all, less]) => formatCpuSet(differenceOf(cpus(all), cpus(less))),
  ),
  cpus_count: helper('{{cpus_count "0-3,8"}}', 'How many CPUs a list has.', [1, 1], ([list]) => cpus(list).length),
  cpus_mask: helper('{{cpus_mask "0-3"}}', 'The list as a hexadecimal mask: `f`.', [1, 1], ([list]) =>
    formatCpuMask(cpus(list)),
  ),

  from_json: helper('{{from_json text}}', 'What a text in JSON says.', [1, 1], ([text]) => fromJson(textOf(text))),
  json: helper('{{json value}}', 'As JSON.', [1, 1], ([value]) => JSON.stringify(value)),
};

export const helperNames = (): readonly string[] => Object.keys(HELPERS);
export const findHelper = (name: string): Helper | undefined =>
  Object.hasOwn(HELPERS, name) ? HELPERS[name] : undefined;
