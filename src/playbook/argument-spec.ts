import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { child, describeNode, type Node, toData } from '../source/node.ts';
import { isUnknown, type Scope } from '../template/index.ts';
import { checkRules, parseRules, RULE_NAMES } from './argument-rules.ts';
import { bool, mapping, type Reader, word, words } from './readers.ts';
import type { Argument, ArgumentSpec, ArgumentType } from './types.ts';

const isText = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)));

/** What is taken for each type. */
const TYPES: Readonly<Record<ArgumentType, { takes: (value: unknown) => boolean; words: string }>> = {
  str: { takes: isText, words: 'a text' },
  path: { takes: isText, words: 'a path' },
  raw: { takes: () => true, words: 'anything' },
  int: { takes: (value: unknown) => isNumeric(value) && Number.isInteger(Number(value)), words: 'a whole number' },
  float: { takes: isNumeric, words: 'a number' },
  bool: {
    takes: (value: unknown) =>
      typeof value === 'boolean' || (isText(value) && /^(?:yes|no|on|off|true|false|1|0)$/i.test(String(value))),
    words: 'true or false',
  },
  list: { takes: Array.isArray, words: 'a list' },
  dict: {
    takes: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
    words: 'a mapping',
  },
  json: { takes: () => true, words: 'JSON' },
  jsonarg: { takes: () => true, words: 'JSON' },
  bytes: {
    takes: (value: unknown) => /^\d+(?:\.\d+)?\s*(?:[KMGTPEZY]i?B?|B)?$/i.test(String(value)),
    words: 'a size such as 10M',
  },
  bits: {
    takes: (value: unknown) => /^\d+(?:\.\d+)?\s*(?:[KMGTPEZY]b?|b)?$/i.test(String(value)),
    words: 'a size such as 10Mb',
  },
};

const KEYS = [
  'type',
  'required',
  'choices',
  'elements',
  'options',
  'no_log',
  'default',
  'description',
  'version_added',
  'aliases',
  'apply_defaults',
  'removed_in_version',
  'removed_at_date',
  'removed_from_collection',
  ...RULE_NAMES,
];

/** What may stand beside `options` of an entry point. */
const ENTRY_KEYS = [
  'options',
  'short_description',
  'description',
  'author',
  'version_added',
  'seealso',
  'notes',
  ...RULE_NAMES,
];

/** The options of one entry point (`main`, or the file that `tasks_from` names); undefined where the role has no spec. */
export function parseArgumentSpec(file: Node, entryPoint: string, found: Diagnostic[]): ArgumentSpec | undefined {
  const specs = child(file, 'argument_specs');
  const entry = specs && child(specs, entryPoint);
  for (const { key, keyAt } of (entry && mapping(entry, entryPoint, found)?.entries) ?? [])
    if (!ENTRY_KEYS.includes(key)) found.push(unknownKey(key, keyAt, ENTRY_KEYS));
  const spec = entry && parseSpec(entry, found);
  const said = entry && child(entry, 'short_description');
  const words = said?.kind === 'scalar' ? ` - ${said.value}` : '';
  return spec && { ...spec, title: `'${entryPoint}'${words}` };
}

const unknownKey = (key: string, at: Position, known: readonly string[]): Diagnostic =>
  mistake(
    'UnknownKeyword',
    `"${key}" is not part of an argument's spec`,
    at,
    didYouMean(key, known) ?? `known are ${known.join(', ')}`,
  );

/** The `options` of an entry point or of an option, and what they ask of each other. */
function parseSpec(node: Node, found: Diagnostic[]): ArgumentSpec | undefined {
  const options = child(node, 'options');
  if (!options) return undefined;
  const entries = mapping(options, 'options', found)?.entries ?? [];
  return {
    options: Object.fromEntries(entries.map(({ key, value }) => [key, parseArgument(value, found)])),
    rules: parseRules(node, found),
  };
}

function parseArgument(node: Node, found: Diagnostic[]): Argument {
  for (const { key, keyAt } of mapping(node, 'options', found)?.entries ?? [])
    if (!KEYS.includes(key)) found.push(unknownKey(key, keyAt, KEYS));
  const read = <T>(key: string, reader: Reader<T>): T | undefined => {
    const value = child(node, key);
    return value && reader(value, key, found);
  };
  const choices = child(node, 'choices');
  const options = parseSpec(node, found);
  const aliases = read('aliases', words) ?? [];
  if (choices) words(choices, 'choices', found);
  const elements = read('elements', argumentType);
  return {
    type: read('type', argumentType) ?? 'str',
    required: read('required', bool) ?? false,
    secret: read('no_log', bool) ?? false,
    ...(choices?.kind === 'list' && { choices: choices.items.map(toData) }),
    ...(elements && { elements }),
    aliases,
    ...(options && { options }),
  };
}

const argumentType: Reader<ArgumentType> = (node, name, found) => {
  const given = word(node, name, found);
  if (given === undefined) return undefined;
  if (Object.hasOwn(TYPES, given)) return given as ArgumentType;
  const known = Object.keys(TYPES);
  const hint = didYouMean(given, known) ?? `known are ${known.join(', ')}`;
  found.push(mistake('BadValue', `"${name}" takes a type, not ${describeNode(node)}`, node.at, hint));
  return undefined;
};

/** What the variables of a host lack or have wrong; `at` is where the role is used. What is not known is not judged. */
export function checkArguments({ options, rules }: ArgumentSpec, scope: Scope, at: Position): readonly Diagnostic[] {
  const named = (name: string) => [name, ...(options[name]?.aliases ?? [])].find((one) => scope.has(one));
  const givenBy = (name: string): unknown => {
    const given = named(name);
    return given === undefined ? undefined : scope.lookup(given, at);
  };
  const each = Object.entries(options).flatMap(([name, argument]) => {
    const given = named(name);
    const [found] = given === undefined ? [] : scope.find(given);
    if (!found) return argument.required ? [missing(name, at)] : [];
    const where = 'node' in found.binding ? found.binding.node.at : at;
    return checkValue(name, givenBy(name), argument, where);
  });
  const unknown = Object.keys(options).some((name) => isUnknown(givenBy(name)));
  return unknown ? each : [...each, ...checkRules(rules, givenBy, '', at)];
}

const missing = (name: string, at: Position): Diagnostic =>
  mistake('MissingArgument', `the role needs the variable "${name}"`, at, 'give it under vars, or in the inventory');

function checkValue(name: string, value: unknown, argument: Argument, at: Position): readonly Diagnostic[] {
  if (isUnknown(value)) return [];
  const wrong = (said: string) => [
    mistake('BadArgument', `${name}: ${said}`, at, 'see meta/argument_specs.yml of the role'),
  ];
  const shown = () => (argument.secret ? 'what it is' : JSON.stringify(value));
  if (value === null && !argument.required) return [];
  const { choices, elements, options } = argument;
  const type = TYPES[argument.type];
  if (!type.takes(value)) return wrong(`the role takes ${type.words}, not ${shown()}`);
  const chosen = (one: unknown) => choices?.some((choice) => String(choice) === String(one)) ?? true;
  // Of a list, every item is to be one of them.
  if (!(Array.isArray(value) ? value.every(chosen) : chosen(value)))
    return wrong(`the role takes ${choices?.map((choice) => JSON.stringify(choice)).join(' or ')}, not ${shown()}`);
  if (!elements && !options) return [];
  if (!Array.isArray(value))
    return options ? checkOptions(name, value as Readonly<Record<string, unknown>>, options, at) : [];
  const { secret } = argument;
  const inner: Argument = {
    type: elements ?? 'dict',
    required: true,
    secret,
    aliases: [],
    ...(options && { options }),
  };
  return value.flatMap((item, index) => checkValue(`${name}[${index}]`, item, inner, at));
}

function checkOptions(
  name: string,
  value: Readonly<Record<string, unknown>>,
  { options, rules }: ArgumentSpec,
  at: Position,
): readonly Diagnostic[] {
  const known = Object.entries(options).flatMap(([key, { aliases }]) => [key, ...aliases]);
  const named = (key: string) => [key, ...(options[key]?.aliases ?? [])].find((one) => Object.hasOwn(value, one));
  const givenBy = (key: string): unknown => value[named(key) ?? key];
  return [
    ...Object.keys(value)
      .filter((key) => !known.includes(key))
      .map((key) => {
        const hint = didYouMean(key, known) ?? `known are ${known.join(', ')}`;
        return mistake('BadArgument', `${name}: the role knows no "${key}" here`, at, hint);
      }),
    ...Object.entries(options).flatMap(([key, argument]) => {
      if (named(key) !== undefined) return checkValue(`${name}.${key}`, givenBy(key), argument, at);
      return argument.required ? [missing(`${name}.${key}`, at)] : [];
    }),
    ...checkRules(rules, givenBy, `${name}.`, at),
  ];
}
