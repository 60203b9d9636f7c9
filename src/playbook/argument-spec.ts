import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { child, describeNode, type Node, toData } from '../source/node.ts';
import { isUnknown, type Scope } from '../template/index.ts';
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
];

/** The options of one entry point (`main`, or the file that `tasks_from` names); undefined where the role has no spec. */
export function parseArgumentSpec(file: Node, entryPoint: string, found: Diagnostic[]): ArgumentSpec | undefined {
  const specs = child(file, 'argument_specs');
  const entry = specs && child(specs, entryPoint);
  const options = entry && child(entry, 'options');
  return options && parseOptions(options, found);
}

function parseOptions(node: Node, found: Diagnostic[]): ArgumentSpec {
  const entries = mapping(node, 'options', found)?.entries ?? [];
  return Object.fromEntries(entries.map(({ key, value }) => [key, parseArgument(value, found)]));
}

function parseArgument(node: Node, found: Diagnostic[]): Argument {
  for (const { key, keyAt } of mapping(node, 'options', found)?.entries ?? [])
    if (!KEYS.includes(key))
      found.push(
        mistake(
          'UnknownKeyword',
          `"${key}" is not part of an argument's spec`,
          keyAt,
          didYouMean(key, KEYS) ?? `known are ${KEYS.join(', ')}`,
        ),
      );
  const read = <T>(key: string, reader: Reader<T>): T | undefined => {
    const value = child(node, key);
    return value && reader(value, key, found);
  };
  const choices = child(node, 'choices');
  const options = child(node, 'options');
  if (choices) words(choices, 'choices', found);
  const elements = read('elements', argumentType);
  return {
    type: read('type', argumentType) ?? 'str',
    required: read('required', bool) ?? false,
    secret: read('no_log', bool) ?? false,
    ...(choices?.kind === 'list' && { choices: choices.items.map(toData) }),
    ...(elements && { elements }),
    ...(options && { options: parseOptions(options, found) }),
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
export function checkArguments(spec: ArgumentSpec, scope: Scope, at: Position): readonly Diagnostic[] {
  return Object.entries(spec).flatMap(([name, argument]) => {
    const [found] = scope.find(name);
    if (!found) return argument.required ? [missing(name, at)] : [];
    const where = 'node' in found.binding ? found.binding.node.at : at;
    return checkValue(name, scope.lookup(name, at), argument, where);
  });
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
  const type = TYPES[argument.type];
  if (!type.takes(value)) return wrong(`the role takes ${type.words}, not ${shown()}`);
  if (argument.choices && !argument.choices.some((choice) => String(choice) === String(value)))
    return wrong(
      `the role takes ${argument.choices.map((choice) => JSON.stringify(choice)).join(' or ')}, not ${shown()}`,
    );
  const items = Array.isArray(value) ? value : [];
  const { elements, options } = argument;
  const inner: Argument = {
    type: elements ?? 'dict',
    required: true,
    secret: argument.secret,
    ...(options && { options }),
  };
  if (elements || options)
    if (Array.isArray(value)) return items.flatMap((item, index) => checkValue(`${name}[${index}]`, item, inner, at));
  return options ? checkOptions(name, value as Readonly<Record<string, unknown>>, options, at) : [];
}

function checkOptions(
  name: string,
  value: Readonly<Record<string, unknown>>,
  options: ArgumentSpec,
  at: Position,
): readonly Diagnostic[] {
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(options, key));
  return [
    ...unknown.map((key) =>
      mistake(
        'BadArgument',
        `${name}: the role knows no "${key}" here`,
        at,
        didYouMean(key, Object.keys(options)) ?? `known are ${Object.keys(options).join(', ')}`,
      ),
    ),
    ...Object.entries(options).flatMap(([key, argument]) => {
      if (Object.hasOwn(value, key)) return checkValue(`${name}.${key}`, value[key], argument, at);
      return argument.required ? [missing(`${name}.${key}`, at)] : [];
    }),
  ];
}
