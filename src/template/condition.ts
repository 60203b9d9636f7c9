import type { ASTNode } from '@marcbachmann/cel-js';
import { NotKnown } from '../contract/index.ts';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Scalar } from '../source/node.ts';
import { positionIn } from '../source/position-in.ts';
import { compile, evaluateLeaf, parseCondition } from './cel.ts';
import { type Scope, undefinedVariable } from './scope.ts';
import { isUnknown, Unknown } from './unknown.ts';

/**
 * Whether a condition holds: true, false, or `Unknown` where that depends on what is not known (Kleene's logic: false &&
 * unknown is false, true || unknown is true). Throws `UserError` with the place inside the expression.
 */
export function test(condition: Scalar, scope: Scope): boolean | Unknown {
  if (typeof condition.value === 'boolean') return condition.value;
  const text = String(condition.value);
  const locate = (index: number, length = 1) => positionIn(condition, index, length);
  const answer = decide(parseCondition(text, locate), { scope, locate });
  if (isUnknown(answer) || typeof answer === 'boolean') return answer;
  const hint = 'compare it with something, for instance `!= ""`, `!= 0` or `size(…) > 0`';
  throw new UserError([
    mistake('NotACondition', `this is ${describe(answer)}, and not true or false`, locate(0, text.length), hint),
  ]);
}

/** All that is wrong with a condition before any host is known. */
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
    case 'call': {
      const [name, [subject]] = node.args;
      if (name === 'defined' && subject) return isDefined(subject, inside);
      return leaf(node, inside);
    }
    default:
      return leaf(node, inside);
  }
}

function both([left, right]: readonly [ASTNode, ASTNode], inside: Inside, decisive: boolean): boolean | Unknown {
  const first = decide(left, inside);
  if (!isUnknown(first) && asBoolean(first, left, inside) === decisive) return decisive;
  const second = decide(right, inside);
  if (!isUnknown(second) && asBoolean(second, right, inside) === decisive) return decisive;
  if (isUnknown(first)) return first;
  return isUnknown(second) ? second : !decisive;
}

function asBoolean(value: unknown, node: ASTNode, inside: Inside): boolean {
  if (typeof value === 'boolean') return value;
  const message = `this is ${describe(value)}, and not true or false`;
  throw new UserError([mistake('NotACondition', message, placeOf(node, inside))]);
}

/** A part without logic: its variables are looked up first, and CEL computes with plain values. */
function leaf(node: ASTNode, inside: Inside): unknown {
  const { names, paths } = compile(node);
  const values: Record<string, unknown> = {};
  for (const path of paths) {
    const value = follow(path, inside);
    if (isUnknown(value)) return value;
  }
  for (const [name, at] of names) values[name] = inside.scope.lookup(name, placeOf(at, inside));
  return evaluateLeaf(node, values, () => placeOf(node, inside));
}

/** `a.b.c` step by step, so that what is missing is named and what is unknown is seen. */
function follow(path: readonly ASTNode[], inside: Inside): unknown {
  const [head, ...steps] = path;
  if (head?.op !== 'id') return undefined;
  if (!inside.scope.has(head.args))
    throw new UserError([undefinedVariable(head.args, placeOf(head, inside), inside.scope.names())]);
  let value: unknown = lookup(head.args, head, inside);
  for (const step of steps) {
    if (isUnknown(value) || step.op !== '.') return value;
    const key = step.args[1];
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) {
      const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
      const message = `"${inside.scope.has(head.args) ? textOf(step.args[0]) : head.args}" has no "${key}"`;
      throw new UserError([mistake('UndefinedVariable', message, placeOf(step, inside), didYouMean(key, names))]);
    }
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function lookup(name: string, node: ASTNode, inside: Inside): unknown {
  try {
    return inside.scope.lookup(name, placeOf(node, inside));
  } catch (error) {
    if (error instanceof NotKnown) return new Unknown(error.because);
    throw error;
  }
}

function isDefined(subject: ASTNode, inside: Inside): boolean | Unknown {
  const [path] = compile(subject).paths;
  if (!path) throw new UserError([mistake('BadDefined', 'defined() takes a variable', placeOf(subject, inside))]);
  try {
    const value = follow(path, inside);
    return isUnknown(value) ? value : value !== undefined;
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
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `the text ${JSON.stringify(value)}` : `the number ${value}`;
}
