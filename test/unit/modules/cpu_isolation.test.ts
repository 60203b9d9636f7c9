import { describe, expect, it } from 'vitest';
import { cpu_isolation } from '../../../modules/cpu_isolation.ts';
import { FAKE_COMMANDS } from '../../support/fake-commands.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';

const CGROUP = '/sys/fs/cgroup';
const GUEST = `${CGROUP}/machine.slice/machine-qemu\\x2d1\\x2ddb\\x2dmain.scope/libvirt`;
const live = { persistent: false };

const host = (more: Record<string, string> = {}) => ({
  [`${CGROUP}/cgroup.controllers`]: 'cpuset cpu io memory pids\n',
  [`${CGROUP}/system.slice/cpuset.cpus`]: '\n',
  '/sys/devices/system/cpu/online': '0-7\n',
  '/etc/kvmplay/host_reserve': 'host=0-1\nguests=2-7\n',
  ...more,
});
const told = (cpus: string) => ({
  '/run/systemd/system.control/system.slice.d/50-AllowedCPUs.conf': `[Slice]\nAllowedCPUs=\nAllowedCPUs=${cpus}\n`,
});
const setProperty = (unit: string, cpus: string) => ({
  do: 'exec',
  argv: ['systemctl', 'set-property', '--runtime', unit, `AllowedCPUs=${cpus}`],
});

describe('cpu_isolation', () => {
  it('has services keep to the CPUs of the host, and machines to those of guests', async () => {
    const plan = await planOn(cpu_isolation, live, host());

    expect(summaryOf(plan)).toEqual([
      'live CPUs of system.slice all → 0-1, user.slice all → 0-1, init.scope all → 0-1, machine.slice all → 2-7',
    ]);
    expect(plan.changes[0]).toMatchObject({ impact: 'moves-vcpus', do: { length: 4 } });
  });

  it('goes back by the full set, since an empty one leaves the kernel with the old', async () => {
    const { changes } = await planOn(cpu_isolation, { ...live, slices: 'system.slice', machines: 'keep' }, host());

    expect(changes[0]?.undo).toEqual([
      setProperty('system.slice', '0-7'),
      setProperty('system.slice', ''),
      { do: 'poke', path: `${CGROUP}/system.slice/cpuset.cpus`, value: '' },
    ]);
  });

  it('mends what somebody wrote behind the back of systemd', async () => {
    const files = host({ ...told('0-1'), [`${CGROUP}/system.slice/cpuset.cpus`]: '0-7\n' });

    const { changes } = await planOn(cpu_isolation, { ...live, slices: 'system.slice', machines: 'keep' }, files);

    expect(changes).toMatchObject([
      { target: { path: `${CGROUP}/system.slice/cpuset.cpus` }, do: [{ do: 'poke', value: '0-1' }] },
    ]);
  });

  it('writes the whole set for the next boots, after an empty one that clears what others add', async () => {
    const { changes } = await planOn(cpu_isolation, { live: false, slices: 'init.scope' }, host());

    expect(changes.map(({ after, do: actions }) => [after, actions.length])).toEqual([
      [{ is: 'text', text: '# Written by kvmplay.\n[Scope]\nAllowedCPUs=\nAllowedCPUs=0-1\n' }, 2],
      [{ is: 'text', text: '# Written by kvmplay.\n[Slice]\nAllowedCPUs=\nAllowedCPUs=2-7\n' }, 2],
    ]);
  });

  it.each([
    ['vcpu0', '1', {}, 'PinnedOutside: machine.slice would keep to CPUs 2-7, and running guests have threads pinned'],
    ['vcpu0', '1', {}, 'vcpu0 of db-main to 1 (pin them to CPUs of the guests first)'],
    ['emulator', '0-1', {}, 'emulator of db-main to 0-1 (set `machines: all`'],
    ['emulator', '0-1', { machines: 'all' }, 'no problem'],
    ['vcpu0', '1', { machines: 'keep' }, 'no problem'],
    ['vcpu0', '2-3', {}, 'no problem'],
    ['vcpu0', '0-7', {}, 'no problem'],
    ['vcpu0', '', {}, 'no problem'],
  ])('a guest with its %s on "%s" and %j: %s', async (thread, cpus, params, problem) => {
    const files = host({ [`${GUEST}/${thread}/cpuset.cpus`]: `${cpus}\n` });

    expect(await problemOn(cpu_isolation, params, files)).toContain(problem);
  });

  it.each([
    [{ host: '2' }, 'ReservedOtherwise: CPUs 2 are asked for as the host'],
    [{ guests: '2-9' }, 'CpuOffline: CPU 8-9 is not online here'],
  ])('%j cannot be had', async (params, problem) => {
    expect(await problemOn(cpu_isolation, params, host())).toContain(problem);
  });

  it('is n/a with cgroup v1, and with a systemd that knows no CPUs', async () => {
    const { [`${CGROUP}/cgroup.controllers`]: _, ...v1 } = host();
    const old = { ...FAKE_COMMANDS, systemctl: '' };

    expect((await planOn(cpu_isolation, {}, v1)).na).toContain('cgroup v1');
    expect((await planOn(cpu_isolation, {}, host(), { commands: old })).na).toContain('older than 244');
  });

  it('has unbound work of the kernel on the CPUs of the host', async () => {
    const path = '/sys/devices/virtual/workqueue/cpumask';
    const params = { workqueues: true, slices: 'system.slice', machines: 'keep' };

    const { changes } = await planOn(cpu_isolation, params, host({ [path]: '000000ff\n', ...told('0-1') }));
    const already = await planOn(cpu_isolation, { ...params, ...live }, host({ [path]: '00000003\n', ...told('0-1') }));

    expect(changes.flatMap((change) => change.do)).toContainEqual({ do: 'poke', path, value: '3' });
    expect(JSON.stringify(changes)).toContain(`w ${path} - - - - 3`);
    expect(summaryOf(already)).toEqual(['live CPUs of system.slice: all, not the 0-1 that systemd was told → 0-1']);
  });

  it('names numad, which moves guests by itself', async () => {
    const numad = {
      '/usr/lib/systemd/system/numad.service': '[Service]\n',
      '/sys/fs/cgroup/system.slice/numad.service/cgroup.procs': '1\n',
    };

    expect((await planOn(cpu_isolation, live, host(numad))).notes).toEqual([
      expect.stringContaining('numad.service runs: it moves processes, guests too'),
    ]);
  });

  it.each([
    [{ slices: 'machine.slice' }, 'machine.slice is set by `machines`'],
    [{ slices: 'system' }, 'expected units such as system.slice'],
    [{ host: '0-1', guests: '1-3' }, "a CPU is either the host's or the guests'"],
  ])('%j is a mistake', (params, message) => {
    expect(mistakesIn(cpu_isolation, params).join()).toContain(message);
  });
});
