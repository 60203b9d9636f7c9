import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/engine/events.ts';
import { FAKE_COMMANDS } from '../support/fake-commands.ts';
import { fakeHost } from '../support/fake-host.ts';
import { play } from './play.ts';

const CPU = '/sys/devices/system/cpu';
const NODE = '/sys/devices/system/node/node';

/** Two sockets, each a node of two cores with two threads and 4 GiB; no huge page is reserved, or what is given. */
function twoNodes(pages: readonly [number, number] = [0, 0], more: Record<string, string> = {}) {
  const pool = (dir: string, nr: number) =>
    Object.entries({ nr, free: nr, surplus: 0, resv: 0 }).map(([name, n]) => [
      `${dir}/hugepages-2048kB/${name}_hugepages`,
      `${n}\n`,
    ]);
  const cpus = Array.from({ length: 8 }, (_, cpu) => cpu);
  const ofNode = (cpu: number) => (cpu < 4 ? '0-3\n' : '4-7\n');
  return {
    [`${CPU}/online`]: '0-7\n',
    [`${CPU}/present`]: '0-7\n',
    ...Object.fromEntries(
      cpus.flatMap((cpu) => [
        [
          `${CPU}/cpu${cpu}/topology/thread_siblings_list`,
          cpu % 2 === 0 ? `${cpu}-${cpu + 1}\n` : `${cpu - 1}-${cpu}\n`,
        ],
        [`${CPU}/cpu${cpu}/topology/package_cpus_list`, ofNode(cpu)],
        [`${CPU}/cpu${cpu}/cache/index3/level`, '3\n'],
        [`${CPU}/cpu${cpu}/cache/index3/type`, 'Unified\n'],
        [`${CPU}/cpu${cpu}/cache/index3/size`, '16384K\n'],
        [`${CPU}/cpu${cpu}/cache/index3/shared_cpu_list`, ofNode(cpu)],
      ]),
    ),
    ...Object.fromEntries(pool('/sys/kernel/mm/hugepages', pages[0] + pages[1])),
    ...Object.fromEntries(
      [0, 1].flatMap((node) => [
        [`${NODE}${node}/cpulist`, ofNode(node * 4)],
        [`${NODE}${node}/distance`, node === 0 ? '10 21\n' : '21 10\n'],
        [
          `${NODE}${node}/meminfo`,
          `Node ${node} MemTotal:        4194304 kB\nNode ${node} MemFree:         4000000 kB\n`,
        ],
        ...pool(`${NODE}${node}/hugepages`, pages[node] ?? 0),
      ]),
    ),
    '/proc/sys/vm/compact_memory': '0\n',
    '/proc/buddyinfo': [0, 1].map((node) => `Node ${node}, zone Normal 0 0 0 0 0 0 0 0 0 0 900\n`).join(''),
    ...more,
  };
}

const guest = (name: string, mib: number) => ({
  [`/etc/libvirt/qemu/${name}.xml`]: `<domain type='kvm'>
  <name>${name}</name>
  <uuid>00000000-0000-4000-8000-${name.padEnd(12, '0').replaceAll(/[^0-9a-f]/g, 'a')}</uuid>
  <memory unit='KiB'>${mib * 1024}</memory>
  <currentMemory unit='KiB'>${mib * 1024}</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
  </os>
</domain>
`,
});

const TASKS = [
  { hugepages: { nodes: { 0: 520, 1: 1100 } } },
  { memory_backing: { guests: 'all', hugepages: '2M' } },
  { cpu_pin: { guests: 'all', policy: 'cache' } },
  { numatune: { guests: 'all', mode: 'strict', nodeset: 'auto' } },
];

const told = (results: readonly Result[]) =>
  results.map(({ status, changes }) => [status, changes.map(({ plane, target, after }) => [plane, target, after])]);

describe('a check of tasks that build on each other', () => {
  it.each([
    ['of a fresh host', twoNodes()],
    ['where pages grow on one node and shrink on the other', twoNodes([900, 100])],
  ])('says where guests will be once their huge pages are there, %s', async (_, files) => {
    // One fits into what node 0 will have, the other needs what node 1 will.
    const made = () =>
      fakeHost({ files: { ...files, ...guest('big', 2048), ...guest('small', 1024) }, commands: FAKE_COMMANDS });
    const yaml = JSON.stringify([{ hosts: 'all', tasks: TASKS }]);

    const checked = await play(yaml, { check: true, hosts: { h: made() } });
    const ran = await play(yaml, { hosts: { h: made() } });

    expect(told(checked.results)).toEqual(told(ran.results));
    expect(checked.results.map(({ status }) => status)).toEqual(TASKS.map(() => 'changed'));
    expect(JSON.stringify(told(ran.results))).toMatch(
      /big.*<vcpupin cpuset='4' vcpu='0'.*small.*<vcpupin cpuset='2' vcpu='0'/,
    );
  });

  it('knows that guests would not find their pages', async () => {
    const host = fakeHost({ files: { ...twoNodes([1100, 1100]), ...guest('big', 2048) }, commands: FAKE_COMMANDS });
    const less = [{ hugepages: { nodes: { 0: 100, 1: 100 } } }, ...TASKS.slice(1)];

    const { results } = await play(JSON.stringify([{ hosts: 'all', tasks: less }]), {
      check: true,
      hosts: { h: host },
    });

    expect(results.map(({ status, error }) => error?.code ?? status)).toEqual(['changed', 'changed', 'NoPlace']);
  });

  it.each([
    ['libvirtd is started', { service: { name: 'libvirtd', state: 'started' } }],
    ['virtqemud waits for who asks', { service: { name: 'virtqemud.socket', state: 'started', enabled: true } }],
  ])('does not know of guests before %s', async (_, start) => {
    const units = {
      '/usr/lib/systemd/system/libvirtd.service': '[Unit]\n',
      '/usr/lib/systemd/system/virtqemud.socket': '[Unit]\n',
    };
    const host = fakeHost({ files: { ...twoNodes(), ...units, ...guest('big', 1024) }, commands: FAKE_COMMANDS });
    const yaml = JSON.stringify([{ hosts: 'all', tasks: [start, TASKS[2]] }]);

    const { results } = await play(yaml, { check: true, hosts: { h: host } });

    expect(results.map(({ status }) => status)).toEqual(['changed', 'unknown']);
  });

  it('does not call a host one without guests to which a task would bring libvirt', async () => {
    const { virsh: _, ...others } = FAKE_COMMANDS;
    const host = fakeHost({
      files: { ...twoNodes(), '/usr/bin/apt-get': '', '/var/lib/dpkg/fake': 'numactl 2.0\n' },
      commands: others,
    });
    const yaml = JSON.stringify([
      { hosts: 'all', tasks: [TASKS[2], { package: { name: 'libvirt-daemon-system' } }, TASKS[2]] },
    ]);

    const { results } = await play(yaml, { check: true, hosts: { h: host } });

    expect(results.map(({ status }) => status)).toEqual(['skipped', 'changed', 'unknown']);
  });

  it('does not guess where the kernel will spread a total', async () => {
    const host = fakeHost({ files: { ...twoNodes(), ...guest('big', 2048) }, commands: FAKE_COMMANDS });
    const total = [{ hugepages: { total: 2200 } }, ...TASKS.slice(1, 3)];

    const { results } = await play(JSON.stringify([{ hosts: 'all', tasks: total }]), {
      check: true,
      hosts: { h: host },
    });

    expect(results.map(({ status }) => status)).toEqual(['changed', 'changed', 'unknown']);
  });
});
