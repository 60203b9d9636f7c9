import { describe, expect, it } from 'vitest';
import { Misread } from '../../../src/inventory/misread.ts';
import { expandHostPattern } from '../../../src/inventory/ranges.ts';

describe('a range of hosts', () => {
  it.each([
    ['kvm[1:3]', 'kvm1 kvm2 kvm3'],
    ['kvm[01:03]', 'kvm01 kvm02 kvm03'],
    ['kvm[08:11]', 'kvm08 kvm09 kvm10 kvm11'],
    ['n[1:9:3].x', 'n1.x n4.x n7.x'],
    ['[a:c]x', 'ax bx cx'],
    ['r[X:Z]', 'rX rY rZ'],
    ['r[y:B]', 'ry rz rA rB'],
    ['r[a:e:2]', 'ra rc re'],
    ['d[1:2]-k[a:b]', 'd1-ka d1-kb d2-ka d2-kb'],
    ['n[:2]', 'n0 n1 n2'],
    ['n[5:5]', 'n5'],
    ['n[3:1]', ''],
    ['plain', 'plain'],
  ])('%s is %s', (pattern, names) => {
    expect(expandHostPattern(pattern)).toEqual({ hosts: names.split(' ').filter(Boolean), port: undefined });
  });

  it.each([
    ['gw[1:2]:2200', 'gw1 gw2', 2200],
    ['[2001:db8::10]:22', '2001:db8::10', 22],
    ['2001:db8::11', '2001:db8::11', undefined],
    ['192.0.2.[10:11]', '192.0.2.10 192.0.2.11', undefined],
    ['192.0.2.1:22', '192.0.2.1', 22],
  ])('%s is %s at port %s', (pattern, names, port) => {
    expect(expandHostPattern(pattern)).toEqual({ hosts: names.split(' '), port });
  });

  it.each(['n[1]', 'n[1:]', 'n[01:9]', 'n[c:a]', 'n[1:b]', 'n[1:9:0]', 'n[1:9:x]', 'n[1', 'n|[1:2]', 'n[1:99999999]'])(
    '%s is refused',
    (pattern) => {
      expect(() => expandHostPattern(pattern)).toThrow(Misread);
    },
  );
});
