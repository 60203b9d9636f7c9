import { describe, expect, test } from 'vitest';
import {
  Conflict,
  cpusFor,
  file,
  printReserve,
  RESERVE_FILE,
  type Reading,
  reserveOf,
  Seen,
  text,
} from '../../../src/contract/index.ts';

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

describe('the CPUs of one side', () => {
  const reserved = seen(text(printReserve({ host: [0, 1], guests: [2, 3, 4, 5] })));
  const nothing = seen({ is: 'absent' });

  test('are what host_reserve says where none are asked for', () => {
    expect(cpusFor(reserved, 'host')).toEqual([0, 1]);
    expect(cpusFor(reserved, 'guests')).toEqual([2, 3, 4, 5]);
    expect(() => cpusFor(nothing, 'host')).toThrow("nobody says which CPUs are the host's");
  });

  test("are those asked for, as long as they are not the other side's", () => {
    expect(cpusFor(reserved, 'guests', [4, 5])).toEqual([4, 5]);
    expect(cpusFor(reserved, 'host', [1, 6])).toEqual([1, 6]);
    expect(cpusFor(nothing, 'host', [4])).toEqual([4]);
  });

  test('cannot be taken from the other side', () => {
    expect(() => cpusFor(reserved, 'host', [1, 2, 3])).toThrow(Conflict);
    expect(() => cpusFor(reserved, 'guests', [0, 1, 2])).toThrow("host_reserve has 0-1 as the host's");
  });
});
