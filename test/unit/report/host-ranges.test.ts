import { describe, expect, it } from 'vitest';
import { hostRanges } from '../../../src/report/host-ranges.ts';

describe('hosts in few words', () => {
  it.each([
    [['hv01', 'hv02', 'hv03'], 'hv[01:03]'],
    [['hv02', 'hv10', 'hv01', 'hv09'], 'hv[01:02], hv[09:10]'],
    [['kvm9', 'kvm10', 'kvm11'], 'kvm[9:11]'],
    [['hv1.fra.example2.org', 'hv2.fra.example2.org'], 'hv[1:2].fra.example2.org'],
    [['rack1-hv1', 'rack1-hv2', 'rack2-hv3'], 'rack1-hv[1:2], rack2-hv3'],
    [['hv01-a', 'hv02-b'], 'hv01-a, hv02-b'],
    [['gateway', 'hv1'], 'gateway, hv1'],
    [['10.0.0.1', '10.0.0.2'], '10.0.0.1, 10.0.0.2'],
  ])('%j are %s', (hosts, said) => {
    expect(hostRanges(hosts)).toBe(said);
  });
});
