import { describe, expect, it } from 'vitest';
import { host_reserve } from '../../../modules/host_reserve.ts';
import { cpuSet, formatCpuSet, parseCpuSet, printReserve, RESERVE_FILE } from '../../../src/contract/index.ts';
import type { Content } from '../../support/fake-files.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const CPU = '/sys/devices/system/cpu';

interface Shape {
  readonly cores: number;
  readonly offline?: string;
  readonly nic?: number;
}

/** Two nodes of so many cores in all, two threads each, siblings side by side. */
function host({ cores, offline = '', nic }: Shape, more: Record<string, string> = {}): Record<string, Content> {
  const off = parseCpuSet(offline);
  const online = cpuSet(Array.from({ length: cores * 2 }, (_, cpu) => cpu).filter((cpu) => !off.includes(cpu)));
  const half = (node: number) => online.filter((cpu) => (cpu < cores ? 0 : 1) === node);
  return {
    [`${CPU}/online`]: `${formatCpuSet(online)}\n`,
    [`${CPU}/present`]: `0-${cores * 2 - 1}\n`,
    ...Object.fromEntries(
      online.map((cpu) => [
        `${CPU}/cpu${cpu}/topology/thread_siblings_list`,
        `${formatCpuSet([cpu & ~1, cpu | 1].filter((one) => online.includes(one)))}\n`,
      ]),
    ),
    ...Object.fromEntries(
      [0, 1].map((node) => [`/sys/devices/system/node/node${node}/cpulist`, `${formatCpuSet(half(node))}\n`]),
    ),
    ...(nic !== undefined && {
      '/sys/devices/pci0000:00/0000:00:03.0/net/eth0': { dir: true },
      '/sys/devices/pci0000:00/0000:00:03.0/numa_node': `${nic}\n`,
      '/sys/class/net/eth0': { link: '../../devices/pci0000:00/0000:00:03.0/net/eth0' },
    }),
    ...more,
  };
}

const reserved = (hostCpus: string, guests: string) => ({
  [RESERVE_FILE]: printReserve({ host: parseCpuSet(hostCpus), guests: parseCpuSet(guests) }),
});

describe('host_reserve', () => {
  it.each([
    [{}, '0-1', '2-15'],
    [{ count: 4 }, '0-3', '4-15'],
    [{ cpus: '0-1,8' }, '0-1,8', '2-7,9-15'],
    [{ cpus: 0 }, '0', '1-15'],
    [{ cpus: '0-1', guests: '4-15' }, '0-1', '4-15'],
  ])('%j: host %s, guests %s', async (params, ours, theirs) => {
    const plan = await planOn(host_reserve, params, host({ cores: 8 }));

    expect(summaryOf(plan)).toEqual([`persistent CPUs reserved: host ${ours}, guests ${theirs}`]);
    expect(plan.changes[0]?.after).toMatchObject({ text: expect.stringContaining(`host=${ours}\nguests=${theirs}\n`) });
  });

  it('takes four on a host of 64 CPUs', async () => {
    const plan = await planOn(host_reserve, {}, host({ cores: 32 }));

    expect(summaryOf(plan)).toEqual(['persistent CPUs reserved: host 0-3, guests 4-63']);
  });

  it.each([
    ['is still online', {}, '14-15', { cores: 8 }, []],
    ['is as many as are asked for', { count: 2 }, '14-15', { cores: 8 }, []],
    ['is as many cores as hold what is asked for', { count: 3 }, '2-5', { cores: 8 }, []],
    [
      'is not as many as are asked for',
      { count: 4 },
      '14-15',
      { cores: 8 },
      ['host 14-15, guests 0-13 → host 0-3, guests 4-15'],
    ],
    ['went offline', {}, '14-15', { cores: 8, offline: '15' }, ['host 14-15, guests 0-13 → host 0-1, guests 2-14']],
    ['is not to stay', { anew: true }, '14-15', { cores: 8 }, ['host 14-15, guests 0-13 → host 0-1, guests 2-15']],
  ] as const)('holds on to what `auto` chose, unless it %s', async (_, params, was, shape, changes) => {
    const others = cpuSet(Array.from({ length: 16 }, (_, cpu) => cpu).filter((cpu) => !parseCpuSet(was).includes(cpu)));

    const plan = await planOn(host_reserve, params, host(shape, reserved(was, formatCpuSet(others))));

    expect(summaryOf(plan)).toEqual(changes.map((change) => `persistent CPUs reserved: ${change}`));
  });

  it('gives CPUs that came to the guests, and leaves the host its own', async () => {
    const plan = await planOn(host_reserve, {}, host({ cores: 8 }, reserved('4-5', '0-3,6-7')));

    expect(summaryOf(plan)).toEqual(['persistent CPUs reserved: host 4-5, guests 0-3,6-7 → host 4-5, guests 0-3,6-15']);
  });

  it('goes to the node of the NICs beyond the first core', async () => {
    const plan = await planOn(host_reserve, { count: 4 }, host({ cores: 8, nic: 1 }));

    expect(summaryOf(plan)).toEqual(['persistent CPUs reserved: host 0-1,8-9, guests 2-7,10-15']);
  });

  it('writes anew what cannot be made sense of', async () => {
    const plan = await planOn(host_reserve, {}, host({ cores: 8 }, { [RESERVE_FILE]: 'host=0-\n' }));

    expect(summaryOf(plan)).toEqual(['persistent CPUs reserved: host 0-1, guests 2-15']);
  });

  it.each([
    [{ cpus: '0,99' }, 'NoSuchCpu: this host has no CPU 99 (it has 0-15)'],
    [{ cpus: '0-1', guests: '2,16' }, 'NoSuchCpu: this host has no CPU 16 (it has 0-15)'],
    [{ cpus: '0,15' }, 'CpuOffline: CPU 15 is offline (these are online: 0-14)'],
    [{ cpus: '0-14' }, "NothingForGuests: all CPUs that are online (0-14) would be the host's"],
    [
      { guests: '1-14' },
      "ReservedTwice: CPUs 1 are asked for as the guests', and `auto` would have them for the host (name the host's CPUs in `cpus`)",
    ],
  ])('%j cannot be had where CPU 15 is offline', async (params, problem) => {
    expect(await problemOn(host_reserve, params, host({ cores: 8, offline: '15' }))).toBe(problem);
  });

  it('has nothing to give on a host of one core', async () => {
    expect(await problemOn(host_reserve, {}, host({ cores: 1 }))).toBe(
      'TooFewCpus: CPUs 0-1 are one core: there is none to spare for the host',
    );
  });

  it.each([
    [{ cpus: '0-1', count: 2 }, 'count: goes with `cpus: auto` only'],
    [{ cpus: '0-3', guests: '3-7' }, "guests: a CPU is either the host's or the guests'"],
    [{ cpus: '' }, 'cpus: expected CPUs, such as "0-1,8", or `auto`'],
  ])('%j is a mistake', (params, message) => {
    expect(mistakesIn(host_reserve, params)).toEqual([message]);
  });

  it('warns of a core in two hands, of a first CPU that is left to guests and of one that is isolated', async () => {
    const plan = await planOn(host_reserve, { cpus: '3-4' }, host({ cores: 8 }, { [`${CPU}/isolated`]: '4-7\n' }));

    expect(plan.notes).toEqual([
      "CPU 3 is the host's and shares its core with 2, which is the guests': each slows the other down",
      "CPU 4 is the host's and shares its core with 5, which is the guests': each slows the other down",
      "CPU 0-1 is not the host's: timers and interrupts that cannot be moved stay there",
      "CPU 4 is the host's, and the kernel was booted to keep its work away from there (isolcpus)",
    ]);
  });

  it('says that numad heeds none of it, where it runs', async () => {
    const numad = {
      '/usr/lib/systemd/system/numad.service': '[Service]\n',
      '/sys/fs/cgroup/system.slice/numad.service/cgroup.procs': '7\n',
    };

    const plan = await planOn(host_reserve, {}, host({ cores: 8 }, numad));

    expect(plan.notes).toEqual([expect.stringContaining('numad.service runs')]);
  });

  it('names the running guests that are pinned to what the host takes', async () => {
    const vcpu = (scope: string, n: number) =>
      `/sys/fs/cgroup/machine.slice/machine-qemu\\x2d${scope}.scope/libvirt/vcpu${n}/cpuset.cpus`;
    const pins = {
      [vcpu('3\\x2dweb\\x2d1', 0)]: '1\n',
      [vcpu('3\\x2dweb\\x2d1', 1)]: '0,4\n',
      [vcpu('4\\x2ddb', 0)]: '6-7\n',
      [vcpu('5\\x2dfloating', 0)]: '0-15\n',
      [vcpu('6\\x2dunpinned', 0)]: '\n',
    };

    const plan = await planOn(host_reserve, {}, host({ cores: 8 }, pins));

    expect(plan.notes).toEqual(["the guest web-1 runs with vCPUs pinned to 0-1, the host's"]);
  });
});
