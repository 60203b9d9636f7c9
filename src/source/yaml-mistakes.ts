import { type Document, visit, type YAMLError } from 'yaml';
import type { Locate } from './convert-yaml.ts';
import { type Diagnostic, mistake } from './diagnostic.ts';

const KNOWN_TAG = /^(?:!vault|!vault-encrypted|!age|!unsafe|!!int|!!float|!!bool|!!null)$/;

/** What the library has against a document, in words for who wrote it: where it goes wrong and how to mend it. */
export function syntaxMistakes(document: Document.Parsed, text: string, locate: Locate): Diagnostic[] {
  const unknownTags = document.warnings.filter(
    (one) =>
      one.code === 'BAD_COLLECTION_TYPE' || (one.code === 'TAG_RESOLVE_FAILED' && !KNOWN_TAG.test(tagAt(one, text))),
  );
  const tags = unknownTags.map((one) =>
    mistake(
      'UnknownTag',
      `the tag ${tagAt(one, text)} is not known here`,
      locate(...one.pos),
      'known are !vault, !age and !unsafe',
    ),
  );
  const lines = new Set<number>();
  const syntax = document.errors.flatMap((error) => {
    const deeper = deeperLine(error, text);
    if (deeper !== undefined) {
      const where = locate(deeper);
      if (lines.has(where.line)) return [];
      lines.add(where.line);
      const all = text.slice(0, deeper).split('\n');
      const hint = indentHint(`${all.at(-1)}x`, all.slice(0, -1));
      return [
        mistake('YamlSyntax', 'this line goes on with the value of the line above, and holds a key', where, hint),
      ];
    }
    const open = opener(error, document, text);
    const at = open === undefined ? locate(...atText(error, text)) : locate(open);
    // The first mistake of a line explains the ones behind it.
    if (lines.has(at.line)) return [];
    lines.add(at.line);
    if (open === undefined) return [mistake('YamlSyntax', sentence(error.message), at, hintFor(error, text))];
    const char = text.charAt(open);
    const close = { '[': ']', '{': '}' }[char] ?? char;
    return [mistake('YamlSyntax', `a ${char} stands here and is not closed`, at, `close it with ${close}`)];
  });
  return [...syntax, ...tags];
}

const tagAt = (error: YAMLError, text: string): string => text.slice(...error.pos);

const sentence = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

/** Where the quotation or the bracket begins that has no end. */
function opener({ message, pos }: YAMLError, document: Document.Parsed, text: string): number | undefined {
  if (!/quote|end with a/.test(message)) return undefined;
  let found: number | undefined;
  const closed = (end: number) => /[\]}]\s*$/.test(text.slice(0, end));
  visit(document.contents, {
    Scalar: (_, { type, range }) => {
      if (type?.startsWith('QUOTE') && range && range[1] === pos[0]) found = range[0];
    },
    Collection: (_, { flow, range }) => {
      if (flow && range && range[0] < pos[0] && range[1] <= pos[0] && !closed(range[1])) found = range[0];
    },
  });
  return found;
}

/** A line that is indented too far: to YAML it is part of the value before it. */
function deeperLine({ code, pos }: YAMLError, text: string): number | undefined {
  if (code !== 'BLOCK_AS_IMPLICIT_KEY') return undefined;
  const end = text.indexOf('\n', pos[0]);
  const next = end < 0 ? null : /^[ \n]*(?=\S)/.exec(text.slice(end));
  return next && !/:(?: |$)/.test(text.slice(pos[0], end)) ? end + next[0].length : undefined;
}

/** What is said of the start of a line is meant of its text. */
function atText({ pos: [start, end] }: YAMLError, text: string): [number, number] {
  const indent = /^ +(?=\S)/.exec(text.slice(start))?.[0].length ?? 0;
  const atStart = start === 0 || text[start - 1] === '\n';
  return atStart && indent > 0 ? [start + indent, Math.max(end, start + indent)] : [start, end];
}

const indentOf = (line: string): number => /^ */.exec(line)?.[0].length ?? 0;

function hintFor(error: YAMLError, text: string): string | undefined {
  const start = text.lastIndexOf('\n', error.pos[0] - 1) + 1;
  const line = text.slice(start).split('\n', 1)[0] ?? '';
  const above = text.slice(0, start).split('\n');
  if (/(?::|-)\s+\{\{/.test(line)) return 'a value that begins with {{ must be in quotes: "{{ … }}"';
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'indent with spaces';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a value that contains ": " must be in quotes';
    case 'BAD_SCALAR_START':
      return 'put the value in quotes';
    case 'MISSING_CHAR':
      if (/map values|": "|colon/i.test(error.message)) return colonHint(line, above);
      return /sequence item/i.test(error.message) ? indentHint(line, above) : 'look for a bracket that is not closed';
    case 'BAD_DQ_ESCAPE':
      return 'in double quotes write a backslash twice, or use single quotes';
    case 'BAD_ALIAS':
      return 'put a text that begins with * in quotes';
    case 'MULTILINE_IMPLICIT_KEY':
      return colonHint(line, above);
    case 'BAD_INDENT':
      return indentHint(line, above);
    default:
      if (/sequence item|same column|indent/.test(error.message)) return indentHint(line, above);
      return /:\s+["']/.test(line) ? `put quotes around the whole value: '"a" == b'` : 'put the whole value in quotes';
  }
}

function colonHint(line: string, above: readonly string[]): string {
  const glued = /^[\s-]*([\w.]+):([^\s:][^:]*)$/.exec(line);
  if (glued) return `put a space behind the colon: ${glued[1]}: ${glued[2]}`;
  if (!line.includes(':')) return `a colon is missing: ${line.trim().replace(/^- +/, '').split(' ')[0]}: …`;
  return indentHint(line, above);
}

/** Names the columns that the lines above leave open. */
function indentHint(line: string, above: readonly string[]): string {
  const columns: number[] = [];
  for (const one of above.toReversed()) {
    const here = indentOf(one);
    if (!/^ *[^\s#]/.test(one) || here >= (columns.at(-1) ?? Number.POSITIVE_INFINITY)) continue;
    const dash = /^ *- +(?=\S)/.exec(one)?.[0].length;
    if (dash !== undefined && dash < (columns.at(-1) ?? Number.POSITIVE_INFINITY)) columns.push(dash);
    columns.push(here);
  }
  return `this line is indented by ${indentOf(line)}, and those above by ${columns.toReversed().join(', ')}: it belongs below one of them`;
}
