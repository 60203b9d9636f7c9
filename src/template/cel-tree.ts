import type { ASTNode } from '@marcbachmann/cel-js';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';

/** A use of a variable: `a`, `a.b`, `a["b"][i].c`. */
export interface Path {
  readonly node: ASTNode;
  readonly name: string;
  readonly head: ASTNode;
  /** A field by name, or what is computed in brackets. */
  readonly steps: readonly { readonly node: ASTNode; readonly key: string | ASTNode }[];
}

/** What must be looked up before a tree can be computed: a value, or whether there is one. */
export interface Use {
  readonly as: string;
  readonly asks: 'value' | 'defined';
  readonly path: Path;
}

export interface Rewritten {
  /** The tree as text, in which names of ours stand for all that is looked up. */
  readonly text: string;
  readonly uses: readonly Use[];
}

/** What functions are called where CEL computes: its own `bool` does not take `yes`. */
const CALLS: ReadonlyMap<string, string> = new Map([
  ['defined', 'has'],
  ['bool', 'is_yes'],
]);

const MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/**
 * The tree with every path of variables replaced by a name, so that each is looked up by us (lazily, with its own place,
 * known or not) and CEL computes with plain values. `matches` becomes a search in linear time.
 */
export function rewrite(tree: ASTNode): Rewritten {
  const uses: Use[] = [];
  const use = (asks: Use['asks'], path: Path): string => {
    const as = `_kp${uses.length}`;
    uses.push({ as, asks, path });
    return as;
  };

  const print = (node: ASTNode, bound: ReadonlySet<string>): string => {
    const path = pathOf(node, bound);
    if (path) return use('value', path);
    const inner = (one: ASTNode) => print(one, bound);
    switch (node.op) {
      case 'value':
        return node.input.slice(node.range.start, node.range.end);
      case 'id':
        return node.args;
      case '.':
        return `(${inner(node.args[0])}).${node.args[1]}`;
      case '[]':
        return `(${inner(node.args[0])})[${inner(node.args[1])}]`;
      case '!_':
        return `!(${inner(node.args)})`;
      case '-_':
        return `-(${inner(node.args)})`;
      case '?:': {
        const [condition, yes, no] = node.args;
        return `((${inner(condition)}) ? (${inner(yes)}) : (${inner(no)}))`;
      }
      case 'list':
        return `[${node.args.map(inner).join(', ')}]`;
      case 'map':
        return `{${node.args.map(([key, value]) => `${inner(key)}: ${inner(value)}`).join(', ')}}`;
      case 'call':
        return printCall(node.args[0], node.args[1], bound);
      case 'rcall':
        return printMethod(node.args, bound);
      case '.?':
      case '[?]':
        throw new Error('optional types are not enabled');
      default:
        return `((${inner(node.args[0])}) ${node.op} (${inner(node.args[1])}))`;
    }
  };

  const printCall = (name: string, args: readonly ASTNode[], bound: ReadonlySet<string>): string => {
    const [subject] = args;
    const asked = name === 'defined' || name === 'has' ? subject : undefined;
    const path = asked && pathOf(asked, bound);
    if (path) return use('defined', path);
    return `${CALLS.get(name) ?? name}(${args.map((one) => print(one, bound)).join(', ')})`;
  };

  const printMethod = ([name, of, args]: readonly [string, ASTNode, ASTNode[]], bound: ReadonlySet<string>): string => {
    if (name === 'matches' && args[0]) return `regex_search(${print(of, bound)}, ${print(args[0], bound)})`;
    const variable = MACROS.has(name) && args[0]?.op === 'id' ? args[0].args : undefined;
    const inside = variable === undefined ? bound : new Set([...bound, variable]);
    const printed = args.map((one, index) => (variable !== undefined && index === 0 ? variable : print(one, inside)));
    return `(${print(of, bound)}).${name}(${printed.join(', ')})`;
  };

  return { text: print(tree, new Set()), uses };
}

/** The longest path that a node is; undefined where it is none, or begins at what a macro binds. */
export function pathOf(node: ASTNode, bound: ReadonlySet<string> = new Set()): Path | undefined {
  if (node.op === 'id') return bound.has(node.args) ? undefined : { node, name: node.args, head: node, steps: [] };
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const base = pathOf(node.args[0], bound);
  const key = node.args[1];
  if (!base || (typeof key !== 'string' && [...nodesOf(key)].some((one) => one.op === 'id' && bound.has(one.args))))
    return undefined;
  return { ...base, node, steps: [...base.steps, { node, key }] };
}

export function* nodesOf(node: ASTNode): Generator<ASTNode> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value;

export const childrenOf = (node: ASTNode): readonly ASTNode[] => [node.args as unknown].flat(3).filter(isNode);

/** Each macro inside of another multiplies the work. */
const MAX_MACROS = 3;

export function checkMacros(tree: ASTNode, locate: (index: number, length?: number) => Position, depth = 0): void {
  const { start, end } = tree.range;
  const here = tree.op === 'rcall' && MACROS.has(tree.args[0]) ? depth + 1 : depth;
  if (here > MAX_MACROS) {
    const message = `more than ${MAX_MACROS} of all, exists, map and filter stand inside of each other`;
    throw new UserError([
      mistake('ConditionTooDeep', message, locate(start, end - start), 'set a variable to a part of it'),
    ]);
  }
  for (const child of childrenOf(tree)) checkMacros(child, locate, here);
}
