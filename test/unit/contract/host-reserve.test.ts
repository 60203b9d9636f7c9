import { describe, expect, test } from 'vitest';
import { file, printReserve, RESERVE_FILE, type Reading, reserveOf, Seen, text } from '../../../src/contract/index.ts';

const seen = (reading: Reading) => new Seen(new Map([[RESERVE_FILE, { probe: file(RESERVE_FILE), reading }]]));

describe('the word of host_reserve', () => {
  test('is read as it was written', () => {
    const reserve = { host: [0, 1, 8], guests: [2, 3, 4] };

    expect(reserveOf(seen(text(printReserve(reserve))))).toEqual(reserve);
  });

  test('is nothing where nobody gave it', () => {
    expect(reserveOf(seen({ is: 'absent' }))).toBeUndefined();
  });

  test('is refused where half of it is missing', () => {
    expect(() => reserveOf(seen(text('host=0-1\n')))).toThrow('has no line "guests="');
  });
});
