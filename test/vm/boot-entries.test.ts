import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Kvmplay, Outcome } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

const TASKS = [{ kernel_cmdline: { arguments: { isolcpus: '6-7', intel_iommu: 'on' }, remove: ['quiet'] } }];

// The machine is booted by its emulator: entries are made, listed and kept by systemd's own tools, and never chosen from.
describe.skipIf(vm === undefined).sequential('the entries of systemd-boot', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  let run: Outcome;
  let before: string;
  const changed = ({ targets }: Outcome) => targets.filter((target) => target !== '/proc/cmdline');
  const state = () => host.read('cat /etc/kernel/cmdline /boot/efi/loader/entries/*.conf');
  const install = (version: string) => host.read(`kernel-install add ${version} /boot/vmlinuz-$(uname -r)`);
  /** As bootctl has read them. */
  const options = () =>
    host.read(
      `SYSTEMD_RELAX_ESP_CHECKS=1 bootctl --esp-path=/boot/efi list 2>/dev/null | sed -n 's/^ *options: *//p' | sort -u`,
    );

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
    // GRUB is not what boots here, then.
    host.read(`mkdir -p /etc/kernel /boot/efi && mount -t tmpfs none /boot/efi
      mkdir -p /boot/efi/loader/entries /boot/efi/$(cat /etc/machine-id)
      echo type1 >/boot/efi/loader/entries.srel
      echo 'root=/dev/vda rw quiet' >/etc/kernel/cmdline
      mv /etc/default/grub /etc/default/grub.away`);
    install('$(uname -r)');
    before = state();
  });
  afterAll(() => {
    host?.ssh('mv /etc/default/grub.away /etc/default/grub; umount /boot/efi; rm -f /etc/kernel/cmdline');
  });

  test('are reworded, and what new kernels are installed with', () => {
    expect(options()).toBe(`root=/dev/vda rw quiet systemd.machine_id=${host.read('cat /etc/machine-id')}`);

    run = kvmplay.run(TASKS);

    expect(run.status, run.words).toBe(0);
    expectProven('vm', 'boot-entries', run, ['kernel_cmdline']);
    expect(changed(run)).toEqual([expect.stringContaining('/boot/efi/loader/entries/'), '/etc/kernel/cmdline']);
    expect(host.read('cat /etc/kernel/cmdline')).toBe('root=/dev/vda rw isolcpus=6-7 intel_iommu=on');
    const words = options().split(' ');
    expect(words).toEqual(expect.arrayContaining(['root=/dev/vda', 'rw', 'isolcpus=6-7', 'intel_iommu=on']));
    expect(words).not.toContain('quiet');
  });

  test('of a new kernel say the same without anybody, and a second run changes nothing', () => {
    install('6.1.0-next');

    expect(host.read('cat /boot/efi/loader/entries/*6.1.0-next.conf')).toMatch(
      /^options\s+root=\/dev\/vda rw isolcpus=6-7 intel_iommu=on/m,
    );
    const again = kvmplay.run(TASKS);
    expect([again.status, changed(again)], again.words).toEqual([0, []]);
    host.read('kernel-install remove 6.1.0-next');
  });

  test('are as they were once it is taken back', () => {
    const back = kvmplay.rollback(run.id);

    expect(back.status, back.words).toBe(0);
    expect(state()).toBe(before);
  });
});
