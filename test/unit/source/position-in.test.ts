import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Scalar } from '../../../src/source/node.ts';
import { positionIn } from '../../../src/source/position-in.ts';
import { parseYaml } from '../../../src/source/yaml.ts';

const scalarIn = (text: string): Scalar => {
  const node: Node | undefined = parseYaml(text, 'f.yml');
  const value = node.kind === 'map' ? node.entries[0]?.value : undefined;
  if (value?.kind !== 'scalar') throw new Error('the case holds no scalar');
  return value;
};

describe('positionIn', () => {
  it.each([
    ['plain', 'a: xx @yy', 1, 7],
    ['quoted', 'a: "x @y"', 1, 7],
    ['quote within quotes', "a: 'it''s @y'", 1, 11],
    ['escapes', 'a: "\\t\\x41\\u00e9\\U0001F600\\"@"', 1, 29],
    ['literal block', 'a: |\n    x\n      @\n', 3, 7],
    ['literal block with a header', 'a: |2-  # c\n  x\n  @\n', 3, 3],
    ['folded block', 'a: >\n    x\n    y\n\n    z @\n', 5, 7],
    ['plain over several lines', 'a: x\n   y\n\n   @', 4, 4],
    ['double quotes over several lines', 'a: "x\n   y \\\n   z @"', 3, 6],
    ['single quotes over several lines', "a: 'x\n\n    y @'", 3, 7],
    ['after an emoji', 'a: 😀 @', 1, 7],
  ])('finds a character in a scalar: %s', (_name, text, line, column) => {
    const scalar = scalarIn(text);
    expect(positionIn(scalar, String(scalar.value).indexOf('@'), 3)).toEqual({
      file: 'f.yml',
      line,
      column,
      length: 3,
    });
  });

  it('finds any marker in any text, however it is quoted', () => {
    const word = fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', '\n', 'é', '😀', '\t'), maxLength: 20 });
    fc.assert(
      fc.property(word, word, (before, after) => {
        const value = `${before}@${after}`;
        for (const written of [
          JSON.stringify(value),
          `'${value.replaceAll("'", "''").replaceAll(/\s*\n\s*/g, '\n\n')}'`,
        ]) {
          const text = `a: ${written.replaceAll('\n', '\n  ')}`;
          const scalar = scalarIn(text);
          const at = positionIn(scalar, String(scalar.value).indexOf('@'));
          expect(text.split('\n')[at.line - 1]?.[at.column - 1]).toBe('@');
        }
      }),
    );
  });
});
