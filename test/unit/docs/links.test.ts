import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Links to files of the project: `[text](path#part)`. */
function linksOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, to = '']) => to)
    .filter((to) => !/^(https?:|mailto:|#)/.test(to));
}

describe('the documentation', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const broken = linksOf(page).filter((to) => !existsSync(join(root, dirname(page), to.replace(/#.*/, ''))));

    expect(broken).toEqual([]);
  });

  it('has links to look at', () => {
    expect(pages.flatMap(linksOf).length).toBeGreaterThan(20);
  });
});
