import { describe, expect, it } from 'vitest';
import { cpu_pin } from '../../../modules/cpu_pin.ts';
import { disk_cache } from '../../../modules/disk_cache.ts';
import { exampleGuest } from '../../../src/domain-xml/index.ts';
import { openEyes } from '../../../src/engine/eyes.ts';
import { makeOverlay } from '../../../src/engine/overlay.ts';
import { inverse } from '../../../src/engine/undo-plan.ts';
import { FAKE_COMMANDS } from '../../support/fake-commands.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { planOn, problemOn, summaryOf } from '../../support/plan.ts';

const HOST = {
  '/sys/devices/system/cpu/online': '0-3,6-7\n',
  '/sys/devices/system/cpu/present': '0-7\n',
  '/sys/devices/system/cpu/isolated': '3,7\n',
};
const CONFIG = '/etc/libvirt/qemu/web1.xml';
const LIVE = '/run/libvirt/qemu/web1.xml';
const running = (more = ''): Record<string, string> => ({
  ...HOST,
  [CONFIG]: exampleGuest('config', more),
  [LIVE]: exampleGuest('live', more),
});
const UUID = '8a2f7a5e-6d3c-4f0b-9f3e-0b8a7c1d2e3f';

describe('cpu_pin', () => {
  it('pins at once by virsh, and back to where the threads could run', async () => {
    const plan = await planOn(cpu_pin, { guests: 'web1', vcpus: { 0: 2 }, emulator: '0-1' }, running());

    expect(summaryOf(plan)).toEqual([
      'live web1: vCPU 0: 0-3,6-7 → 2, emulator: 0-3,6-7 → 0-1',
      'persistent web1: vCPU 0: 0-3,6-7 → 2, emulator: 0-3,6-7 → 0-1',
    ]);
    const virsh = (...words: string[]) => ({ do: 'exec', argv: ['virsh', '-q', '-c', 'qemu:///system', ...words] });
    expect(plan.changes[0]).toMatchObject({
      impact: 'moves-vcpus',
      do: [virsh('vcpupin', UUID, '0', '2', '--live'), virsh('emulatorpin', UUID, '0-1', '--live')],
      undo: [virsh('vcpupin', UUID, '0', '0-3,6-7', '--live'), virsh('emulatorpin', UUID, '0-3,6-7', '--live')],
    });
  });

  it('waits for a restart with what floats, and pins the rest at once', async () => {
    const plan = await planOn(cpu_pin, { guests: 'web1', vcpus: { 1: 6 }, cpuset: '6' }, running());

    expect(summaryOf(plan)).toEqual([
      'live web1: vCPU 1: 0-3,6-7 → 6',
      'persistent web1: vCPU 1: 0-3,6-7 → 6, vcpu cpuset: all → 6',
      'pending web1: vcpu cpuset: all → 6, when it is shut down and started again',
    ]);
  });

  it('takes other ways to write a set for the same', async () => {
    const files = running("\n  <cputune>\n    <vcpupin vcpu='0' cpuset='0-2,^1'/>\n  </cputune>");

    expect((await planOn(cpu_pin, { guests: 'web1', vcpus: { '0': '0,2' } }, files)).changes).toEqual([]);
  });

  it.each([
    ['a vCPU that is not there', { vcpus: { 2: 0 } }, 'NoSuchVcpu: web1 has no vCPU 2 (it has 0-1)'],
    ['an IO thread that is not there', { iothreads: { 2: 0 } }, 'NoSuchIothread: web1 has no IO thread 2 (it has 1)'],
    ['a CPU that is not there', { emulator: 77 }, 'NoSuchCpu: web1, emulator: this host has no CPU 77 (it has 0-7)'],
    ['a CPU that is offline', { vcpus: { 0: '3-4' } }, 'CpuOffline: web1, vCPU 0: CPU 4 is offline'],
  ])('refuses %s, which libvirt would take', async (_, params, problem) => {
    expect(await problemOn(cpu_pin, { guests: 'web1', ...params }, running())).toContain(problem);
  });

  it('warns of isolated CPUs among several', async () => {
    const one = await planOn(cpu_pin, { guests: 'web1', vcpus: { 0: 3 } }, running());
    const two = await planOn(cpu_pin, { guests: 'web1', vcpus: { 0: '3,7' } }, running());

    expect(one.notes).toBeUndefined();
    expect(two.notes).toEqual([expect.stringContaining('of the isolated CPUs 3,7 it will run on one only')]);
  });

  it('builds in check mode upon what a task before it foretells of the same guest', async () => {
    const eyes = openEyes(fakeHost({ files: running(), commands: FAKE_COMMANDS }), makeOverlay());
    const first = disk_cache.params.parse({ guests: 'web1', cache: 'none' });
    const second = cpu_pin.params.parse({ guests: 'web1', vcpus: { 0: 2 }, live: false });
    for (const change of disk_cache.plan(first, (await eyes.see(disk_cache, first)).seen).changes)
      eyes.foretell(change, 'disk_cache would change it');

    const plan = cpu_pin.plan(second, (await eyes.see(cpu_pin, second)).seen);

    const after = plan.changes[0]?.after;
    expect(after?.is === 'text' && after.text).toMatch(/<vcpupin vcpu='0' cpuset='2'\/>[\s\S]*cache='none'/);
  });

  it('is undone by a pin to all CPUs, and then there is nothing to undo', async () => {
    const host = fakeHost({ files: running(), commands: FAKE_COMMANDS });
    const [change] = (await planOn(cpu_pin, { guests: 'web1', vcpus: { 0: 2 }, config: false }, running())).changes;
    if (!change) throw new Error('nothing to undo');
    const now = async () => {
      const { readings } = await host.exchange({ actions: [], probes: [change.target] });
      return readings[0] ?? { is: 'absent' as const };
    };
    await host.exchange({ actions: change.do, probes: [] });
    const back = inverse(change, await now(), cpu_pin);

    await host.exchange({ actions: back?.do ?? [], probes: [] });

    expect(host.read(LIVE)).toMatch(/<vcpupin vcpu="0" cpuset="0-3,6-7"\/>/);
    expect(inverse(change, await now(), cpu_pin)).toBeUndefined();
  });

  it('is not undone over what somebody else has pinned since', async () => {
    const [change] = (await planOn(cpu_pin, { guests: 'web1', vcpus: { 0: 2 }, config: false }, running())).changes;
    const other = exampleGuest('live', "\n  <cputune>\n    <vcpupin vcpu='0' cpuset='3'/>\n  </cputune>");

    expect(() => change && inverse(change, { is: 'text', text: other }, cpu_pin)).toThrow('changed by somebody else');
  });
});
