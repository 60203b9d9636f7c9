import { Composer, type Document, Lexer, LineCounter, Parser, type YAMLError } from 'yaml';
import { convertYaml, type Locate } from './convert-yaml.ts';
import { type Diagnostic, mistake, UserError } from './diagnostic.ts';
import type { Node } from './node.ts';
import type { Dialect } from './plain-scalar.ts';

export interface YamlOptions {
  /** Default `1.2`. With `1.1` a repeated key is no error and the last wins, as in Ansible. */
  readonly dialect?: Dialect;
}

// What is larger or deeper is hostile or generated wrongly. Recursion is safe at this depth.
const MAX_CHARACTERS = 16 * 1024 * 1024;
const MAX_DEPTH = 100;

/** https://yaml.org/spec/1.2.2/#51-character-set, and PyYAML takes no others either. */
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const KNOWN_TAG = /^(?:!vault|!vault-encrypted|!unsafe|!!int|!!float|!!bool|!!null)$/;

/**
 * One YAML document with the position of everything in it; nothing but comments gives `null`. Throws `UserError` with
 * every mistake: syntax, unknown tags, repeated keys, and input that is too large or too deep to be meant.
 */
export function parseYaml(text: string, file: string, options: YamlOptions = {}): Node {
  if (text.length > MAX_CHARACTERS) {
    const message = `this file has ${text.length} characters; at most ${MAX_CHARACTERS} are read`;
    throw new UserError([mistake('YamlTooLarge', message, { file, line: 1, column: 1 })]);
  }
  const lines = new LineCounter();
  const locate: Locate = (start, end = start) => {
    const { line, col } = lines.linePos(start);
    const newline = text.slice(start, end).search(/\r?\n/);
    return { file, line: Math.max(line, 1), column: col, length: Math.max(1, newline < 0 ? end - start : newline) };
  };
  const strange = UNPRINTABLE.exec(text);
  if (strange) {
    lines.addNewLine(0);
    for (let at = text.indexOf('\n'); at >= 0 && at < strange.index; at = text.indexOf('\n', at + 1))
      lines.addNewLine(at + 1);
    const code = strange[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    const hint = 'take it out, or write it as an escape in double quotes';
    throw new UserError([
      mistake('YamlSyntax', `the character U+${code} cannot stand in YAML`, locate(strange.index), hint),
    ]);
  }
  const documents = compose(text, lines, locate);
  const [first, second] = documents;
  const found = documents.flatMap((document) => syntaxMistakes(document, text, locate));
  if (second)
    found.push(mistake('SeveralDocuments', 'one YAML document is expected in a file', locate(second.range[0])));
  if (found.length > 0) throw new UserError(found);
  if (!first?.contents) return { kind: 'scalar', value: null, at: locate(0), quoted: false, raw: '' };
  return convertYaml(first.contents, text, options.dialect ?? '1.2', locate);
}

/** The failsafe schema leaves every scalar as written: what it means is for `resolvePlain` to say. */
function compose(text: string, lines: LineCounter, locate: Locate): Document.Parsed[] {
  const parser = new Parser(lines.addNewLine);
  // The library looks for repeated keys in quadratic time, so the conversion does it.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false });
  const tooDeep = () =>
    new UserError([mistake('YamlTooDeep', `values are nested more than ${MAX_DEPTH} deep`, locate(parser.offset))]);
  // The parser keeps a stack of its own and the composer recurses, so depth is checked between them.
  function* tokens() {
    lines.addNewLine(0);
    for (const lexeme of new Lexer().lex(text)) {
      yield* parser.next(lexeme);
      if (parser.stack.length > MAX_DEPTH) throw tooDeep();
    }
    yield* parser.end();
  }
  return [...composer.compose(tokens(), true, text.length)] as Document.Parsed[];
}

function syntaxMistakes(document: Document.Parsed, text: string, locate: Locate): Diagnostic[] {
  const unknownTags = document.warnings.filter(
    (one) =>
      one.code === 'BAD_COLLECTION_TYPE' || (one.code === 'TAG_RESOLVE_FAILED' && !KNOWN_TAG.test(tagAt(one, text))),
  );
  const tags = unknownTags.map((one) =>
    mistake(
      'UnknownTag',
      `the tag ${tagAt(one, text)} is not known here`,
      locate(...one.pos),
      'known are !vault and !unsafe',
    ),
  );
  const lines = new Set<number>();
  const syntax = document.errors.flatMap((error) => {
    const at = locate(...error.pos);
    // The first mistake of a line explains the ones behind it.
    if (lines.has(at.line)) return [];
    lines.add(at.line);
    return [mistake('YamlSyntax', sentence(error.message), at, hintFor(error, text))];
  });
  return [...syntax, ...tags];
}

const tagAt = (error: YAMLError, text: string): string => text.slice(...error.pos);

const sentence = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

function hintFor(error: YAMLError, text: string): string | undefined {
  const start = text.lastIndexOf('\n', error.pos[0] - 1) + 1;
  const line = text.slice(start).split('\n', 1)[0] ?? '';
  if (/(?::|-)\s+\{\{/.test(line)) return 'a value that begins with {{ must be in quotes: "{{ … }}"';
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'indent with spaces';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a value that contains ": " must be in quotes';
    case 'BAD_SCALAR_START':
      return 'put the value in quotes';
    case 'UNEXPECTED_TOKEN':
      return /:\s+["']/.test(line) ? `put quotes around the whole value: '"a" == b'` : undefined;
    case 'MULTILINE_IMPLICIT_KEY':
      return 'the indentation of this line or of the one above is wrong';
    default:
      return undefined;
  }
}
