import { beforeAll, describe, expect, inject, test } from 'vitest';
import { evidenceOf } from '../../support/evidence.ts';
import { argvOf, cgroupOf, hugeMemoryOf, pidOf, threadsOf } from '../../support/guest-commands.ts';
import { type Kvmplay, type Outcome, of } from '../../support/kvmplay.ts';
import { expectProven } from '../../support/proven.ts';
import { attachHost, type Host } from '../host.ts';
import { kvmplayOver } from '../kvmplay.ts';

const vm = inject('vm');

/**
 * Guests under KVM, which are started paused: libvirt and QEMU set up all that they will have, and the emulated processor
 * need not run a guest inside of itself.
 */
const domain = (name: string, mib: number, devices: string) => `<domain type='kvm'>
  <name>${name}</name>
  <memory unit='MiB'>${mib}</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>${devices}<memballoon model='none'/></devices>
</domain>`;
const GUESTS = {
  net: domain(
    'net',
    32,
    "<interface type='bridge'><source bridge='br0'/><model type='virtio'/><rom enabled='no'/></interface>",
  ),
  big: domain(
    'big',
    1024,
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/var/lib/libvirt/images/big.raw'/><target dev='vda' bus='virtio'/></disk>",
  ),
};

const TASKS = [
  // The kernel was booted with the page.
  { hugepages: { size: '1G', nodes: { 1: 1 }, mount: '/dev/hugepages1G' }, register: 'pages' },
  { service: { name: 'libvirtd', state: 'restarted' }, when: 'pages.changed' },
  { vhost_net: { guests: 'net', driver: 'vhost', queues: 'vcpus', rx_queue_size: 1024 } },
  { cpu_pin: { guests: 'net', emulator: 1 } },
  { iothreads: { guests: 'big', count: 1 } },
  { disk_cache: { guests: 'big', cache: 'none', io: 'native', discard: 'unmap', detect_zeroes: 'unmap', iothread: 1 } },
  { memory_backing: { guests: 'big', hugepages: '1G' } },
  { cpu_pin: { guests: 'big', vcpus: { 0: 6, 1: 7 }, emulator: '0,4', iothreads: { 1: 5 } } },
  { numatune: { guests: 'big', mode: 'strict', nodeset: 'auto' } },
];
const MODULES = ['vhost_net', 'hugepages', 'cpu_pin', 'iothreads', 'disk_cache', 'memory_backing', 'numatune'];

/** The threads of the kernel that carry a guest's packets: how many, and on which CPUs they may run. */
const vhostOf = (name: string) =>
  `for task in $(grep -lx "vhost-${pidOf(name)}" /proc/[0-9]*/comm); do grep ^Cpus_allowed_list "\${task%comm}status"; done | cut -f2 | uniq -c | tr -s ' '`;
const devicesOf = (name: string) => `readlink /proc/${pidOf(name)}/fd/* | grep -c ^/dev/vhost-net`;
const show = (name: string, pattern: string) => `${argvOf(name)} | grep -oE '${pattern}'`;

/** What the system's own tools print once both guests were started with all that was asked for. */
const PROOF = {
  [show('net', '"vhost":true,"vhostfds":"[0-9]+:[0-9]+"')]: expect.stringMatching(
    /^"vhost":true,"vhostfds":"\d+:\d+"$/,
  ),
  [show('net', '"mq":true')]: '"mq":true',
  [show('net', '"rx_queue_size":[0-9]+')]: '"rx_queue_size":1024',
  [devicesOf('net')]: '2',
  [vhostOf('net')]: '2 1',
  [threadsOf('big')]: 'CPU 0/KVM: 6\nCPU 1/KVM: 7\nIO iothread1: 5\nemulator: 0,4',
  [cgroupOf('big', '{vcpu0,vcpu1,iothread1,emulator}/cpuset.cpus')]:
    'vcpu0/cpuset.cpus:6\nvcpu1/cpuset.cpus:7\niothread1/cpuset.cpus:5\nemulator/cpuset.cpus:0,4',
  "virsh -q iothreadinfo big | tr -s ' '": '1 5',
  [hugeMemoryOf('big')]: 'bind:1 N1=1 kernelpagesize_kB=1048576',
  'cat /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/{nr,free}_hugepages': '1\n0',
  [show('big', '"iothread":"iothread1"')]: '"iothread":"iothread1"',
  [show('big', '"cache":[^}]*}')]: '"cache":{"direct":true,"no-flush":false}\n"cache":{"direct":true,"no-flush":false}',
  [show('big', '"aio":"[a-z]+"')]: '"aio":"native"',
  [show('big', '"(discard|detect-zeroes)":"unmap"')]: '"discard":"unmap"\n"discard":"unmap"\n"detect-zeroes":"unmap"',
};

describe.skipIf(vm === undefined).sequential('guests under KVM', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  let before: string;
  let run: Outcome;

  const state = () =>
    host.read(`virsh -q 'dumpxml --inactive net; dumpxml --inactive big'; ls /etc/tmpfiles.d /etc/systemd/system
      grep hugetlbfs /proc/mounts`);
  const start = () => host.read('virsh -q start --paused net && virsh -q start --paused big');
  const stop = () => host.read('virsh -q destroy net && virsh -q destroy big');
  const readBack = () => {
    const shown = host.readAll(Object.keys(PROOF));
    return Object.fromEntries(Object.keys(PROOF).map((command, at) => [command, shown[at]]));
  };

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
    // The module may still be on its way.
    host.read('modprobe kvm_amd && udevadm settle');
    host.read('ip link add br0 type bridge && ip link set br0 up; truncate -s 8M /var/lib/libvirt/images/big.raw');
    for (const xml of Object.values(GUESTS)) {
      const { status, stderr } = host.ssh('cat >/run/guest.xml && virsh -q define /run/guest.xml', xml);
      expect(status, stderr).toBe(0);
    }
    before = state();
    start();
  });

  test("a run has a running guest's vhost threads follow its emulator at once", () => {
    // libvirt takes vhost by itself where it can.
    expect(host.read(vhostOf('net'))).toBe('1 0-7');

    run = kvmplay.run(TASKS);

    expect(run.status, run.words).toBe(0);
    expectProven('vm', 'kvm-guests', run, MODULES);
    expect(host.read(vhostOf('net'))).toBe('1 1');
    expect(of(run, 'memory_backing').results).toMatchObject([{ pending: 'guest-restart' }]);
  });

  test('what waited is so once they were shut down and started again', () => {
    stop();
    start();

    expect(readBack()).toEqual(PROOF);
    // Of both vhost threads together.
    const net = evidenceOf(kvmplay).evidence.guests.find(({ name }) => name === 'net');
    expect(net?.threads.find(({ thread }) => thread === 'vhost')).toMatchObject({ allowed: '1' });
  });

  test('a second run changes nothing, in one round trip', () => {
    const again = kvmplay.run(TASKS);

    expect([again.status, again.targets, again.roundTrips], again.words).toEqual([0, [], 1]);
  });

  test('an emulator far from huge pages is warned of, and libvirt then does not start the guest', () => {
    stop();

    const audit = kvmplay.audit([{ cpu_pin: { guests: 'big', emulator: 0 } }]);

    const words = 'Setting CPU affinity failed';
    expect(audit.results[0]?.notes, audit.words).toEqual([expect.stringContaining(words)]);
    const far = host.ssh('virsh -q emulatorpin big 0 --config && virsh -q start --paused big');
    expect([far.status, far.stderr]).toEqual([1, expect.stringContaining(words)]);
    host.read('virsh -q emulatorpin big 0,4 --config');
  });

  test('a rollback leaves guests and pools as they were found', () => {
    const back = kvmplay.rollback(run.id);

    expect(back.status, back.words).toBe(0);
    expect(state()).toBe(before);
  });
});
