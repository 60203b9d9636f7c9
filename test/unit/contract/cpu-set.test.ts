import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CpuSet,
  cpuSet,
  differenceOf,
  formatCpuMask,
  formatCpuSet,
  intersectionOf,
  isWithin,
  parseCpuMask,
  parseCpuSet,
  sameCpus,
  unionOf,
} from '../../../src/contract/index.ts';

const anySet = fc.array(fc.nat({ max: 300 })).map(cpuSet);

const LISTS: readonly [list: string, cpus: CpuSet, shortest: string][] = [
  ['0-3,8', [0, 1, 2, 3, 8], '0-3,8'],
  ['8,0-1,1-3\n', [0, 1, 2, 3, 8], '0-3,8'],
  ['', [], ''],
  ['\n', [], ''],
  ['01', [1], '1'],
  ['1,0,0-1,^0', [1], '1'],
  ['^0,0-2', [0, 1, 2], '0-2'],
  ['0-7:2/4', [0, 1, 4, 5], '0-1,4-5'],
  ['0 4', [0, 4], '0,4'],
];

const MASKS: readonly [mask: string, cpus: CpuSet][] = [
  ['f', [0, 1, 2, 3]],
  ['00000000,00000000', []],
  ['0x3\n', [0, 1]],
  ['1,00000000', [32]],
  ['80000000,00000001', [0, 63]],
  ['00ff,00000000,00000000', [64, 65, 66, 67, 68, 69, 70, 71]],
  ['100000000', [32]],
];

describe('CPU sets', () => {
  it.each(LISTS)('reads the list %j as %j, in its shortest form %j', (list, cpus, shortest) => {
    expect(parseCpuSet(list)).toEqual(cpus);
    expect(formatCpuSet(cpus)).toBe(shortest);
  });

  it.each(MASKS)('reads the mask %j as %j', (mask, cpus) => {
    expect(parseCpuMask(mask)).toEqual(cpus);
  });

  it.each([
    ['0-3,x', '"0-3,x" is no CPU set: "x" is neither a number nor a range'],
    ['3-1', '"3-1" is no CPU set: the range 3-1 runs backwards'],
    ['0-', '"0-" is no CPU set: "0-" is neither a number nor a range'],
    ['0-99999999', '"0-99999999" is no CPU set: 99999999 is above 65535'],
    ['0-7:0/2', '"0-7:0/2" is no CPU set: 0-7:0/2 takes 0 of every 2'],
    ['-1', '"-1" is no CPU set: "-1" is neither a number nor a range'],
  ])('says what is wrong with %j', (list, message) => {
    expect(() => parseCpuSet(list)).toThrow(message);
  });

  it.each(['', 'xyz', '1,2', 'f,0000'])('takes %j for no mask', (mask) => {
    expect(() => parseCpuMask(mask)).toThrow(`"${mask}" is no CPU mask`);
  });

  it('comes back the same from a list and from a mask', () => {
    fc.assert(
      fc.property(anySet, (cpus) => {
        expect(parseCpuSet(formatCpuSet(cpus))).toEqual(cpus);
        expect(parseCpuMask(formatCpuMask(cpus))).toEqual(cpus);
      }),
    );
  });

  it('splits a set into what is in another and what is not', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const both = intersectionOf(a, b);

        expect(unionOf(both, differenceOf(a, b))).toEqual(a);
        expect(isWithin(both, a) && isWithin(both, b)).toBe(true);
        expect(sameCpus(a, b)).toBe(isWithin(a, b) && isWithin(b, a));
      }),
    );
  });

  it('writes masks in words of 32 bits', () => {
    expect(formatCpuMask([0, 63])).toBe('80000000,00000001');
    expect(formatCpuMask([])).toBe('0');
    expect(formatCpuMask([64])).toBe('1,00000000,00000000');
  });
});
