import type { ASTNode, ParseResult } from '@marcbachmann/cel-js';
import { NotKnown } from '../contract/index.ts';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Scalar } from '../source/node.ts';
import { positionIn } from '../source/position-in.ts';
import { compileText, parseCondition, run } from './cel.ts';
import { type Path, pathOf, rewrite, type Use } from './cel-tree.ts';
import { type Scope, undefinedVariable } from './scope.ts';
import { toCel } from './to-cel.ts';
import { isUnknown, Unknown, unknownIn } from './unknown.ts';

/**
 * Whether a condition holds: true, false, or `Unknown` where that depends on what is not known (Kleene's logic: false &&
 * unknown is false, true || unknown is true). Throws `UserError` with the place inside the expression.
 */
export function test(condition: Scalar, scope: Scope): boolean | Unknown {
  if (typeof condition.value === 'boolean') return condition.value;
  const text = String(condition.value);
  const locate = (index: number, length = 1) => positionIn(condition, index, length);
  const tree = parseCondition(text, locate);
  const inside = { scope, locate };
  const answer = decide(tree, inside);
  return isUnknown(answer) ? answer : asBoolean(answer, tree, inside);
}

/** Throws `UserError` with what is wrong with a condition before any variable is known. */
export function checkCondition(condition: Scalar): void {
  if (typeof condition.value === 'boolean') return;
  parseCondition(String(condition.value), (index, length = 1) => positionIn(condition, index, length));
}

interface Inside {
  readonly scope: Scope;
  readonly locate: (index: number, length?: number) => Position;
}

/** The logic is decided here, so that unknowns and undefined names behave; the rest is CEL's. */
function decide(node: ASTNode, inside: Inside): unknown {
  switch (node.op) {
    case '&&':
      return both(node.args, inside, false);
    case '||':
      return both(node.args, inside, true);
    case '!_': {
      const value = decide(node.args, inside);
      return isUnknown(value) ? value : !asBoolean(value, node.args, inside);
    }
    case '?:': {
      const [condition, yes, no] = node.args;
      const value = decide(condition, inside);
      if (isUnknown(value)) return value;
      return decide(asBoolean(value, condition, inside) ? yes : no, inside);
    }
    default:
      return compute(node, inside);
  }
}

function both([left, right]: readonly [ASTNode, ASTNode], inside: Inside, decisive: boolean): boolean | Unknown {
  const first = decide(left, inside);
  if (!isUnknown(first) && asBoolean(first, left, inside) === decisive) return decisive;
  const second = isUnknown(first) ? decideOr(right, inside, first) : decide(right, inside);
  if (!isUnknown(second) && asBoolean(second, right, inside) === decisive) return decisive;
  if (isUnknown(first)) return first;
  return isUnknown(second) ? second : !decisive;
}

/** What stands behind something unknown may never be looked at, so a name that is not defined there is no mistake yet. */
function decideOr(node: ASTNode, inside: Inside, otherwise: Unknown): unknown {
  try {
    return decide(node, inside);
  } catch (error) {
    if (error instanceof UserError && error.diagnostics.every(({ code }) => code === 'UndefinedVariable'))
      return otherwise;
    throw error;
  }
}

function asBoolean(value: unknown, node: ASTNode, inside: Inside): boolean {
  if (typeof value === 'boolean') return value;
  const hint = 'compare it with something, for instance `!= ""`, `!= 0` or `size(…) > 0`';
  const message = `this is ${describe(value)}, and not true or false`;
  throw new UserError([mistake('NotACondition', message, placeOf(node, inside), hint)]);
}

const compiled = new WeakMap<ASTNode, { readonly run: ParseResult; readonly uses: readonly Use[] }>();

/** A part without logic: its variables are looked up first, and CEL computes with plain values. */
function compute(node: ASTNode, inside: Inside): unknown {
  const path = pathOf(node);
  if (path) return follow(path, inside);
  let part = compiled.get(node);
  if (!part) {
    const { text, uses } = rewrite(node);
    part = { run: compileText(text), uses };
    compiled.set(node, part);
  }
  const values: Record<string, unknown> = {};
  for (const { as, asks, path } of part.uses) {
    const value = asks === 'defined' ? isDefined(path, inside) : follow(path, inside);
    const unknown = unknownIn(value);
    if (unknown) return unknown;
    values[as] = toCel(value, () => placeOf(path.node, inside));
  }
  return run(part.run, values, () => placeOf(node, inside));
}

/** `a.b[c]` step by step, so that what is missing is named, what is unknown is seen, and nothing else is looked at. */
function follow({ name, head, steps }: Path, inside: Inside): unknown {
  const { scope } = inside;
  if (!scope.has(name)) throw new UserError([undefinedVariable(name, placeOf(head, inside), scope.names())]);
  let value = lookup(name, head, inside);
  let before = head;
  for (const { node, key } of steps) {
    const wanted = typeof key === 'string' ? key : compute(key, inside);
    if (isUnknown(value)) return value;
    if (isUnknown(wanted)) return wanted;
    value = step(value, wanted, before, node, inside);
    before = node;
  }
  return value;
}

function step(value: unknown, wanted: unknown, before: ASTNode, node: ASTNode, inside: Inside): unknown {
  const key = typeof wanted === 'bigint' ? Number(wanted) : wanted;
  if (Array.isArray(value) ? Number.isInteger(key) : typeof value === 'object' && value !== null)
    if (Object.hasOwn(value as object, String(key))) return (value as Record<string, unknown>)[String(key)];
  const names = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  const message = `"${textOf(before)}" has no ${JSON.stringify(key)}`;
  throw new UserError([mistake('UndefinedVariable', message, placeOf(node, inside), didYouMean(String(key), names))]);
}

function lookup(name: string, node: ASTNode, inside: Inside): unknown {
  try {
    return inside.scope.lookup(name, placeOf(node, inside));
  } catch (error) {
    if (error instanceof NotKnown) return new Unknown(error.because);
    throw error;
  }
}

function isDefined(path: Path, inside: Inside): boolean | Unknown {
  try {
    const value = follow(path, inside);
    return isUnknown(value) ? value : true;
  } catch (error) {
    if (error instanceof UserError && error.diagnostics.every((one) => one.code === 'UndefinedVariable')) return false;
    throw error;
  }
}

const textOf = (node: ASTNode): string => node.input.slice(node.range.start, node.range.end);
const placeOf = (node: ASTNode, inside: Inside): Position =>
  inside.locate(node.range.start, node.range.end - node.range.start);

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? `the text ${JSON.stringify(value)}` : `the number ${value}`;
}
