import { Problem } from '../contract/index.ts';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { truthy } from './helper-values.ts';
import { findHelper } from './helpers.ts';
import { OMIT } from './omit.ts';
import type { Locate, Template } from './parse-template.ts';
import { type Scope, undefinedVariable } from './scope.ts';
import { known, whollyKnown } from './unknown.ts';

/**
 * Handlebars' language, evaluated on its own syntax tree: so that every name that is not defined is a mistake at its very
 * place, also inside `{{#if}}` and as a helper's argument; what is unknown is never printed; a lone expression keeps its
 * type; and nothing but a value's own properties can be reached. docs/adr/0003 says why not Handlebars' own runtime.
 */
export interface TextOptions {
  /** The result is a text, also when the template is one expression alone. */
  readonly whole?: boolean;
  /** For `{{ }}`; `{{{ }}}` is never escaped. A `RangeError` is the user's mistake. */
  readonly escape?: (text: string) => string;
  /** The template behind `{{> name}}`. */
  readonly partial?: (name: string, at: Position) => { readonly template: Template; readonly locate: Locate };
}

interface Frame extends TextOptions {
  readonly scope: Scope;
  readonly locate: Locate;
  readonly indexOf: Template['indexOf'];
  /** What names are looked up in first, inside `each` and `with`; undefined at the top. */
  readonly self?: { readonly value: unknown };
  /** `@index`, `@key`, `@first`, `@last`, and block parameters. */
  readonly locals: ReadonlyMap<string, unknown>;
  readonly parent?: Frame;
  /** How many partials are around. */
  readonly depth: number;
}

const MAX_DEPTH = 50;

/** The text, or the value where the template is one `{{ expression }}` alone. */
export function evaluateText(template: Template, scope: Scope, locate: Locate, options: TextOptions = {}): unknown {
  const frame: Frame = { ...options, scope, locate, indexOf: template.indexOf, locals: new Map(), depth: 0 };
  const [only, ...rest] = template.program.body;
  if (only?.type === 'MustacheStatement' && rest.length === 0 && !options.whole)
    return whollyKnown(callOrValue(only as hbs.AST.MustacheStatement, frame));
  return run(template.program, frame);
}

function run(program: hbs.AST.Program | undefined, frame: Frame): string {
  return (program?.body ?? []).map((statement) => runStatement(statement, frame)).join('');
}

function runStatement(statement: hbs.AST.Statement, frame: Frame): string {
  switch (statement.type) {
    case 'ContentStatement':
      return (statement as hbs.AST.ContentStatement).value;
    case 'CommentStatement':
      return '';
    case 'MustacheStatement': {
      const mustache = statement as hbs.AST.MustacheStatement;
      const value = whollyKnown(callOrValue(mustache, frame));
      if (value === OMIT)
        throw wrong(frame, mustache, 'MisplacedOmit', 'a part of a text cannot be left out', 'write "" for nothing');
      const text = toText(value);
      return mustache.escaped && frame.escape ? escaped(text, frame.escape, mustache, frame) : text;
    }
    case 'BlockStatement':
      return runBlock(statement as hbs.AST.BlockStatement, frame);
    case 'PartialStatement':
      return runPartial(statement as hbs.AST.PartialStatement, frame);
    default:
      throw new Error(`${statement.type} was let through`);
  }
}

function escaped(text: string, by: (text: string) => string, at: hbs.AST.Node, frame: Frame): string {
  try {
    return by(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw wrong(frame, at, 'NotEscapable', error.message);
  }
}

function runBlock(block: hbs.AST.BlockStatement, frame: Frame): string {
  const name = (block.path as hbs.AST.PathExpression).original as string;
  const subject = () => {
    const [param] = block.params;
    return param && known(evaluate(param, frame));
  };
  const [first = '', second = ''] = block.program?.blockParams ?? [];
  switch (name) {
    case 'if':
      return run(truthy(subject()) ? block.program : block.inverse, frame);
    case 'unless':
      return run(truthy(subject()) ? block.inverse : block.program, frame);
    case 'with': {
      const value = subject();
      if (!truthy(value)) return run(block.inverse, frame);
      return run(block.program, inside(frame, value, first ? [[first, value]] : []));
    }
    case 'each': {
      const entries = entriesOf(subject());
      if (entries.length === 0) return run(block.inverse, frame);
      return entries
        .map(([key, value], index) =>
          run(
            block.program,
            inside(frame, value, [
              ['@index', index],
              ['@key', key],
              ['@first', index === 0],
              ['@last', index === entries.length - 1],
              ...(first ? ([[first, value]] as const) : []),
              ...(second ? ([[second, key]] as const) : []),
            ]),
          ),
        )
        .join('');
    }
    default:
      throw new Error(`the block #${name} was let through`);
  }
}

const inside = (frame: Frame, value: unknown, locals: readonly (readonly [string, unknown])[]): Frame => ({
  ...frame,
  self: { value },
  locals: new Map([...frame.locals, ...locals]),
  parent: frame,
});

function entriesOf(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function runPartial(statement: hbs.AST.PartialStatement, frame: Frame): string {
  const name = (statement.name as hbs.AST.PathExpression).original as string;
  const at = placeOf(frame, statement.name);
  if (!frame.partial)
    throw new UserError([mistake('UnknownPartial', 'partials are for template files', at, 'write the text here')]);
  if (frame.depth > MAX_DEPTH)
    throw new UserError([
      mistake('PartialCycle', `the partial "${name}" uses itself without end`, at, 'break the circle'),
    ]);
  const { template, locate } = frame.partial(name, at);
  const hash = Object.fromEntries((statement.hash?.pairs ?? []).map((pair) => [pair.key, evaluate(pair.value, frame)]));
  const [param] = statement.params;
  const base = param ? inside(frame, known(evaluate(param, frame)), []) : frame;
  return run(template.program, {
    ...base,
    scope: frame.scope.with('partial', hash),
    locate,
    indexOf: template.indexOf,
    depth: frame.depth + 1,
  });
}

/** `{{ name }}` is a variable; `{{ name value }}` and `(name value)` call a helper. */
function callOrValue(node: hbs.AST.MustacheStatement | hbs.AST.SubExpression, frame: Frame): unknown {
  const { path } = node;
  if (path.type !== 'PathExpression') return evaluate(path as hbs.AST.Expression, frame);
  const name = (path as hbs.AST.PathExpression).original as string;
  const called = node.params.length > 0 || node.type === 'SubExpression';
  const helper = called ? findHelper(name) : undefined;
  if (!helper) return evaluate(path as hbs.AST.Expression, frame);
  const values = node.params.map((param, index) => {
    if (helper.lenient && index === 0) return evaluateOr(param, frame, undefined);
    const value = evaluate(param, frame);
    return helper.picks ? known(value) : whollyKnown(value);
  });
  try {
    return helper.run(values);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof Problem)) throw error;
    const hint = error instanceof Problem ? error.hint : undefined;
    throw wrong(frame, path, 'HelperFailed', `${name} ${error.message}`, hint);
  }
}

/** For helpers such as `default`, whose first argument may be undefined. */
function evaluateOr(node: hbs.AST.Expression, frame: Frame, otherwise: unknown): unknown {
  try {
    return whollyKnown(evaluate(node, frame));
  } catch (error) {
    if (error instanceof UserError && error.diagnostics.every((one) => one.code === 'UndefinedVariable'))
      return otherwise;
    throw error;
  }
}

function evaluate(node: hbs.AST.Expression, frame: Frame): unknown {
  switch (node.type) {
    case 'PathExpression':
      return resolve(node as hbs.AST.PathExpression, frame);
    case 'SubExpression':
      return callOrValue(node as hbs.AST.SubExpression, frame);
    case 'NullLiteral':
    case 'UndefinedLiteral':
      return null;
    default:
      return (node as hbs.AST.StringLiteral).value;
  }
}

function resolve(path: hbs.AST.PathExpression, from: Frame): unknown {
  let frame = from;
  for (let up = 0; up < path.depth; up++) frame = frame.parent ?? frame;
  const [head, ...rest] = path.parts as string[];
  if (head === undefined) {
    if (frame.self) return frame.self.value;
    throw wrong(
      from,
      path,
      'UndefinedVariable',
      '"this" is nothing outside #each and #with',
      'write the name of a variable',
    );
  }
  let value = path.data ? local(`@${head}`, path, from) : first(head, path, frame, from);
  let name = head;
  for (const part of rest) {
    value = known(value);
    if (!own(value, part)) {
      const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
      throw wrong(
        from,
        path,
        'UndefinedVariable',
        `"${name}" has no "${part}"`,
        didYouMean(part, names) ??
          (names.length > 0
            ? `it has ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}`
            : 'use {{default …}} where it may be missing'),
      );
    }
    value = Array.isArray(value) && part === 'length' ? value.length : (value as Record<string, unknown>)[part];
    name += `.${part}`;
  }
  return value;
}

function first(head: string, path: hbs.AST.PathExpression, frame: Frame, from: Frame): unknown {
  if (frame.locals.has(head)) return frame.locals.get(head);
  if (frame.self) {
    const value = known(frame.self.value);
    if (own(value, head)) return (value as Record<string, unknown>)[head];
    if (frame.scope.has(head)) return frame.scope.lookup(head, placeOf(from, path));
  }
  if (head === 'omit' && !frame.scope.has(head)) return OMIT;
  if (!frame.scope.has(head)) throw new UserError([undefinedVariable(head, placeOf(from, path), frame.scope.names())]);
  return frame.scope.lookup(head, placeOf(from, path));
}

function local(name: string, path: hbs.AST.PathExpression, frame: Frame): unknown {
  if (!frame.locals.has(name))
    throw wrong(
      frame,
      path,
      'UndefinedVariable',
      `"${name}" is nothing here`,
      '@index, @key, @first and @last are for {{#each}}',
    );
  return frame.locals.get(name);
}

const own = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);

function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function placeOf(frame: Frame, node: hbs.AST.Node): Position {
  const start = frame.indexOf(node.loc.start);
  return frame.locate(start, frame.indexOf(node.loc.end) - start);
}

function wrong(frame: Frame, node: hbs.AST.Node, code: string, message: string, hint?: string): UserError {
  return new UserError([mistake(code, message, placeOf(frame, node), hint)]);
}
