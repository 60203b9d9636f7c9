import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { evaluateText } from './evaluate.ts';
import { type Locate, parseTemplate } from './parse-template.ts';
import type { Scope } from './scope.ts';

/** A template file's text, and the file it came from. */
export interface Source {
  readonly text: string;
  readonly file: string;
}

export interface FileOptions {
  /** `xml`: what `{{ }}` prints is safe in XML text and attributes. `{{{ }}}` is printed as it is. */
  readonly escape: 'none' | 'xml';
  /** The template that `{{> name}}` asks for, undefined where there is none. */
  readonly partial?: (name: string) => Source | undefined;
}

/** A whole template file, rendered. Throws `UserError` with the place in the template's own file, and `NotKnown`. */
export function renderText({ text, file }: Source, scope: Scope, options: FileOptions): string {
  const locate = locator(text, file);
  const { partial } = options;
  const rendered = evaluateText(parseTemplate(text, locate), scope, locate, {
    whole: true,
    ...(options.escape === 'xml' && { escape: escapeXml }),
    ...(partial && { partial: (name: string, at: Position) => findPartial(name, at, partial) }),
  });
  return String(rendered);
}

function findPartial(name: string, at: Position, find: (name: string) => Source | undefined) {
  const source = find(name);
  if (!source)
    throw new UserError([
      mistake('UnknownPartial', `there is no partial "${name}"`, at, 'partials lie beside the template'),
    ]);
  const locate = locator(source.text, source.file);
  return { template: parseTemplate(source.text, locate), locate };
}

/** Positions in a template's own file. */
export function locator(text: string, file: string): Locate {
  return (index, length = 1) => {
    const before = text.slice(0, index).split('\n');
    return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, length };
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Line ends and tabs, too: a parser turns those in attributes into spaces. XML has no way to write other controls. */
function escapeXml(text: string): string {
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.exec(text);
  if (control) throw new RangeError(`XML cannot hold the character U+${hex(control[0])}`);
  return text.replaceAll(/[&<>"'\t\n\r]/g, (char) => ENTITIES[char] ?? `&#${char.charCodeAt(0)};`);
}

const hex = (char: string): string => char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
