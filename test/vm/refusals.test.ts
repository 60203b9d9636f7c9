import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Kvmplay } from '../support/kvmplay.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

describe.skipIf(vm === undefined)('what the kernel does not grant is a failure that says so', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
  });

  test('a value that is refused names the file and the reason', () => {
    const before = host.read('sysctl -n kernel.pid_max');

    const run = kvmplay.run([{ sysctl: { name: 'kernel.pid_max', value: 5, persistent: false } }]);

    expect(run.status, run.words).toBe(2);
    expect(run.results[0]?.error?.message).toMatch(
      /\/proc\/sys\/kernel\/pid_max.*EINVAL|EINVAL.*\/proc\/sys\/kernel\/pid_max/,
    );
    expect(host.read('sysctl -n kernel.pid_max')).toBe(before);
  });

  test('a value that is rounded did not converge: what was asked and what was granted', () => {
    // Kept in jiffies, of which this kernel has 250 a second.
    const key = 'net.ipv4.neigh.default.base_reachable_time_ms';

    const run = kvmplay.run([{ sysctl: { name: key, value: 30001, persistent: false } }]);

    expect(run.status, run.words).toBe(2);
    expect(run.results[0]?.error?.code).toBe('DidNotConverge');
    expect(run.results[0]?.error?.message).toContain('30001');
    expect(run.results[0]?.error?.message).toContain(host.read(`sysctl -n ${key}`));
  });

  test('a key that this kernel does not have is told with the nearest that it has', () => {
    const run = kvmplay.audit([{ sysctl: { name: 'vm.swapiness', value: 10 } }]);

    expect(run.status, run.words).toBe(2);
    expect(JSON.stringify(run.results[0]?.error)).toContain('vm.swappiness');
  });
});
