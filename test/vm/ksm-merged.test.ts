import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Kvmplay } from '../support/kvmplay.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const KSM = '/sys/kernel/mm/ksm';

/** Guests that run, and not programs that only hold memory: these alone keep the kernel from changing merge_across_nodes. */
const GUEST = `qemu-system-x86_64 -accel tcg -nodefaults -display none -m 32
  -machine pc,memory-backend=ram -object memory-backend-ram,id=ram,size=32M,prealloc=on`.replace('\n', '');

const vm = inject('vm');

describe.skipIf(vm === undefined).sequential('KSM with pages that are merged', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  const counter = (name: string) => Number(host.read(`cat ${KSM}/${name}`));

  const stopGuests = () => host.ssh('systemctl stop "guest-*"');

  /** With guests that have just been started: after `run`=2, Linux 6.1 merges no page again of those that ran through it. */
  const merge = async () => {
    stopGuests();
    host.read(`for n in 1 2; do systemd-run -q --unit=guest-$n ${GUEST}; done`);
    host.read(`echo 10000 >${KSM}/pages_to_scan; echo 10 >${KSM}/sleep_millisecs; echo 1 >${KSM}/run`);
    for (let wait = 0; wait < 90 && counter('pages_sharing') < 4000; wait++) await sleep(1000);
    expect(counter('pages_sharing')).toBeGreaterThan(4000);
  };

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
    host.read(`echo 2 >${KSM}/run; echo 1 >${KSM}/merge_across_nodes`);
  });
  afterAll(() => {
    if (host) stopGuests();
  });

  test('off gives every page back, and does not only stop merging', async () => {
    await merge();

    const run = kvmplay.run([{ ksm: { state: 'off' } }]);

    expect(run.status, run.words).toBe(0);
    expect([counter('run'), counter('pages_shared'), counter('pages_sharing')]).toEqual([2, 0, 0]);
    expect(host.read('systemctl is-active guest-1 guest-2')).toBe('active\nactive');
  });

  // The kernel goes either way: it refuses as long as one page that was merged has not been freed yet.
  test('merge_across_nodes, while their owners run, is changed or refused with the reason, and KSM runs as it did', async () => {
    await merge();

    const run = kvmplay.run([{ ksm: { merge_across_nodes: false } }]);

    const [error] = run.results.map((result) => result.error);
    if (error) expect(`${error.message} ${error.hint}`).toMatch(/EBUSY.*stop the guests/s);
    expect([run.status, counter('merge_across_nodes')]).toEqual(error ? [2, 1] : [0, 0]);
    expect(counter('run')).toBe(1);
  });

  test('merge_across_nodes changes once they are gone', () => {
    stopGuests();
    host.read(`echo 2 >${KSM}/run; echo 1 >${KSM}/merge_across_nodes`);

    const run = kvmplay.run([{ ksm: { merge_across_nodes: false } }]);

    expect(run.status, run.words).toBe(0);
    expect(counter('merge_across_nodes')).toBe(0);
  });
});
