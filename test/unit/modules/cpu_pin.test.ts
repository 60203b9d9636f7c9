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

  it('says how many vCPUs a guest has that has never said so, beside their CPUs', async () => {
    const config = exampleGuest('config').replace(/\n *<vcpu[^\n]*/, '');

    const plan = await planOn(cpu_pin, { guests: 'web1', cpuset: '6' }, { ...running(), [CONFIG]: config });

    const after = plan.changes.find(({ plane }) => plane === 'persistent')?.after;
    expect(after?.is === 'text' && after.text).toContain("<vcpu cpuset='6'>1</vcpu>");
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

  it('says that numad heeds no pins, where it runs', async () => {
    const runs = { '/sys/fs/cgroup/system.slice/numad.service/cgroup.procs': '7\n' };
    const numad = { '/usr/lib/systemd/system/numad.service': '[Service]\n' };

    const [there, busy] = await Promise.all(
      [numad, { ...numad, ...runs }].map((files) =>
        planOn(cpu_pin, { guests: 'web1', vcpus: { 0: 2 } }, { ...running(), ...files }),
      ),
    );

    expect(there?.notes).toBeUndefined();
    expect(busy?.notes).toEqual([expect.stringContaining('numad.service runs: it moves processes, guests too')]);
  });

  it('names vCPUs that are pinned to what is the host’s own', async () => {
    const files = { ...running(), '/etc/kvmplay/host_reserve': 'host=0-1\nguests=2-7\n' };
    const asked = { vcpus: { 0: '1-2', 1: 6 }, emulator: '0-1' };

    const { notes } = await planOn(cpu_pin, { guests: 'web1', ...asked }, files);

    expect(notes).toEqual(["web1: vCPUs are pinned to 1, which host_reserve has as the host's own"]);
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
    if (back === 'gone') throw new Error('nothing to undo');

    await host.exchange({ actions: back?.do ?? [], probes: [] });

    expect(host.read(LIVE)).toMatch(/<vcpupin vcpu="0" cpuset="0-3,6-7"\/>/);
    expect(inverse(change, await now(), cpu_pin)).toBeUndefined();
  });

  it('is gone with the guest that does not run any more', async () => {
    const [change] = (await planOn(cpu_pin, { guests: 'web1', vcpus: { 0: 2 } }, running())).changes;

    expect(change && inverse(change, { is: 'absent' }, cpu_pin)).toBeUndefined();
  });

  it('is not undone over what somebody else has pinned since', async () => {
    const [change] = (await planOn(cpu_pin, { guests: 'web1', vcpus: { 0: 2 }, config: false }, running())).changes;
    const other = exampleGuest('live', "\n  <cputune>\n    <vcpupin vcpu='0' cpuset='3'/>\n  </cputune>");

    expect(() => change && inverse(change, { is: 'text', text: other }, cpu_pin)).toThrow('changed by somebody else');
  });
});

describe('cpu_pin with a policy', () => {
  /** One socket, four cores of two threads: CPU n and n+4 are siblings. The first core is the host's. */
  const [, , example] = cpu_pin.examples.map(({ host }) => host as Record<string, string>);
  const cpus = Object.fromEntries(Object.entries(example ?? {}).filter(([path]) => path.startsWith('/sys/')));
  const guest = (name: string, more = '') =>
    exampleGuest('config', more).replace('<name>web1', `<name>${name}`).replace('8a2f7a5e', `${name}0000`.slice(0, 8));
  const pins = (...sets: string[]) =>
    `\n  <cputune>\n${sets.map((set, vcpu) => `    <vcpupin vcpu='${vcpu}' cpuset='${set}'/>\n`).join('')}  </cputune>`;
  const plan = (params: object, guests: Record<string, string>, files: Record<string, string> = {}) =>
    planOn(cpu_pin, params, {
      ...cpus,
      ...files,
      ...Object.fromEntries(Object.entries(guests).map(([name, xml]) => [`/etc/libvirt/qemu/${name}.xml`, xml])),
    });

  it.each([
    ['cache', 'a core of its own, both threads of it', 'vCPU 0: 0-7 → 1, vCPU 1: 0-7 → 5'],
    ['isolate', 'two cores, one thread of each', 'vCPU 0: 0-7 → 1, vCPU 1: 0-7 → 2'],
    ['node', 'all that is not the host’s', 'vCPU 0: 0-7 → 1-3,5-7, vCPU 1: 0-7 → 1-3,5-7'],
  ])('%s gives %s', async (policy, _, pinned) => {
    const { changes } = await plan({ guests: 'all', policy }, { web1: guest('web1') });

    expect(changes.map(({ summary }) => summary)).toEqual([
      `web1: ${pinned}, IO thread 1: 0-7 → 0,4, emulator: 0-7 → 0,4`,
    ]);
  });

  it('leaves guests that it is not about where they are, and their CPUs to them', async () => {
    const { changes, notes } = await plan(
      { guests: 'web1', policy: 'cache' },
      { db: guest('db', pins('1', '5')), old: guest('old'), web1: guest('web1') },
    );

    expect(changes.map(({ summary }) => summary)).toEqual([expect.stringMatching(/^web1: .*→ 2, vCPU 1: 0-7 → 6/)]);
    expect(notes?.join()).not.toContain('old');
  });

  it('needs one look at the host', async () => {
    const files = { ...cpus, '/etc/libvirt/qemu/web1.xml': guest('web1') };
    const host = fakeHost({ files, commands: FAKE_COMMANDS });

    await openEyes(host, makeOverlay()).see(cpu_pin, cpu_pin.params.parse({ guests: 'all', policy: 'cache' }));

    expect(host.roundTrips).toBe(1);
  });

  it('tells of running guests that may be anywhere', async () => {
    const { notes } = await plan(
      { guests: 'web1', policy: 'cache' },
      { web1: guest('web1') },
      {
        '/run/libvirt/qemu/old.xml': guest('old').replace("type='kvm'", "type='kvm' id='7'"),
      },
    );

    expect(notes).toContainEqual('not pinned to a node, so that they may run on any CPU: old');
  });

  it('keeps a guest that is well placed where it is', async () => {
    const { changes } = await plan(
      { guests: 'all', policy: 'cache', emulator: '0' },
      { web1: guest('web1', pins('7', '3')) },
    );

    expect(changes.map(({ summary }) => summary)).toEqual(['web1: IO thread 1: 0-7 → 0,4, emulator: 0-7 → 0']);
  });

  it('takes the guests’ CPUs from host_reserve', async () => {
    const { changes } = await plan(
      { guests: 'all', policy: 'node' },
      { web1: guest('web1') },
      {
        '/etc/kvmplay/host_reserve': 'host=0-5\nguests=6-7\n',
      },
    );

    expect(changes[0]?.summary).toContain('vCPU 0: 0-7 → 6-7');
    expect(changes[0]?.summary).toContain('emulator: 0-7 → 0-5');
  });

  it('says what is missing where there is no place', async () => {
    const big = { '/etc/libvirt/qemu/web1.xml': guest('web1').replace('>2</vcpu>', '>7</vcpu>') };

    expect(await problemOn(cpu_pin, { guests: 'all', policy: 'cache' }, { ...cpus, ...big })).toMatch(
      /^NoPlace: no place for web1 \(.*7.*6/,
    );
  });
});
