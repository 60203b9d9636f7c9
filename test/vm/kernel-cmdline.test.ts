import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Kvmplay, Outcome } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { CHEAP } from './boot.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

/** Who takes the CPUs from host_reserve. What this machine is booted with by its emulator is no matter of its menu. */
const TASKS = [
  { host_reserve: { cpus: '0-5', guests: '6-7' } },
  {
    kernel_cmdline: {
      arguments: {
        isolcpus: 'managed_irq,domain,guests',
        nohz_full: 'guests',
        irqaffinity: 'host',
        intel_iommu: 'on',
        dyndbg: 'file a.c +p',
        loglevel: 5,
      },
      remove: ['quiet'],
      hugepages: [{ size: '2M', total: 64 }],
    },
  },
  // Neither of the first node's two gigabytes is whole.
  { hugepages: { size: '1G', nodes: { 1: 1 }, at_boot: 'cmdline', live: false } },
  { irq_affinity: { devices: 'en*', default_smp_affinity: true } },
];
const ARGUMENTS =
  'isolcpus=managed_irq,domain,6-7 nohz_full=6-7 irqaffinity=0-5 intel_iommu=on dyndbg="file a.c +p" loglevel=5 hugepagesz=2M hugepages=64 hugepagesz=1G hugepages=1:1';

/** Commands of the system's own and what each prints on a kernel that was booted so. */
const PROOF = {
  'cat /sys/devices/system/cpu/isolated /sys/devices/system/cpu/nohz_full': '6-7\n6-7',
  'cat /sys/devices/system/node/node[01]/hugepages/hugepages-1048576kB/nr_hugepages': '0\n1',
  'grep -E "^(HugePages_Total|Hugetlb)" /proc/meminfo | tr -s " "': `HugePages_Total: 64\nHugetlb: ${64 * 2048 + 1048576} kB`,
  'cut -f1 /proc/sys/kernel/printk': '5',
  'cat /proc/irq/default_smp_affinity': '3f',
};

/** The same pages asked for where they are to be had now: they came with the boot. */
const HELD = [
  { hugepages: { size: '2M', total: 64, at_boot: 'cmdline' } },
  { hugepages: { size: '1G', nodes: { 1: 1 }, at_boot: 'cmdline' } },
];

const HDD = '/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_HDD0001';
const SSD = '/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_SSD0001';

/** Has the SCSI disks exchange their names, as a boot may: they come and go, the last one first. */
const EXCHANGE = `
cd /sys/block
disks=$(ls -d sd? | sort -r) places=$(for disk in $disks; do basename $(readlink -f $disk/device); done)
for disk in $disks; do echo 1 >$disk/device/delete; done
udevadm settle
for place in $places; do
  echo "$place" | (IFS=: read -r host address; echo "$address" | tr : ' ' >/sys/class/scsi_host/host$host/scan)
  until ls /sys/bus/scsi/devices/$place/block/sd? >/dev/null 2>&1; do sleep 1; done
done
udevadm settle`;

describe.skipIf(vm === undefined).sequential('the menu of a real GRUB', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  let run: Outcome;
  let before: string;
  /** The running kernel's own line waits for a reboot all the while. */
  const changed = ({ targets }: Outcome) => targets.filter((target) => target !== '/proc/cmdline');
  const state = () =>
    host.read('cat /etc/default/grub /boot/grub/grub.cfg; ls /etc/default/grub.d; cat /etc/kvmplay/* 2>&1 || true');
  const menu = () => host.read("grep -P '^\\s*linux\\t' /boot/grub/grub.cfg").split('\n');
  const waits = ({ results }: Outcome) => JSON.stringify(results).includes('"pending":"reboot"');

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
    expect(waits(audit)).toBe(true);
    expect(state()).toBe(before);
  });

  test('a run has every entry say it, but that for recovery', () => {
    run = kvmplay.run(TASKS);
    const lines = menu();

    expect(run.status, run.words).toBe(0);
    expectProven('vm', 'kernel-cmdline', run, ['host_reserve', 'kernel_cmdline', 'hugepages']);
    expect(lines).toHaveLength(3);
    for (const line of lines.slice(0, 2)) expect(line.replace(/ +/g, ' ')).toContain(` ro ${ARGUMENTS}`);
    expect(lines[2]).toMatch(/ ro single *$/);
  });

  test('a second run changes nothing, and still waits for the reboot', () => {
    const again = kvmplay.run(TASKS);

    expect([again.status, changed(again), waits(again)], again.words).toEqual([0, [], true]);
  });

  describe('booted', () => {
    let hdd: string;
    let disks: Outcome;
    const bootId = () => host.read('cat /proc/sys/kernel/random/boot_id');
    const nameOf = (disk: string) => host.read(`basename $(readlink -f ${disk})`);
    const queuesNow = () =>
      host.read(`for disk in ${HDD} ${SSD}; do lsblk -dno SCHED $disk; blockdev --getra $disk; done`).split(/\s+/);
    let queues: string[];

    beforeAll(async () => {
      hdd = nameOf(HDD);
      queues = queuesNow();
      disks = kvmplay.run([{ io_scheduler: { devices: hdd, scheduler: 'bfq', read_ahead_kb: 1024 } }]);
      const first = bootId();
      await host.bootByMenu(CHEAP);
      expect(bootId()).not.toBe(first);
      host.read('until systemctl show -p SubState kvmplay-irq_affinity | grep -q exited; do sleep 1; done');
    });

    test('the kernel has what the menu says', () => {
      const shown = host.readAll(Object.keys(PROOF));

      expect(host.read('cat /proc/cmdline')).toContain(` ro ${ARGUMENTS.replace('dyndbg="', '"dyndbg=')} ${CHEAP}`);
      expect(Object.fromEntries(Object.keys(PROOF).map((command, at) => [command, shown[at]]))).toEqual(PROOF);
    });

    test('a run changes nothing and waits for nothing, in one round trip, by whichever module it is asked for', () => {
      const again = kvmplay.run([...TASKS, ...HELD]);

      expect([again.status, again.targets, again.roundTrips, waits(again)], again.words).toEqual([0, [], 1, false]);
    });

    test('an audit names the menu that somebody takes an argument out of, and a run makes it anew', () => {
      host.read("sed -i 's/ intel_iommu=on//' /boot/grub/grub.cfg");

      const audit = kvmplay.audit(TASKS);
      const mended = kvmplay.run(TASKS);

      expect([audit.status, audit.targets], audit.words).toEqual([3, ['/boot/grub/grub.cfg']]);
      expect([mended.status, mended.targets], mended.words).toEqual([0, ['/boot/grub/grub.cfg']]);
      expect(menu()[0]).toContain(' intel_iommu=on ');
    });

    test('a disk that is called otherwise has what was asked of it, and gives that back', () => {
      // Unless this very boot has.
      if (nameOf(HDD) === hdd) host.read(EXCHANGE);
      expect(nameOf(SSD)).toBe(hdd);
      expect(queuesNow()).toEqual(['bfq', '2048', ...queues.slice(2)]);

      const back = kvmplay.rollback(disks.id);

      expect(back.status, back.words).toBe(0);
      expect(back.targets).toEqual(expect.arrayContaining([`/sys/block/${nameOf(HDD)}/queue/scheduler`]));
      expect(queuesNow()).toEqual(queues);
    });

    test('a rollback leaves every file as it was, and what the kernel has still waits for a reboot to go', () => {
      const back = kvmplay.rollback(run.id);
      const gone = kvmplay.audit([{ kernel_cmdline: { remove: ['isolcpus', 'nohz_full', 'irqaffinity'] } }]);

      expect(back.status, back.words).toBe(0);
      expect(state()).toBe(before);
      expect([gone.status, gone.targets, waits(gone)], gone.words).toEqual([3, ['/proc/cmdline'], true]);
    });
  });
});
