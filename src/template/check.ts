import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import type { Entry, Node, Scalar } from '../source/node.ts';
import { positionIn } from '../source/position-in.ts';
import { checkCondition } from './condition.ts';
import { parseTemplate } from './parse-template.ts';
import { isTemplated } from './render.ts';
import { locator, type Source } from './render-text.ts';

/** All that is wrong with the templates in a node before any variable is known. */
export function templateMistakes(node: Node): readonly Diagnostic[] {
  if (node.kind === 'list') return node.items.flatMap(templateMistakes);
  if (node.kind === 'map')
    return node.entries.flatMap((entry) => [...templatedKey(entry), ...templateMistakes(entry.value)]);
  if (!isTemplated(node) && !mayBeStatement(node)) return [];
  return mistakesOf(() => parseTemplate(String(node.value), (index, length) => positionIn(node, index, length)));
}

/** All that is wrong with a template file before any variable is known. */
export const templateFileMistakes = ({ text, file }: Source): readonly Diagnostic[] =>
  mistakesOf(() => parseTemplate(text, locator(text, file)));

/** Jinja's statements are said to be none even where nothing else in the text is a template. */
const mayBeStatement = ({ value, tag }: Scalar): boolean =>
  typeof value === 'string' && tag === undefined && value.includes('{%');

const templatedKey = ({ key, keyAt }: Entry): readonly Diagnostic[] =>
  key.includes('{{')
    ? [
        mistake(
          'TemplatedKey',
          'keys are not rendered, only values are',
          keyAt,
          'use a list of mappings, or write the key out',
        ),
      ]
    : [];

/** All that is wrong with a condition before any variable is known. */
export function conditionMistakes(condition: Scalar): readonly Diagnostic[] {
  return mistakesOf(() => checkCondition(condition));
}

function mistakesOf(check: () => unknown): readonly Diagnostic[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics;
    throw error;
  }
}
