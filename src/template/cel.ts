import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
} from '@marcbachmann/cel-js';
import { RE2JS, RE2JSException } from 're2js';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { divides, habitIn } from './cel-habits.ts';
import { checkMacros, nodesOf } from './cel-tree.ts';
import { isYes } from './helper-values.ts';

type Locate = (index: number, length?: number) => Position;

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 250, maxListElements: 1000, maxMapEntries: 1000, maxCallArguments: 32 },
})
  .registerFunction('defined(dyn): bool', (value: unknown) => value !== undefined)
  .registerFunction('is_yes(dyn): bool', (value: unknown) => isYes(typeof value === 'bigint' ? Number(value) : value))
  .registerOperator('string in string', (part: string, text: string) => text.includes(part))
  .registerFunction('regex_search(string, string): bool', (text: string, pattern: string) =>
    RE2JS.compile(pattern).matcher(text).find(),
  );
for (const [sign, compute] of Object.entries({
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
})) {
  environment.registerOperator(`int ${sign} double`, (a: bigint, b: number) => compute(Number(a), b));
  environment.registerOperator(`double ${sign} int`, (a: number, b: bigint) => compute(a, Number(b)));
}

const parsed = new Map<string, ASTNode>();

/** An expression's tree. Throws `UserError` with CEL's spelling for what is written from Ansible habit. */
export function parseCondition(text: string, locate: Locate): ASTNode {
  const known = parsed.get(text);
  if (known) return known;
  try {
    if (divides(text)) throw new ParseError('// begins a comment');
    const result = environment.parse(text);
    checkNames(text, result.ast, locate);
    checkMacros(result.ast, locate);
    checkPatterns(result.ast, locate);
    const { error } = result.check();
    if (error) throw error;
    parsed.set(text, result.ast);
    return result.ast;
  } catch (error) {
    throw celMistake(error, 'ConditionSyntax', (start, end) => {
      const habit = habitIn(text);
      if (habit)
        return { message: 'conditions are written in CEL', at: locate(habit.index, habit.length), hint: habit.write };
      return { at: locate(start, Math.max(1, end - start)) };
    });
  }
}

/** `True` and `None` are names like others to CEL, and never the name of a variable. */
function checkNames(text: string, ast: ASTNode, locate: Locate): void {
  for (const { op, args, range } of nodesOf(ast)) {
    if (op !== 'id' || !/^(?:True|False|None|none)$/.test(args)) continue;
    const habit = habitIn(text.slice(range.start, range.end), text);
    const at = locate(range.start, range.end - range.start);
    throw new UserError([mistake('ConditionSyntax', 'conditions are written in CEL', at, habit?.write)]);
  }
}

/** Patterns that stand in the expression are looked at before any host is. */
function checkPatterns(ast: ASTNode, locate: Locate): void {
  for (const node of nodesOf(ast)) {
    const pattern =
      node.op === 'rcall' && node.args[0] === 'matches'
        ? node.args[2][0]
        : node.op === 'call' && node.args[0] === 'regex_search'
          ? node.args[1][1]
          : undefined;
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string') continue;
    try {
      RE2JS.compile(pattern.args);
    } catch (error) {
      throw celMistake(error, 'BadPattern', () => ({
        at: locate(pattern.range.start, pattern.range.end - pattern.range.start),
      }));
    }
  }
}

/** Text that computes with plain values, for `run`. */
export const compileText = (text: string): ParseResult => environment.parse(text);

/** CEL computes. Throws `UserError` where the values do not go together. */
export function run(compiled: ParseResult, values: Readonly<Record<string, unknown>>, at: () => Position): unknown {
  try {
    return compiled({ ...values });
  } catch (error) {
    throw celMistake(error, 'ConditionFailed', () => ({ at: at() }));
  }
}

interface Said {
  readonly message?: string;
  readonly at: Position;
  readonly hint?: string;
}

/** The library's error as a mistake of the user's; anything else is a bug and stays what it is. */
function celMistake(error: unknown, code: string, say: (start: number, end: number) => Said): unknown {
  if (error instanceof RE2JSException)
    return new UserError([
      mistake('BadPattern', `this pattern cannot be read: ${error.message}`, say(0, 1).at, RE2_HINT),
    ]);
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) return error;
  const { start = 0, end = start + 1 } = error.range ?? error.node?.range ?? {};
  const { message = firstLine(error.message), at, hint } = say(start, end);
  return new UserError([mistake(code, message, at, hint ?? overloadHint(message))]);
}

const RE2_HINT = 'patterns are those of RE2: without look-around and back references';

const TOKENS: Readonly<Record<string, string>> = {
  EOF: 'the end',
  RBRACKET: '`]`',
  RPAREN: '`)`',
  RBRACE: '`}`',
  COLON: '`:`',
  IDENTIFIER: 'a name',
};

/** The library's words, its names of tokens spelt out. */
const firstLine = (message: string): string =>
  (message.split('\n')[0] ?? '')
    .replace(/\.?$/, '')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
    .replaceAll(/\b[A-Z]{3,}\b/g, (token) => TOKENS[token] ?? token);

function overloadHint(message: string): string | undefined {
  if (/no such overload/i.test(message)) return 'convert with int(…), double(…) or string(…) first';
  if (/has\(\) invalid argument/.test(message)) return 'write `defined(name)`';
  if (/the end$/.test(message)) return 'something is missing at the end';
  return 'for example `inventory_hostname == "kvm1" && cpus > 8`';
}
