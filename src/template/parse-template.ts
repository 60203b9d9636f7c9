import Handlebars from 'handlebars';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';

/** Where a character of the template's text stands in the user's file. */
export type Locate = (index: number, length?: number) => Position;

export interface Template {
  readonly program: hbs.AST.Program;
  readonly indexOf: (at: { readonly line: number; readonly column: number }) => number;
}

const parsed = new Map<string, Template>();

/** A template's tree, made once for each text. Throws `UserError` where it cannot be read. */
export function parseTemplate(text: string, locate: Locate): Template {
  const known = parsed.get(text);
  if (known) return known;
  const lines = lineStarts(text);
  const indexOf = (at: { line: number; column: number }) => (lines[at.line - 1] ?? 0) + at.column;
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parse(text);
  } catch (error) {
    throw new UserError([syntaxMistake(text, error as Error, locate, indexOf)]);
  }
  const template = { program, indexOf };
  parsed.set(text, template);
  return template;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function syntaxMistake(text: string, error: Error, locate: Locate, indexOf: Template['indexOf']) {
  const filter = /\{\{[^}]*?(\|)\s*(\w+)/.exec(text);
  if (filter && !/\bas\s*\|/.test(filter[0])) {
    const hint = `a filter is a helper that comes first: {{${filter[2]} name …}}`;
    return mistake(
      'TemplateFilter',
      'templates have no filters with "|"',
      locate(filter.index + filter[0].indexOf('|')),
      hint,
    );
  }
  const line = Number(/Parse error on line (\d+)/.exec(error.message)?.[1] ?? 1);
  const [, , pointer = '', said = ''] = error.message.split('\n');
  const open = text.indexOf('{{', indexOf({ line, column: 0 }));
  const why = said ? (/got '(\w+)'/.exec(said)?.[1] ?? said) : error.message.split('\n')[0];
  const end = why === 'EOF' ? 'it is not closed' : `${describeToken(why ?? '')} is not expected here`;
  const index = pointer && open >= 0 ? open : Math.max(0, open);
  return mistake('TemplateSyntax', `this template cannot be read: ${end}`, locate(index, 2));
}

const describeToken = (token: string): string =>
  /^[A-Z_]+$/.test(token) ? token.toLowerCase().replaceAll('_', ' ') : token;
