import type { ASTNode } from '@marcbachmann/cel-js';
import { type Position, UserError } from '../source/diagnostic.ts';
import type { Node, Scalar } from '../source/node.ts';
import { positionIn } from '../source/position-in.ts';
import { parseCondition } from './cel.ts';
import { childrenOf, pathOf } from './cel-tree.ts';
import { type Locate, parseTemplate, type Template } from './parse-template.ts';
import { isTemplated } from './render.ts';

/** A name that is looked up somewhere, and what is taken of it. Undefined in a path is what only a run will tell. */
export interface Reference {
  readonly name: string;
  readonly path: readonly (string | undefined)[];
  readonly at: Position;
}

/** Every name that the templates in a node may look up. What is no template gives none, and so does one that is broken. */
export function templateReferences(node: Node): readonly Reference[] {
  if (node.kind === 'list') return node.items.flatMap(templateReferences);
  if (node.kind === 'map') return node.entries.flatMap(({ value }) => templateReferences(value));
  if (typeof node.value !== 'string' || !isTemplated(node)) return [];
  const locate: Locate = (index, length) => positionIn(node, index, length);
  const template = orNothing(() => parseTemplate(String(node.value), locate));
  return template ? inProgram(template.program, template, locate) : [];
}

/** Every name that a condition may look up. */
export function conditionReferences(condition: Scalar): readonly Reference[] {
  if (typeof condition.value === 'boolean') return [];
  const locate: Locate = (index, length = 1) => positionIn(condition, index, length);
  const tree = orNothing(() => parseCondition(String(condition.value), locate));
  return tree ? inCondition(tree, locate) : [];
}

function orNothing<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function inCondition(node: ASTNode, locate: Locate): readonly Reference[] {
  const path = pathOf(node);
  if (!path) return childrenOf(node).flatMap((child) => inCondition(child, locate));
  const own: Reference = {
    name: path.name,
    path: path.steps.map(({ key }) => (typeof key === 'string' ? key : literal(key))),
    at: locate(node.range.start, node.range.end - node.range.start),
  };
  return [own, ...path.steps.flatMap(({ key }) => (typeof key === 'string' ? [] : inCondition(key, locate)))];
}

const literal = (key: ASTNode): string | undefined => (key.op === 'value' ? String(key.args) : undefined);

/** Names inside of `each` and `with` may be fields of what is gone over: those are named, too, and nobody minds. */
function inProgram(
  program: hbs.AST.Program | undefined,
  template: Template,
  locate: Locate,
  bound: ReadonlySet<string> = new Set(),
): readonly Reference[] {
  const expression = (node: hbs.AST.Expression): readonly Reference[] => {
    if (node.type === 'SubExpression') return call(node as hbs.AST.SubExpression);
    if (node.type !== 'PathExpression') return [];
    const { parts, data, loc } = node as hbs.AST.PathExpression;
    const [name, ...path] = parts as string[];
    if (name === undefined || data || bound.has(name)) return [];
    const start = template.indexOf(loc.start);
    return [{ name, path, at: locate(start, template.indexOf(loc.end) - start) }];
  };
  const call = (node: Call): readonly Reference[] => {
    const { path, params, hash } = node;
    const values = [...params, ...(hash?.pairs ?? []).map(({ value }) => value)];
    const isHelper = values.length > 0 || node.type !== 'MustacheStatement';
    return [...(isHelper ? [] : expression(path as hbs.AST.Expression)), ...values.flatMap(expression)];
  };
  return (program?.body ?? []).flatMap((statement): readonly Reference[] => {
    switch (statement.type) {
      case 'MustacheStatement':
        return call(statement as hbs.AST.MustacheStatement);
      case 'PartialStatement': {
        const { params, hash } = statement as hbs.AST.PartialStatement;
        return [...params, ...(hash?.pairs ?? []).map(({ value }) => value)].flatMap(expression);
      }
      case 'BlockStatement': {
        const block = statement as hbs.AST.BlockStatement;
        const inner = new Set([...bound, ...(block.program?.blockParams ?? [])]);
        return [
          ...call(block),
          ...inProgram(block.program, template, locate, inner),
          ...inProgram(block.inverse, template, locate, bound),
        ];
      }
      default:
        return [];
    }
  });
}

type Call = hbs.AST.MustacheStatement | hbs.AST.SubExpression | hbs.AST.BlockStatement;
