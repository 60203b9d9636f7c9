import Handlebars from 'handlebars';
import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import { checkTemplate } from './check-template.ts';
import { jinjaHabitIn } from './jinja-habits.ts';

/** Where a character of the template's text stands in the user's file. */
export type Locate = (index: number, length?: number) => Position;

export interface Template {
  readonly program: hbs.AST.Program;
  readonly indexOf: (at: { readonly line: number; readonly column: number }) => number;
}

const parsed = new Map<string, Template>();

/** A template's tree, made once for each text. Throws `UserError` with what can be said before any variable is known. */
export function parseTemplate(text: string, locate: Locate): Template {
  const known = parsed.get(text);
  if (known) return known;
  checkDepth(text, locate);
  const lines = lineStarts(text);
  const indexOf = (at: { line: number; column: number }) => (lines[at.line - 1] ?? 0) + at.column;
  let template: Template;
  try {
    template = { program: Handlebars.parse(text), indexOf };
  } catch (error) {
    throw new UserError([habitMistake(text, locate) ?? syntaxMistake(text, error as Error, locate)]);
  }
  const found = checkTemplate(template.program, (node) => {
    const start = indexOf(node.loc.start);
    return locate(start, indexOf(node.loc.end) - start);
  });
  // `[a, 'b']` is the name of a field to Handlebars.
  const odd = /\{%|\{\{\s*\[/.test(text);
  const habit = found.length > 0 || odd ? habitMistake(text, locate) : undefined;
  if (habit) throw new UserError([habit]);
  if (found.length > 0) throw new UserError(found);
  parsed.set(text, template);
  return template;
}

/** The library's parser takes quadratic time and recurses. */
const MAX_DEPTH = 50;

function checkDepth(text: string, locate: Locate): void {
  let blocks = 0;
  let parentheses = 0;
  for (const { 0: token, 1: kind, index } of text.matchAll(/\{\{\{?~?([#^/]?)|\}\}|[()]/g)) {
    if (token === '(') parentheses += 1;
    else if (token === ')') parentheses -= 1;
    else parentheses = 0;
    if (kind === '/') blocks -= 1;
    else if (kind) blocks += 1;
    if (blocks <= MAX_DEPTH && parentheses <= MAX_DEPTH) continue;
    throw new UserError([
      mistake(
        'TemplateTooDeep',
        `this is nested more than ${MAX_DEPTH} deep`,
        locate(index, 2),
        'set a variable to a part of it',
      ),
    ]);
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function habitMistake(text: string, locate: Locate): Diagnostic | undefined {
  const habit = jinjaHabitIn(text);
  return habit && mistake('TemplateSyntax', habit.message, locate(habit.index, habit.length), habit.write);
}

/** Handlebars' parser names the token that it did not expect; where, it says only roughly. */
function syntaxMistake(text: string, error: Error, locate: Locate): Diagnostic {
  const unmatched = /^(.+ doesn't match .+) - (\d+):(\d+)$/.exec(error.message);
  if (unmatched)
    return mistake(
      'TemplateSyntax',
      `a block is closed wrongly: ${unmatched[1]}`,
      locate(text.indexOf('{{'), 2),
      'blocks are {{#if x}} … {{else}} … {{/if}}',
    );
  const broken = [...text.matchAll(/\{\{\{?[^{}]*(?:\}\}\}?|\}|$)/g)].find(([tag]) => !isTag(tag));
  if (broken) {
    const closed = broken[0].endsWith('}}');
    const why = closed ? 'is not a name, a helper with its values, or a block' : 'is not closed with }}';
    const hint = closed ? 'write {{name}}, {{helper value}} or {{#if x}} … {{/if}}' : 'write {{ name }}';
    return mistake('TemplateSyntax', `this ${why}`, locate(broken.index, broken[0].length), hint);
  }
  const open = text.lastIndexOf('{{#');
  const [why, index] = open >= 0 ? ['this block is not closed', open] : ['this closes nothing', text.indexOf('{{')];
  return mistake('TemplateSyntax', why, locate(Math.max(0, index), 2), 'blocks are {{#if x}} … {{else}} … {{/if}}');
}

/** Whether it can be read by itself, or is a part of a block. */
function isTag(tag: string): boolean {
  if (/^\{\{~?(?:[#^/]|else\b)/.test(tag)) return true;
  try {
    Handlebars.parse(tag);
    return true;
  } catch {
    return false;
  }
}
