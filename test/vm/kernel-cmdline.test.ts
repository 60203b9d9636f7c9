import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Kvmplay, Outcome } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

/** What this machine is booted with by its emulator is no matter of its menu. */
const TASKS = [
  {
    kernel_cmdline: {
      arguments: { isolcpus: 'managed_irq,domain,6-7', intel_iommu: 'on', dyndbg: 'file a.c +p', loglevel: 4 },
      remove: ['quiet'],
      hugepages: [{ size: '2M', total: 64 }],
    },
  },
  { hugepages: { size: '1G', nodes: { 0: 1, 1: 1 }, at_boot: 'cmdline', live: false } },
];

describe.skipIf(vm === undefined).sequential('the menu of a real GRUB', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  let run: Outcome;
  let before: string;
  /** The running kernel's own line waits for a reboot all the while. */
  const changed = ({ targets }: Outcome) => targets.filter((target) => target !== '/proc/cmdline');
  const state = () => host.read('cat /etc/default/grub /boot/grub/grub.cfg; ls /etc/default/grub.d');
  const menu = () => host.read("grep -P '^\\s*linux\\t' /boot/grub/grub.cfg").split('\n');

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
    host.read('update-grub 2>&1');
    before = state();
  });

  test('an audit names the files, and what waits for a reboot', () => {
    const audit = kvmplay.audit(TASKS);

    expect(audit.status, audit.words).toBe(3);
    expect(audit.targets).toEqual(expect.arrayContaining(['/etc/default/grub', '/etc/default/grub.d/90-kvmplay.cfg']));
    expect(JSON.stringify(audit.results)).toContain('"pending":"reboot"');
    expect(state()).toBe(before);
  });

  test('a run has every entry say it, but that for recovery', () => {
    run = kvmplay.run(TASKS);
    const lines = menu();

    expect(run.status, run.words).toBe(0);
    expectProven('vm', 'kernel-cmdline', run, ['kernel_cmdline', 'hugepages']);
    expect(lines).toHaveLength(3);
    for (const line of lines.slice(0, 2))
      expect(line).toMatch(
        / ro +isolcpus=managed_irq,domain,6-7 intel_iommu=on dyndbg="file a.c \+p" loglevel=4 hugepagesz=2M hugepages=64 hugepagesz=1G hugepages=0:1,1:1$/,
      );
    expect(lines[2]).toMatch(/ ro single *$/);
  });

  test('a second run changes nothing, and still waits for the reboot', () => {
    const again = kvmplay.run(TASKS);

    expect([again.status, changed(again)], again.words).toEqual([0, []]);
    expect(JSON.stringify(again.results)).toContain('"pending":"reboot"');
  });

  test('a menu that somebody made by hand is made anew', () => {
    host.read("sed -i 's/ intel_iommu=on//' /boot/grub/grub.cfg");

    expect(changed(kvmplay.run(TASKS))).toEqual(['/boot/grub/grub.cfg']);
    expect(menu()[0]).toContain(' intel_iommu=on ');
  });

  test('a rollback leaves every file as it was', () => {
    const back = kvmplay.rollback(run.id);

    expect(back.status, back.words).toBe(0);
    expect(state()).toBe(before);
  });
});
