import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { helperRows, keywordRows } from '../../support/language-tables.ts';

const linesOf = (name: string) =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map(unpadded);

/** Columns are lined up in the files. */
const unpadded = (row: string): string => row.replaceAll(/ +/g, ' ');

describe('the language reference', () => {
  it('has every keyword as the parser has it, and no other', () => {
    expect(linesOf('playbooks.md')).toEqual(keywordRows().map(unpadded));
  });

  it('has every helper as templates have it, and no other', () => {
    expect(linesOf('templates-and-conditions.md')).toEqual(helperRows().map(unpadded));
  });
});
