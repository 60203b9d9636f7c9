import { describe, expect, it } from 'vitest';
import { file, NotKnown, Problem, type Reading, Seen } from '../../../src/contract/index.ts';

const seen = (reading: Reading) => new Seen(new Map([['it', { probe: file('/etc/it'), reading }]]));

describe('Seen', () => {
  it('shows an absent file as undefined', () => {
    expect(seen({ is: 'absent' }).text('it')).toBeUndefined();
  });

  it('never lets a refusal pass for a value', () => {
    expect(() => seen({ is: 'refused', why: 'Permission denied' }).text('it')).toThrow(
      new Problem('Unreadable', 'cannot read /etc/it: Permission denied'),
    );
  });

  it('never lets an unknown pass for a value, also inside a glob', () => {
    const inside: Reading = { is: 'files', files: { '/etc/it': { is: 'unknown', because: 'task 1' } } };

    expect(() => seen({ is: 'unknown', because: 'task 1' }).text('it')).toThrow(NotKnown);
    expect(() => seen(inside).files('it')).toThrow(NotKnown);
  });

  it('calls a name that was never read a bug of the module', () => {
    expect(() => seen({ is: 'absent' }).text('other')).toThrow(/reads\(\) does not name/);
  });
});
