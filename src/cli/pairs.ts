import { type Diagnostic, UserError } from '../source/diagnostic.ts';

/**
 * `a=1 b='two words' c=x\ y`: words as a shell splits them, without anything a shell would do. Throws `UserError` with what
 * `refused` says of a word that is no pair.
 */
export function pairs(text: string, refused: (word: string) => Diagnostic): readonly (readonly [string, string])[] {
  const words = text.match(/(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+/g) ?? [];
  return words.map((word) => {
    const plain = word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, double, single, escaped) =>
      double !== undefined ? double.replace(/\\(["\\])/g, '$1') : (single ?? escaped),
    );
    const equals = plain.indexOf('=');
    if (equals <= 0) throw new UserError([refused(word)]);
    return [plain.slice(0, equals), plain.slice(equals + 1)];
  });
}
