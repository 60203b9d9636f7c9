import { describe, expect, it } from 'vitest';
import { copy } from '../../../modules/copy.ts';
import { mistakesIn, planOn } from '../../support/plan.ts';

const written = async (content: unknown) => {
  const [change] = (await planOn(copy, { content, dest: '/etc/x' }, { '/etc/y': '' })).changes;
  return change?.after.is === 'text' ? change.after.text : change?.after;
};
const VALUE = { b: [1, 2.5, true, null, '"\\/\n\u007f\u00e9\u{1f600}'], a: {}, '': [], c: { d: 'e' } };
/** By json.dumps of Python 3.11. */
const DUMPED =
  '{"b": [1, 2.5, true, null, "\\"\\\\/\\n\\u007f\\u00e9\\ud83d\\ude00"], "a": {}, "": [], "c": {"d": "e"}}';

describe('the content of copy', () => {
  it('is JSON of a list or a mapping, as json.dumps has it', async () => {
    expect(await written(VALUE)).toBe(DUMPED);
    expect(await written(['a', { b: 1 }])).toBe('["a", {"b": 1}]');
  });

  it('may be a number, and no truth value', async () => {
    expect(await written(7)).toBe('7');
    expect(mistakesIn(copy, { content: true, dest: '/etc/x' })).toEqual([
      'content: expected a text, or a list or a mapping',
    ]);
  });
});
