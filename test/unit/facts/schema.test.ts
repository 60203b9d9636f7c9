import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkPath, FACTS, factRows } from '../../../src/facts/index.ts';

const rows = FACTS.flatMap(factRows);

it('says something of every fact and each of its parts', () => {
  expect(rows.filter(([name, , words]) => words === '' && !/\[….*\]\./.test(name)).map(([name]) => name)).toEqual([]);
});

it('lets every name of the reference be used, and no other', () => {
  for (const [name] of rows) {
    const [, first, ...path] = name.replaceAll('[]', '.0').replaceAll('[…]', '.x').split('.');
    const fact = FACTS.find((one) => one.name === first);
    expect(fact && checkPath(fact, path), name).toBeUndefined();
    if (fact && !name.endsWith(']'))
      expect(checkPath(fact, [...path, 'no_such_part'])?.index ?? path.length, name).toBe(path.length);
  }
});

it('has a row of the reference for each', () => {
  const page = readFileSync(new URL('../../../docs/facts.md', import.meta.url), 'utf8');

  for (const [name] of rows) expect(page).toContain(`| \`${name}\` |`);
});
