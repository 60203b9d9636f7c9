import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { Unknown } from './unknown.ts';

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 100, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 },
})
  .registerOperator('int == double', (a: bigint, b: number) => Number(a) === b)
  .registerFunction('defined(dyn): bool', (value: unknown) => value !== undefined)
  .registerFunction('regex_search(string, string): bool', (text: string, pattern: string) =>
    RE2JS.compile(pattern).matcher(text).find(),
  );

type Locate = (index: number, length?: number) => Position;

const parsed = new Map<string, ASTNode>();
const compiled = new WeakMap<ASTNode, Compiled>();

interface Compiled {
  /** Variables by name, with where each stands first. */
  readonly names: ReadonlyMap<string, ASTNode>;
  /** Each use of a variable with the fields behind it, innermost first: `a`, `a.b`, `a.b.c`. */
  readonly paths: readonly (readonly ASTNode[])[];
}

/** An expression's tree. Throws `UserError` with CEL's spelling for what is written from Ansible habit. */
export function parseCondition(text: string, locate: Locate): ASTNode {
  const known = parsed.get(text);
  if (known) return known;
  const habit = HABITS.find(({ pattern }) => pattern.test(outsideQuotes(text)));
  try {
    const { ast } = environment.parse(text);
    refuseMatches(ast, locate);
    parsed.set(text, ast);
    return ast;
  } catch (error) {
    if (!(error instanceof ParseError || error instanceof CelTypeError)) throw error;
    const { start = 0, end = start + 1 } = error.range ?? error.node?.range ?? {};
    const index = habit ? Math.max(0, outsideQuotes(text).search(habit.pattern)) : start;
    const message = habit ? 'conditions are written in CEL' : (error.message.split('\n')[0] ?? '').replace(/\.?$/, '');
    throw new UserError([mistake('ConditionSyntax', message, locate(index, Math.max(1, end - start)), habit?.write)]);
  }
}

/** What people write from habit, and what to write instead. */
const HABITS: readonly { readonly pattern: RegExp; readonly write: string }[] = [
  { pattern: /\{\{/, write: 'a condition is an expression already: write it without {{ }}' },
  { pattern: /\bis\s+not\s+defined\b|\bis\s+undefined\b/, write: 'write `!defined(name)`' },
  { pattern: /\bis\s+defined\b/, write: 'write `defined(name)`' },
  { pattern: /\bis\s+(changed|failed|skipped)\b/, write: 'write `name.changed`, `name.failed`, `name.skipped`' },
  { pattern: /\bnot\s+in\b/, write: 'write `!(a in b)`' },
  { pattern: /\band\b/, write: 'write `&&`' },
  { pattern: /\bor\b/, write: 'write `||`' },
  { pattern: /\bnot\b/, write: 'write `!`' },
  { pattern: /\b(True|False|None)\b/, write: 'write `true`, `false`, `null`' },
  { pattern: /\|/, write: 'CEL has no filters: size(x), int(x), string(x), x.startsWith("…")' },
];

const outsideQuotes = (text: string): string =>
  text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, (quoted) => ' '.repeat(quoted.length));

function refuseMatches(ast: ASTNode, locate: Locate): void {
  for (const node of nodesOf(ast)) {
    const called = node.op === 'rcall' || node.op === 'call' ? node.args[0] : undefined;
    if (called !== 'matches') continue;
    const hint = 'write `regex_search(text, "pattern")`: it takes time in proportion to the text';
    const at = locate(node.range.start, node.range.end - node.range.start);
    throw new UserError([mistake('NoMatches', 'matches() can hang on some patterns and is not offered', at, hint)]);
  }
}

/** The variables that a tree uses; what a macro binds (`list.all(x, …)`) is not one. */
export function compile(node: ASTNode): Compiled {
  const known = compiled.get(node);
  if (known) return known;
  const names = new Map<string, ASTNode>();
  const paths: ASTNode[][] = [];
  collect(node, new Set(), names, paths);
  const result = { names, paths };
  compiled.set(node, result);
  return result;
}

const MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

function collect(node: ASTNode, bound: ReadonlySet<string>, names: Map<string, ASTNode>, paths: ASTNode[][]): void {
  const path = pathOf(node);
  if (path) {
    const [head] = path;
    if (head?.op !== 'id' || bound.has(head.args)) return;
    if (!names.has(head.args)) names.set(head.args, head);
    paths.push(path);
    return;
  }
  if (node.op === 'call' && node.args[0] === 'has') {
    // has(a.b) asks whether b is there: only a must be.
    for (const field of node.args[1]) if (field.op === '.') collect(field.args[0], bound, names, paths);
    return;
  }
  const variable = node.op === 'rcall' && MACROS.has(node.args[0]) ? node.args[2][0] : undefined;
  const inner = variable?.op === 'id' ? new Set([...bound, variable.args]) : bound;
  for (const child of childrenOf(node)) if (child !== variable) collect(child, inner, names, paths);
}

/** `a`, `a.b`, `a.b.c` as its nodes from the innermost; undefined for anything else. */
function pathOf(node: ASTNode): ASTNode[] | undefined {
  if (node.op === 'id') return [node];
  if (node.op !== '.') return undefined;
  const base = pathOf(node.args[0]);
  return base && [...base, node];
}

function* nodesOf(node: ASTNode): Generator<ASTNode> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value;

function childrenOf(node: ASTNode): readonly ASTNode[] {
  return [node.args as unknown].flat(3).filter(isNode);
}

/** CEL computes a part that holds no logic. Throws `UserError` where the values do not go together. */
export function evaluateLeaf(node: ASTNode, values: Readonly<Record<string, unknown>>, at: () => Position): unknown {
  const text = node.input.slice(node.range.start, node.range.end);
  const context = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toCel(value)]));
  try {
    return environment.evaluate(text, context);
  } catch (error) {
    if (!(error instanceof EvaluationError || error instanceof CelTypeError || error instanceof ParseError))
      throw error;
    const message = (error.message.split('\n')[0] ?? '').replace(/\.?$/, '');
    const hint = /no such overload/.test(message) ? 'convert with int(…), double(…) or string(…) first' : undefined;
    throw new UserError([mistake('ConditionFailed', message, at(), hint)]);
  }
}

/** Whole numbers are CEL's int. What is unknown inside a value that is not looked at is null. */
function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (value instanceof Unknown || value === undefined) return null;
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toCel(one)]));
  return value;
}
