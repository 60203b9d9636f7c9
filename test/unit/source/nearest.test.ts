import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../../src/source/nearest.ts';

describe('nearest', () => {
  it.each([
    ['sysclt', ['sysctl', 'ksm'], 'sysctl'],
    ['Hosts', ['hosts', 'host'], 'hosts'],
    ['ignore-errors', ['ignore_errors', 'any_errors_fatal'], 'ignore_errors'],
    ['nmae', ['name', 'vars'], 'name'],
    ['x', ['a', 'b'], undefined],
    ['frobnicate', ['sysctl'], undefined],
    ['', ['a'], undefined],
  ])('takes %s of %j for %s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  it('asks back', () => {
    expect(didYouMean('taks', ['tasks'])).toBe('did you mean "tasks"?');
    expect(didYouMean('zzz', ['tasks'])).toBeUndefined();
  });
});
