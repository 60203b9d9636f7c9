import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { findHelper, helperNames } from './helpers.ts';

export const BLOCKS: readonly string[] = ['if', 'unless', 'each', 'with'];

type PlaceOf = (node: hbs.AST.Node) => Position;

/** Calls that cannot work, whatever the variables are. */
export function checkTemplate(program: hbs.AST.Program | undefined, placeOf: PlaceOf): readonly Diagnostic[] {
  return (program?.body ?? []).flatMap((statement) => {
    switch (statement.type) {
      case 'MustacheStatement':
        return checkCall(statement as hbs.AST.MustacheStatement, placeOf);
      case 'BlockStatement':
        return checkBlock(statement as hbs.AST.BlockStatement, placeOf);
      case 'PartialStatement':
        return checkPartial(statement as hbs.AST.PartialStatement, placeOf);
      case 'ContentStatement':
      case 'CommentStatement':
        return [];
      default:
        return [
          mistake(
            'TemplateSyntax',
            'decorators and blocks of partials are not supported',
            placeOf(statement),
            'write {{> name}}',
          ),
        ];
    }
  });
}

function checkBlock(block: hbs.AST.BlockStatement, placeOf: PlaceOf): readonly Diagnostic[] {
  const name = nameOf(block.path);
  const hint = didYouMean(name, BLOCKS) ?? `blocks are ${BLOCKS.map((one) => `#${one}`).join(', ')}`;
  const own = BLOCKS.includes(name)
    ? block.params.length === 1 && !block.hash?.pairs.length
      ? []
      : [mistake('TemplateSyntax', `#${name} takes one value`, placeOf(block.path), `for example {{#${name} x}}`)]
    : [mistake('UnknownHelper', `there is no block #${name}`, placeOf(block.path), hint)];
  return [
    ...own,
    ...checkParams(block.params, placeOf),
    ...checkTemplate(block.program, placeOf),
    ...checkTemplate(block.inverse, placeOf),
  ];
}

function checkPartial(partial: hbs.AST.PartialStatement, placeOf: PlaceOf): readonly Diagnostic[] {
  const named = partial.name.type === 'PathExpression';
  const own = named
    ? []
    : [mistake('TemplateSyntax', 'a partial is named by a word', placeOf(partial.name), 'write {{> name}}')];
  return [
    ...own,
    ...checkParams([...partial.params, ...(partial.hash?.pairs ?? []).map(({ value }) => value)], placeOf),
  ];
}

const checkParams = (params: readonly hbs.AST.Expression[], placeOf: PlaceOf): readonly Diagnostic[] =>
  params.flatMap((param) => (param.type === 'SubExpression' ? checkCall(param as hbs.AST.SubExpression, placeOf) : []));

/** `{{name}}` may be a variable; with values behind it, it is a helper. */
function checkCall(call: hbs.AST.MustacheStatement | hbs.AST.SubExpression, placeOf: PlaceOf): readonly Diagnostic[] {
  const pairs = call.hash?.pairs ?? [];
  const [pair] = pairs;
  if (call.type === 'MustacheStatement' && call.params.length === 0 && !pair) return [];
  const inner = checkParams(call.params, placeOf);
  const name = nameOf(call.path);
  const helper = findHelper(name);
  if (!helper) {
    const hint = didYouMean(name, helperNames()) ?? 'all helpers are in docs/templates-and-conditions.md';
    return [mistake('UnknownHelper', `there is no helper "${name}"`, placeOf(call.path), hint), ...inner];
  }
  const [least, most] = helper.takes;
  const given = call.params.length;
  if (pair)
    return [mistake('HelperUse', `${name} takes no named values`, placeOf(pair), `for example ${helper.usage}`)];
  if (given >= least && given <= most) return inner;
  const takes = least === most ? `${least}` : `${least} to ${most}`;
  const message = `${name} takes ${takes} value${takes === '1' ? '' : 's'}, and here are ${given}`;
  return [mistake('HelperUse', message, placeOf(call.path), `for example ${helper.usage}`), ...inner];
}

const nameOf = (path: hbs.AST.Node): string => String((path as hbs.AST.PathExpression).original);
