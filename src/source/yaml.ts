import { Composer, type Document, Lexer, LineCounter, Parser } from 'yaml';
import { convertYaml, type Locate } from './convert-yaml.ts';
import { type Diagnostic, mistake, UserError } from './diagnostic.ts';
import type { Node } from './node.ts';
import type { Dialect } from './plain-scalar.ts';
import { syntaxMistakes } from './yaml-mistakes.ts';

export interface YamlOptions {
  /** Default `1.2`. With `1.1` a repeated key is no error and the last wins, as in Ansible. */
  readonly dialect?: Dialect;
}

// What is larger or deeper is hostile or generated wrongly. Recursion is safe at this depth.
const MAX_CHARACTERS = 16 * 1024 * 1024;
const MAX_DEPTH = 100;

/** https://yaml.org/spec/1.2.2/#51-character-set, and PyYAML takes no others either. */
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** Line breaks of YAML 1.1, which Ansible reads, even in comments. In YAML 1.2 they are characters as any other. */
const OLD_BREAK = /[\x85\u2028\u2029]/;
/** Mistakes after which the rest still means what it says. */
const LEAVES_SENSE: readonly string[] = ['RepeatedKey', 'LeadingZero', 'BadNumber', 'BadTag'];

/** One YAML document, as far as it can be read, and all that is wrong with it. `node` is missing where it cannot be used. */
export interface ReadYaml {
  readonly node?: Node;
  readonly mistakes: readonly Diagnostic[];
}

/**
 * One YAML document with the position of everything in it; nothing but comments gives `null`. Throws `UserError` with
 * every mistake: syntax, unknown tags, repeated keys, and input that is too large or too deep to be meant.
 */
export function parseYaml(text: string, file: string, options: YamlOptions = {}): Node {
  const { node, mistakes } = readYaml(text, file, options);
  if (mistakes.length > 0 || !node) throw new UserError(mistakes);
  return node;
}

/** As `parseYaml`, for those who go on to look for mistakes of other kinds. Throws `UserError` where there is nothing to go on with. */
export function readYaml(text: string, file: string, options: YamlOptions = {}): ReadYaml {
  if (text.length > MAX_CHARACTERS) {
    const message = `this file has ${text.length} characters; at most ${MAX_CHARACTERS} are read`;
    throw new UserError([
      mistake('YamlTooLarge', message, { file, line: 1, column: 1 }, 'split it into several files'),
    ]);
  }
  const lines = new LineCounter();
  const locate: Locate = (start, end = start) => {
    const { line, col } = lines.linePos(start);
    const newline = text.slice(start, end).search(/\r?\n/);
    return { file, line: Math.max(line, 1), column: col, length: Math.max(1, newline < 0 ? end - start : newline) };
  };
  const strange = UNPRINTABLE.exec(text) ?? OLD_BREAK.exec(text);
  if (strange) {
    lines.addNewLine(0);
    for (let at = text.indexOf('\n'); at >= 0 && at < strange.index; at = text.indexOf('\n', at + 1))
      lines.addNewLine(at + 1);
    const code = strange[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    const hint = 'take it out, or write it as an escape in double quotes';
    throw new UserError([
      mistake(
        'YamlSyntax',
        OLD_BREAK.test(strange[0])
          ? `the character U+${code} ends a line for Ansible, and does not for YAML 1.2`
          : `the character U+${code} cannot stand in YAML`,
        locate(strange.index),
        hint,
      ),
    ]);
  }
  const documents = compose(text, lines, locate);
  const [first, second] = documents;
  const found = documents.flatMap((document) => syntaxMistakes(document, text, locate));
  if (second)
    found.push(
      mistake(
        'SeveralDocuments',
        'one YAML document is expected in a file',
        locate(second.range[0]),
        'take out this ---, or make two files of it',
      ),
    );
  if (found.length > 0) throw new UserError(found);
  if (!first?.contents)
    return { node: { kind: 'scalar', value: null, at: locate(0), quoted: false, raw: '' }, mistakes: [] };
  const { node, mistakes } = convertYaml(first.contents, text, options.dialect ?? '1.2', locate);
  return mistakes.every(({ code }) => LEAVES_SENSE.includes(code)) ? { node, mistakes } : { mistakes };
}

/** The failsafe schema leaves every scalar as written: what it means is for `resolvePlain` to say. */
function compose(text: string, lines: LineCounter, locate: Locate): Document.Parsed[] {
  const parser = new Parser(lines.addNewLine);
  // The library looks for repeated keys in quadratic time, so the conversion does it.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false });
  const tooDeep = () =>
    new UserError([
      mistake(
        'YamlTooDeep',
        `values are nested more than ${MAX_DEPTH} deep`,
        locate(parser.offset),
        'this is hardly meant: look for brackets that do not close',
      ),
    ]);
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
