import { describe, expect, it } from 'vitest';
import { type Change, pokeKnob, text } from '../../src/contract/index.ts';
import { inverse } from '../../src/engine/undo-plan.ts';

const live = pokeKnob({ path: '/proc/irq/44/smp_affinity_list', before: text('0-7\n'), value: '1', summary: 'IRQ 44' });
const boot: Change = { ...live, plane: 'persistent' };

describe('taking a change back', () => {
  it('is left to a person where somebody has changed it since', () => {
    expect(() => inverse(live, text('4-7\n'), undefined)).toThrow('was changed by somebody else');
  });

  it('quotes of a long text the line that somebody has changed', () => {
    const file: Change = { ...boot, after: text('a\nb\nc\n') };
    expect(() => inverse(file, text('a\nB\nc\n'), undefined)).toThrow('left "b" in line 2, and it has "B" in line 2');
    expect(() => inverse(file, text('a\nb\n'), undefined)).toThrow('left "c" in line 3, and it has no line 3');
  });

  it('is over with a reboot where another thing has its name now', () => {
    expect(inverse(live, text('4-7\n'), undefined, true)).toBe('gone');
    expect(() => inverse(boot, text('4-7\n'), undefined, true)).toThrow('was changed by somebody else');
  });

  it('is done after a reboot where the boot has set it so again', () => {
    expect(inverse(live, text('1\n'), undefined, true)).toMatchObject({ do: [{ value: '0-7' }] });
  });
});
