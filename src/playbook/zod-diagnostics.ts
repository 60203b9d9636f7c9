import type { z } from 'zod';
import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean, nearest } from '../source/nearest.ts';
import { describeNode, type Node } from '../source/node.ts';
import { isTemplated } from '../template/index.ts';
import { insteadOfParameter, renamedParameter } from './other-parameters.ts';
import { keysAt } from './schema-keys.ts';

type Issue = z.core.$ZodIssue;

/**
 * A schema's refusal as mistakes at the places in the YAML that they are about. With the schema, unknown parameters are
 * compared to the known ones. What a schema misses beside a misspelt parameter is likely that one.
 */
export function zodDiagnostics(error: z.ZodError, node: Node, schema?: z.ZodType): Diagnostic[] {
  const meant = error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? meantBy(issue, schema) : []));
  return error.issues
    .filter((issue) => !meant.some(({ path, keys }) => isAbout(issue, path, keys)))
    .flatMap((issue) => explain(issue, issue.path, node, schema));
}

interface Meant {
  readonly path: readonly PropertyKey[];
  /** The parameters that were likely meant. */
  readonly keys: readonly string[];
}

function meantBy({ path, keys }: z.core.$ZodIssueUnrecognizedKeys, schema: z.ZodType | undefined): Meant {
  const known = schema ? keysAt(schema, path) : [];
  return { path, keys: keys.flatMap((key) => renamedParameter(key, known) ?? nearest(key, known) ?? []) };
}

/** Whether an issue is about a mapping as a whole, or about a parameter that is there under a misspelt name. */
function isAbout(issue: Issue, path: readonly PropertyKey[], keys: readonly string[]): boolean {
  const here = issue.path.slice(0, path.length).join('.') === path.join('.');
  const [next] = issue.path.slice(path.length);
  if (!here || issue.code === 'unrecognized_keys') return false;
  return next === undefined ? issue.code === 'custom' : keys.includes(String(next));
}

function explain(issue: Issue, path: readonly PropertyKey[], node: Node, schema: z.ZodType | undefined): Diagnostic[] {
  const place = find(node, path);
  const name = path.map(String).join('.');
  const bad = (said: string, hint?: string) => [
    mistake('BadParameter', name === '' ? said : `${name}: ${said}`, place.node.at, hint),
  ];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownParameter(key, place.node, schema ? keysAt(schema, path) : []));
  if (issue.code === 'invalid_key')
    return [
      mistake('BadParameter', `${name}: ${issue.issues[0]?.message ?? issue.message}`, keyAt(place.parent, path)),
    ];
  const wanted = wantedBy(issue);
  if (wanted && !place.whole)
    return [mistake('MissingParameter', `the parameter "${name}" is missing`, place.node.at, `add ${name}: …`)];
  if (wanted) {
    const given = isTemplated(place.node) ? 'what this template gives' : describeNode(place.node);
    return bad(`expected ${either(wanted.map((one) => one.words))}, not ${given}`, hintFor(wanted, place.node));
  }
  const branch = issue.code === 'invalid_union' && isZods(issue) ? closest(issue.errors) : undefined;
  if (branch) return branch.flatMap((inner) => explain(inner, [...path, ...inner.path], node, schema));
  return bad(issue.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()));
}

function unknownParameter(key: string, node: Node, known: readonly string[]): Diagnostic {
  const all = known.length > 0 && known.length <= 12 ? `known here: ${known.join(', ')}` : undefined;
  const renamed = renamedParameter(key, known);
  const other = renamed === undefined ? insteadOfParameter(key) : `write ${renamed}`;
  const hint = other ?? didYouMean(key, known) ?? all;
  return mistake('UnknownParameter', `there is no parameter "${key}"`, keyAt(node, [key]), hint);
}

interface Wanted {
  readonly words: string;
  readonly type?: string;
  readonly value?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  null: 'nothing',
};

/** Words of zod's own, for which there are better ones: nobody gave the schema a message here. */
const isZods = (issue: Issue): boolean => /^Invalid (?:input(?:$|: expected)|option)/.test(issue.message);

/** What was expected, when all that is wrong is the kind of value. */
function wantedBy(issue: Issue): readonly Wanted[] | undefined {
  if (!isZods(issue)) return undefined;
  if (issue.code === 'invalid_type') return [{ words: TYPES[issue.expected] ?? issue.expected, type: issue.expected }];
  if (issue.code === 'invalid_value')
    return issue.values.map((value) => ({ words: JSON.stringify(value) ?? 'nothing', value: String(value) }));
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return undefined;
  const branches = issue.errors.map(([only, second]) =>
    only && !second && only.path.length === 0 ? wantedBy(only) : undefined,
  );
  return branches.every((one) => one !== undefined) ? branches.flat() : undefined;
}

function either(words: readonly string[]): string {
  const all = [...new Set(words)];
  return all.length < 2 ? all.join() : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

/** Of the alternatives of a union, the one that goes along with the value the furthest. */
function closest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (branch: readonly Issue[]) => Math.max(...branch.map(({ path }) => path.length));
  return branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
}

function hintFor(wanted: readonly Wanted[], node: Node): string | undefined {
  if (node.kind !== 'scalar' || isTemplated(node)) return undefined;
  const { value, raw = String(value) } = node;
  const types = wanted.map(({ type }) => type);
  if (typeof value === 'number' && types.includes('string')) return `write "${raw}" in quotes`;
  if (typeof value !== 'string') return undefined;
  if (types.includes('boolean') && /^(?:yes|on|no|off|true|false)$/i.test(value))
    return `write ${/^(?:yes|on|true)$/i.test(value)}`;
  if (types.includes('number') && value.trim() !== '' && Number.isFinite(Number(value)))
    return 'write it without quotes';
  return didYouMean(
    value,
    wanted.flatMap((one) => one.value ?? []),
  );
}

interface Place {
  readonly node: Node;
  readonly parent: Node;
  /** Whether the path led all the way there. */
  readonly whole: boolean;
}

/** The innermost node on the way of a path that is there. */
function find(node: Node, path: readonly PropertyKey[], parent = node): Place {
  const [head, ...rest] = path;
  if (head === undefined) return { node, parent, whole: true };
  const next =
    node.kind === 'map'
      ? node.entries.find((entry) => entry.key === String(head))?.value
      : node.kind === 'list'
        ? node.items[Number(head)]
        : undefined;
  // The parts of what a template gives stand nowhere.
  return next ? find(next, rest, node) : { node, parent, whole: isTemplated(node) };
}

/** Where the key at the end of a path stands. */
function keyAt(node: Node, path: readonly PropertyKey[]): Position {
  const key = String(path.at(-1));
  return (node.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.keyAt : undefined) ?? node.at;
}
