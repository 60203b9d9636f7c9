import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Kvmplay, Outcome } from '../support/kvmplay.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

const HOST_CPUS = '0-1,4-5';
const TASKS = [{ host_reserve: { cpus: HOST_CPUS } }, { irq_affinity: { devices: 'en*' } }];

describe.skipIf(vm === undefined).sequential('interrupts on a real kernel', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  /** Of the NICs, by name. */
  const affinities = () => {
    const lines = host.read(
      'for name in /proc/irq/*/*{-rxtx-*,put.*}; do echo $(basename $name) $(cat $name/../smp_affinity_list); done',
    );
    return Object.fromEntries(lines.split('\n').map((line) => line.split(' ') as [string, string]));
  };
  /** Waits for what comes when it comes. */
  const eventually = <Value>(look: () => Value) => expect.poll(look, { timeout: 240_000, interval: 1000 });

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
  });
  afterAll(() => {
    // What survive.test.ts finds is as it was.
    host?.ssh(`systemctl disable --now kvmplay-irq_affinity irqbalance
      rm -r /run/kvmplay /etc/kvmplay /etc/udev/rules.d/*irq_affinity.rules /etc/systemd/system/kvmplay-irq_affinity.service
      cp -p /run/irqbalance.was /etc/default/irqbalance
      for irq in /proc/irq/*/smp_affinity_list; do echo 0-7 >$irq; done
      systemctl daemon-reload`);
  });

  test('come to the CPU that they were sent to', () => {
    expect(kvmplay.run(TASKS).status).toBe(0);

    const irq = host.read('basename $(dirname /proc/irq/*/virtio*-input.0)');
    const cpu = Number(affinities()['virtio1-input.0']);
    const counts = () => host.read(`cat /sys/kernel/irq/${irq}/per_cpu_count`).split(',').map(Number);
    host.read('dmesg | head -c 20000');
    const before = counts();
    host.read('dmesg | head -c 20000');
    const came = counts().map((count, at) => count - (before[at] ?? 0));

    expect(HOST_CPUS).toContain(String(cpu));
    expect(came[cpu]).toBeGreaterThan(0);
    expect(came.filter((_, at) => at !== cpu).every((count) => count === 0)).toBe(true);
  });

  test('an audit names the one that was moved by hand', () => {
    // It tries a while for NICs that are down, or that have more interrupts than they request.
    host.read('until systemctl show -p SubState kvmplay-irq_affinity | grep -q exited; do sleep 1; done');
    const irq = host.read('basename $(dirname /proc/irq/*/ens1-rxtx-2)');
    host.read(`echo 6 >/proc/irq/${irq}/smp_affinity_list`);

    expect(kvmplay.audit(TASKS).targets).toEqual([`/proc/irq/${irq}/smp_affinity_list`]);
  });

  test('go back by themselves when udev is told that the NIC came', async () => {
    host.read('udevadm trigger --action=add /sys/class/net/ens1 && udevadm settle');

    await eventually(() => affinities()['ens1-rxtx-2']).toBe('1');
  });

  test('go back by themselves when a CPU went and came, though virtio spreads them anew', async () => {
    const wanted = affinities();

    host.read(
      'echo 0 >/sys/devices/system/cpu/cpu7/online; sleep 1; echo 1 >/sys/devices/system/cpu/cpu7/online; udevadm settle',
    );

    await eventually(affinities).toEqual(wanted);
  });

  test('that the kernel does not let go are no failure and no drift', () => {
    // 0 is the timer, which refuses every write; a queue of NVMe is known by its name.
    const nvme = host.read('basename $(dirname /proc/irq/*/nvme0q1)');
    const task = [{ irq_affinity: { irqs: `0,${nvme}`, cpus: '1', persistent: false } }];

    expect(kvmplay.run(task).status).toBe(0);
    const again = kvmplay.audit(task);

    expect([again.status, again.targets]).toEqual([0, []]);
    expect(host.read('cat /run/kvmplay/irq_refused')).toBe('0 timer');
  });

  describe('beside irqbalance', () => {
    let taught: Outcome;
    let wanted: Readonly<Record<string, string>>;
    const config = () => host.read('cat /etc/default/irqbalance; ls /etc/kvmplay');
    let before: string;
    const PID = '$(systemctl show -P MainPID irqbalance)';
    /** By number, those that it was told to leave alone since it was last started. Asking takes it a while. */
    const leftAlone = () =>
      host
        .read(`journalctl -o cat _PID=${PID} | sed -n 's/^IRQ \\([0-9]*\\): Override ban to true$/\\1/p' | sort -n`)
        .split('\n');
    const numbersOf = (names: string) => host.read(`basename -a $(dirname /proc/irq/*/${names})`).split('\n');
    const ofQueues = () => numbersOf('*{-rxtx-*,put.*}');

    beforeAll(() => {
      wanted = affinities();
      host.read(
        "cp -p /etc/default/irqbalance /run/irqbalance.was && echo 'IRQBALANCE_ARGS=-t 2' >>/etc/default/irqbalance",
      );
      before = config();
      host.read('systemctl start irqbalance');
    });

    test('are told to it by a policy script, and which CPUs are not its own', () => {
      taught = kvmplay.run(TASKS);

      expect(taught.status, taught.words).toBe(0);
      expect(taught.targets).toEqual(
        expect.arrayContaining(['/etc/default/irqbalance', '/etc/kvmplay/irqbalance_policy.sh']),
      );
      expect(host.read(`tr "\\0" "\\n" </proc/${PID}/environ | grep BANNED`)).toBe('IRQBALANCE_BANNED_CPULIST=2-3,6-7');
      expect(host.read(`tr "\\0" " " </proc/${PID}/cmdline`)).toContain(
        '-t 2 --policyscript=/etc/kvmplay/irqbalance_policy.sh',
      );
    });

    test('stay each on its CPU, since it leaves them alone and not those of no NIC', async () => {
      await eventually(leftAlone).toEqual(expect.arrayContaining(ofQueues()));
      // It looks every 2 seconds, here.
      await sleep(9000);

      expect(affinities()).toEqual(wanted);
      // The disk controller on the board.
      expect(leftAlone()).not.toContain(numbersOf('ahci*')[0]);
      const again = kvmplay.run(TASKS);
      expect([again.status, again.targets, again.roundTrips], again.words).toEqual([0, [], 1]);
    });

    test('are its own again when what was told is taken back', () => {
      const back = kvmplay.rollback(taught.id);

      expect(back.status, back.words).toBe(0);
      expect(config()).toBe(before);
      expect(host.read(`tr "\\0" " " </proc/${PID}/cmdline`)).not.toContain('policyscript');
      expect(host.read(`tr "\\0" "\\n" </proc/${PID}/environ`)).not.toContain('BANNED');
    });
  });
});
