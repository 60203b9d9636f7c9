import { describe, expect, it } from 'vitest';
import { cpuTimes, interruptsByCpu } from '../../../src/evidence/cpu-times.ts';
import {
  compare,
  type Evidence,
  guestProbes,
  measure,
  memoryProbes,
  sampleProbes,
  vhostOf,
} from '../../../src/evidence/index.ts';
import { memoryByNode } from '../../../src/evidence/memory.ts';
import { see } from '../../support/see.ts';

describe('what is read', () => {
  it('counts pages of each line by their own size', () => {
    const maps = `7f0000000000 bind:0 anon=512 dirty=512 N0=500 N1=12 kernelpagesize_kB=4
7f1000000000 prefer:1 file=/dev/hugepages/libvirt/qemu/1-web/ram huge dirty=3 N1=3 kernelpagesize_kB=2048
7f2000000000 default file=/usr/bin/qemu-system-x86_64 mapped=9`;

    expect(memoryByNode(maps)).toEqual([
      { node: 0, mib: 2 },
      { node: 1, mib: 6 },
    ]);
  });

  it('adds up the interrupts of devices and of CPUs, and leaves out what belongs to no CPU', () => {
    const table = `           CPU0       CPU2
  0:         10          1   IO-APIC   2-edge      timer
 24:          5          0  PCI-MSI 512000-edge      eth0-rx-0
LOC:        100        200   Local timer interrupts
ERR:          7
MIS:          3
`;

    expect([...interruptsByCpu(table)]).toEqual([
      [0, 115],
      [2, 201],
    ]);
  });

  it('does not count guest time twice', () => {
    const stat = 'cpu  1 1 1 1 1 1 1 1 1 1\ncpu3 400 0 100 480 20 0 10 5 390 0\nintr 1\n';

    expect(cpuTimes(stat).get(3)).toEqual({ total: 1015, idle: 500, softirq: 10, steal: 5, guest: 390 });
  });
});

const PIDS = new Map([
  ['web', 42],
  ['driver', 7],
]);

/** On kernels before 6.4: processes of the kernel's own. */
const VHOST = new Map([['web', [811]]]);

const status = (cpus: string) => `Name:\tCPU 0/KVM\nCpus_allowed_list:\t${cpus}\n`;
/** proc(5): 37 fields stand between the state and the CPU it ran on. */
const stat = (tid: number, name: string, cpu: number) =>
  `${tid} (${name}) S ${Array(35).fill('0').join(' ')} ${cpu} 0 0\n`;

const machine = {
  '/sys/devices/system/cpu/online': '0-3\n',
  ...Object.fromEntries(
    [0, 1, 2, 3].flatMap((cpu) => [
      [`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, `${cpu >> 1}\n`],
      [`/sys/devices/system/cpu/cpu${cpu}/topology/core_cpus_list`, `${cpu}\n`],
    ]),
  ),
  '/sys/devices/system/node/node0/cpulist': '0-1\n',
  '/sys/devices/system/node/node1/cpulist': '2-3\n',
};

const cpuLine = (cpu: number, seconds: number) => `cpu${cpu} 0 0 ${60 * seconds} ${40 * seconds} 0 0 0 0 0 0`;
const table = (counts: readonly number[]) => `  CPU0 CPU1 CPU2 CPU3\n  1: ${counts.join(' ')}  PCI-MSI 1  eth0\n`;

function sample(seconds: number, cpu: number, counts: readonly number[]) {
  return see(
    {
      '/proc/uptime': `${seconds}.00 1.00\n`,
      '/proc/stat': `${[0, 1, 2, 3].map((one) => cpuLine(one, seconds)).join('\n')}\n`,
      '/proc/interrupts': table(counts),
      '/proc/42/task/43/stat': stat(43, 'CPU 0/KVM', cpu),
      '/proc/42/task/43/status': status('0-3'),
      '/proc/42/task/43/schedstat': `${seconds * 5e8} ${seconds * 1e8} 9\n`,
      '/proc/42/task/42/stat': stat(42, 'qemu (x) y', 0),
      '/proc/42/task/42/status': status('0'),
      '/proc/42/task/42/schedstat': '0 0 0\n',
      'virsh -q -r -c qemu:///system domstats --vcpu': `Domain: 'web'\n  vcpu.current=1\n  vcpu.0.halt_poll_fail_ns.sum=${seconds * 2e8}\n`,
      '/proc/811/task/811/stat': stat(811, 'vhost-42', 1),
      '/proc/811/task/811/status': status('0-1'),
      '/proc/811/task/811/schedstat': `${seconds * 1e8} 0 0\n`,
      '/proc/7/task/7/stat': stat(7, 'libvirtd', 0),
      '/proc/7/task/7/status': status('0'),
      '/proc/7/task/7/schedstat': '0 0 0\n',
    },
    sampleProbes(PIDS, VHOST),
  );
}

function evidence({ cpu, remote = 0 }: { cpu: (at: number) => number; remote?: number }): Evidence {
  const memory = {
    ...machine,
    '/sys/kernel/mm/ksm/run': '1\n',
    '/sys/kernel/mm/ksm/merge_across_nodes': '0\n',
    '/sys/kernel/mm/ksm/pages_shared': '10\n',
    '/sys/kernel/mm/ksm/pages_sharing': '512\n',
    '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages': '8\n',
    '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages': '5\n',
    '/proc/42/numa_maps': `7f00 default anon=9 N0=${1024 - remote} N1=${remote} kernelpagesize_kB=4\n`,
    '/proc/42/smaps_rollup': 'Rss: 9 kB\nAnonHugePages:    2048 kB\nPrivate_Hugetlb:  6144 kB\n',
  };
  const samples = [10, 15, 20].map((seconds, at) =>
    sample(seconds, cpu(at), [seconds * 100, 0, seconds, seconds === 10 ? 5000 : 3]),
  );
  return measure({
    host: 'h1',
    taken: 'now',
    pids: PIDS,
    vhost: VHOST,
    samples,
    memory: see(memory, memoryProbes(PIDS)),
  });
}

describe('evidence', () => {
  it('says where a vCPU was seen, how long it ran and how long it was kept waiting', () => {
    const { guests, seconds } = evidence({ cpu: (at) => (at === 1 ? 3 : 2) });

    expect(seconds).toBe(10);
    const [guest, ...others] = guests;
    expect(others).toEqual([]);
    expect(guest?.vcpus).toEqual([
      {
        vcpu: 0,
        thread: 'vCPU 0',
        allowed: '0-3',
        ran: [
          { cpu: 2, times: 2 },
          { cpu: 3, times: 1 },
        ],
        runPercent: 50,
        waitPercent: 10,
        haltPollPercent: 20,
      },
    ]);
    expect(guest?.threads.map(({ thread, allowed }) => [thread, allowed])).toEqual([
      ['emulator', '0'],
      ['vhost', '0-1'],
    ]);
    expect(guest?.threads[1]).toMatchObject({ ran: [{ cpu: 1, times: 3 }], runPercent: 10 });
  });

  it("finds the kernel's processes that carry a guest's packets by the number in their name", () => {
    const names = { 811: 'vhost-42', 812: 'vhost-42', 813: 'vhost-421', 42: 'qemu' };
    const files = Object.entries(names).map(([pid, name]) => [`/proc/${pid}/comm`, `${name}\n`]);

    expect(vhostOf(see(Object.fromEntries(files), guestProbes), PIDS)).toEqual(
      new Map([
        ['web', [811, 812]],
        ['driver', []],
      ]),
    );
  });

  it('takes memory for remote where none of the vCPUs ran', () => {
    const near = evidence({ cpu: () => 0, remote: 256 }).guests[0];
    const far = evidence({ cpu: () => 2, remote: 256 }).guests[0];

    expect([near?.remoteMib, far?.remoteMib]).toEqual([1, 3]);
    expect([near?.hugetlbMib, near?.thpMib, near?.ksmPages]).toEqual([6, 2, null]);
  });

  it('counts interrupts from both ends of the interval, and from 0 where a counter began anew', () => {
    const { cpus } = evidence({ cpu: () => 2 });

    expect(cpus.map(({ cpu, node, interruptsPerSecond, vcpus }) => [cpu, node, interruptsPerSecond, vcpus])).toEqual([
      [0, 0, 100, []],
      [1, 0, 0, []],
      [2, 1, 1, ['web/0']],
      [3, 1, 0.3, []],
    ]);
    expect(cpus[0]?.busyPercent).toBe(60);
  });

  it('shows the huge pages of each node and what KSM saves', () => {
    const { nodes, ksm } = evidence({ cpu: () => 0 });

    expect(nodes[0]).toEqual({ node: 0, hugepages: [{ kib: 2048, total: 8, used: 3 }] });
    expect(ksm).toEqual({ run: '1', mergeAcrossNodes: false, savedMib: 2, pagesShared: 10, pagesSharing: 512 });
  });

  it('puts before beside after, and a dash where a guest was not there', () => {
    const before = evidence({ cpu: () => 0, remote: 256 });
    const after = evidence({ cpu: () => 2, remote: 768 });

    const rows = compare(before, { ...after, guests: [...after.guests.map((guest) => ({ ...guest, name: 'new' }))] });

    const figure = (subject: string, name: string) =>
      rows.filter((row) => row.subject === subject && row.figure === name).map((row) => [row.before, row.after]);
    expect(figure('web', 'remote memory, MiB')).toEqual([['1', '-']]);
    expect(figure('new', 'remote memory, MiB')).toEqual([['-', '1']]);
    expect(figure('host', "interrupts/s on guests' CPUs")).toEqual([['100', '1']]);
  });
});
