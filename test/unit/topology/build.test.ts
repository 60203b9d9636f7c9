import { describe, expect, it } from 'vitest';
import { formatCpuSet } from '../../../src/contract/index.ts';
import { buildTopology, deviceProbes, topologyProbes } from '../../../src/topology/index.ts';
import { topologyJson } from '../../../src/topology/json.ts';
import { see } from '../../support/see.ts';

const CPU = '/sys/devices/system/cpu';
const NODE = '/sys/devices/system/node';

const topologyOf = (files: Readonly<Record<string, string>>) =>
  buildTopology(see(files, { ...topologyProbes(), ...deviceProbes() }));

/** `count` CPUs in the kernel's words, each with these files below its folder. */
function cpus(count: number, files: (cpu: number) => Readonly<Record<string, string>>): Record<string, string> {
  const all = Array.from({ length: count }, (_, cpu) =>
    Object.entries(files(cpu)).map(([name, content]) => [`${CPU}/cpu${cpu}/${name}`, `${content}\n`]),
  );
  return { [`${CPU}/online`]: `0-${count - 1}\n`, ...Object.fromEntries(all.flat()) };
}

const lists = (groups: readonly { readonly cpus: readonly number[] }[]) =>
  groups.map(({ cpus: set }) => formatCpuSet(set));

describe('a topology out of readings', () => {
  it('takes siblings for cores though core ids repeat in every package', () => {
    const { cores, sockets } = topologyOf(
      cpus(8, (cpu) => ({
        'topology/core_id': String(cpu % 2),
        'topology/physical_package_id': String(Math.floor(cpu / 2) % 2),
        'topology/thread_siblings_list': `${cpu % 4},${(cpu % 4) + 4}`,
        'topology/core_siblings_list': cpu % 4 < 2 ? '0-1,4-5' : '2-3,6-7',
      })),
    );

    expect(lists(cores)).toEqual(['0,4', '1,5', '2,6', '3,7']);
    expect(lists(sockets)).toEqual(['0-1,4-5', '2-3,6-7']);
  });

  it('reads masks as kernels of 2006 wrote them, with a NUL behind the line', () => {
    const { cores, caches, nodes } = topologyOf({
      ...cpus(2, () => ({
        'topology/thread_siblings': '00000000,00000003\n\0',
        'cache/index0/level': '1',
        'cache/index0/type': 'Data',
        'cache/index0/shared_cpu_map': '00000000,00000003\n\0',
      })),
      [`${NODE}/node0/cpumap`]: '00000000,00000003\n\0',
      [`${NODE}/node1/cpumap`]: '\0',
    });

    expect([lists(cores), lists(caches), lists(nodes)]).toEqual([['0-1'], ['0-1'], ['0-1', '']]);
  });

  it('takes for online what has a folder, where a capture was cut down and its lists were not', () => {
    const topology = topologyOf({
      ...cpus(4, (cpu) => ({ 'topology/physical_package_id': cpu < 2 ? '36' : '3180' })),
      [`${CPU}/online`]: '0-223\n',
      [`${CPU}/present`]: '0-223\n',
    });

    expect(topology.cpus).toMatchObject({ online: [0, 1, 2, 3], offline: [] });
    expect(topology.sockets).toEqual([
      { id: 36, cpus: [0, 1] },
      { id: 3180, cpus: [2, 3] },
    ]);
  });

  it('counts packages without a number of their own from 0', () => {
    const { sockets } = topologyOf(
      cpus(4, (cpu) => ({
        'topology/physical_package_id': '-1',
        'topology/core_siblings': cpu < 2 ? '00000003' : '0000000c',
      })),
    );

    expect(sockets).toEqual([
      { id: 0, cpus: [0, 1] },
      { id: 1, cpus: [2, 3] },
    ]);
  });

  it('cuts an L3 that spans two nodes into two LLC domains, and still shows one L3', () => {
    const topology = topologyOf({
      ...cpus(4, () => ({
        'cache/index3/level': '3',
        'cache/index3/shared_cpu_list': '0-3',
        'cache/index3/size': '32M',
      })),
      [`${NODE}/node0/cpulist`]: '0-1\n',
      [`${NODE}/node1/cpulist`]: '2-3\n',
    });

    expect(topologyJson(topology).l3).toEqual([{ cpus: '0-3', size_kib: 32768 }]);
    expect(topology.llcs).toEqual([
      { cpus: [0, 1], node: 0, shares: 'l3' },
      { cpus: [2, 3], node: 1, shares: 'l3' },
    ]);
  });

  it('gives a CPU that two nodes claim to the first, and to one LLC domain', () => {
    const { llcs } = topologyOf({
      ...cpus(4, () => ({})),
      [`${NODE}/node0/cpulist`]: '0-1\n',
      [`${NODE}/node1/cpulist`]: '0-3\n',
    });

    expect(llcs).toEqual([
      { cpus: [0, 1], node: 0, shares: 'node' },
      { cpus: [2, 3], node: 1, shares: 'node' },
    ]);
  });

  it('trusts sharing sets, not cache ids', () => {
    const { llcs } = topologyOf(
      cpus(4, (cpu) => ({
        'cache/index3/level': '3',
        'cache/index3/id': String(cpu),
        'cache/index3/shared_cpu_list': '0-3',
      })),
    );

    expect(lists(llcs)).toEqual(['0-3']);
  });

  it.each([
    ['clusters of several cores', { cluster: '0-1', l2: '0' }, 'cluster', ['0-1', '2-3']],
    ['an L2 of several cores, where clusters are cores', { cluster: '0', l2: '0-1' }, 'l2', ['0-1', '2-3']],
    ['the node, where nothing else is shared', { cluster: '0', l2: '0' }, 'node', ['0-3']],
  ])('takes %s for the LLC domain where there is no L3', (_, shared, shares, expected) => {
    const move = (list: string, cpu: number) => (list === '0' ? String(cpu) : cpu < 2 ? '0-1' : '2-3');
    const { llcs } = topologyOf(
      cpus(4, (cpu) => ({
        'topology/cluster_cpus_list': move(shared.cluster, cpu),
        'cache/index2/level': '2',
        'cache/index2/shared_cpu_list': move(shared.l2, cpu),
      })),
    );

    expect(lists(llcs)).toEqual(expected);
    expect(llcs[0]?.shares).toBe(shares);
  });

  it('does not let a node without caches reach across sockets', () => {
    const { llcs } = topologyOf(cpus(4, (cpu) => ({ 'topology/core_siblings_list': cpu < 2 ? '0-1' : '2-3' })));

    expect(lists(llcs)).toEqual(['0-1', '2-3']);
  });

  it('knows what is offline from the switches where the kernel writes no list', () => {
    const { cpus: found } = topologyOf({
      [`${CPU}/cpu0/topology/core_id`]: '0\n',
      [`${CPU}/cpu1/online`]: '0\n',
      [`${CPU}/cpu2/online`]: '1\n',
    });

    expect(found).toMatchObject({ online: [0, 2], offline: [1] });
  });

  it.each([
    ['(null)\n', '  (null)\n', '', ['', '']],
    ['2-3\n', '3\n', '', ['2-3', '3']],
    [undefined, undefined, 'ro isolcpus=managed_irq,domain,1,3 nohz_full=2-3', ['1,3', '2-3']],
    [undefined, undefined, 'isolcpus=managed_irq,2-3', ['', '']],
    [undefined, undefined, 'isolcpus=1', ['1', '']],
    ['\0\n', '\0\n', '', ['', '']],
  ])('reads isolated %j and nohz_full %j, booted with %j', (isolated, tickless, cmdline, expected) => {
    const { cpus: found } = topologyOf({
      [`${CPU}/online`]: '0-3\n',
      '/proc/cmdline': `${cmdline}\n`,
      ...(isolated !== undefined && { [`${CPU}/isolated`]: isolated }),
      ...(tickless !== undefined && { [`${CPU}/nohz_full`]: tickless }),
    });

    expect([formatCpuSet(found.isolated), formatCpuSet(found.tickless)]).toEqual(expected);
  });

  it('puts the fast cores of a hybrid processor first, on Intel and on ARM', () => {
    const intel = topologyOf({
      [`${CPU}/online`]: '0-3\n',
      '/sys/devices/cpu_atom/cpus': '2-3\n',
      '/sys/devices/cpu_core/cpus': '0-1\n',
    });
    const arm = topologyOf(cpus(4, (cpu) => ({ cpu_capacity: cpu < 2 ? '446' : '1024' })));

    expect(intel.kinds.map(({ name }) => name)).toEqual(['cpu_core', 'cpu_atom']);
    expect(arm.kinds).toEqual([
      { name: 'capacity 1024', cpus: [2, 3] },
      { name: 'capacity 446', cpus: [0, 1] },
    ]);
  });

  it('keeps nodes without CPUs and nodes without memory', () => {
    const { nodes } = topologyOf({
      [`${CPU}/online`]: '0-1\n',
      [`${NODE}/node0/cpulist`]: '0-1\n',
      [`${NODE}/node0/distance`]: '10 20\n',
      [`${NODE}/node0/meminfo`]: 'Node 0 MemTotal:       0 kB\nNode 0 MemFree:        0 kB\n',
      [`${NODE}/node2/cpulist`]: '\n',
      [`${NODE}/node2/distance`]: '20 10\n',
      [`${NODE}/node2/meminfo`]: 'Node 2 MemTotal: 1048576 kB\nNode 2 MemFree: 524288 kB\n',
      [`${NODE}/node2/hugepages/hugepages-2048kB/nr_hugepages`]: '40\n',
      [`${NODE}/node2/hugepages/hugepages-2048kB/free_hugepages`]: '30\n',
      [`${NODE}/node2/hugepages/hugepages-2048kB/surplus_hugepages`]: '0\n',
    });

    expect(nodes).toEqual([
      { id: 0, cpus: [0, 1], memoryKib: 0, freeKib: 0, distances: [10, 20], hugepages: {} },
      {
        id: 2,
        cpus: [],
        memoryKib: 1048576,
        freeKib: 524288,
        distances: [20, 10],
        hugepages: { 2048: { total: 40, free: 30, surplus: 0 } },
      },
    ]);
  });

  it('makes one node of a kernel that knows of none', () => {
    const { nodes } = topologyOf({
      [`${CPU}/online`]: '0-1\n',
      '/proc/meminfo': 'MemTotal:        2048 kB\nMemFree:         1024 kB\n',
      '/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '3\n',
    });

    expect(nodes).toEqual([
      {
        id: 0,
        cpus: [0, 1],
        memoryKib: 2048,
        freeKib: 1024,
        distances: [10],
        hugepages: { 1048576: { total: 3, free: 0, surplus: 0 } },
      },
    ]);
  });

  it('finds the node and the interrupts of a PCI NIC and of a virtio NIC, and none for a bridge', () => {
    const { nics } = topologyOf({
      [`${CPU}/online`]: '0\n',
      '/sys/class/net/eth10/../../uevent': 'DRIVER=ixgbe\nPCI_SLOT_NAME=0000:60:00.0\n',
      '/sys/class/net/eth10/../../numa_node': '1\n',
      '/sys/class/net/eth10/../../msi_irqs/40': 'msix\n',
      '/sys/class/net/eth10/../../msi_irqs/41': 'msix\n',
      '/sys/class/net/eth10/../../../msi_irqs/24': 'msi\n',
      '/sys/class/net/eth10/../../../numa_node': '0\n',
      '/sys/class/net/eth9/../../uevent': 'DRIVER=virtio_net\nMODALIAS=virtio:d00000001v00001AF4\n',
      '/sys/class/net/eth9/../../../numa_node': '-1\n',
      '/sys/class/net/eth9/../../../msi_irqs/30': 'msix\n',
      '/sys/class/net/br0/operstate': 'up\n',
    });

    expect(nics).toEqual([
      { name: 'eth9', node: undefined, irqs: [30], driver: 'virtio_net' },
      { name: 'eth10', node: 1, irqs: [40, 41], driver: 'ixgbe' },
    ]);
  });

  it('says where interrupts may go, do go, and how often they came', () => {
    const { interrupts } = topologyOf({
      [`${CPU}/online`]: '0,2\n',
      '/proc/interrupts': [
        '            CPU0       CPU2       ',
        '  0:         18          0  IR-IO-APIC   2-edge      timer',
        ' 16:          1          7  IR-IO-APIC-fasteoi   ehci_hcd:usb1, mmc0',
        ' 40:          0          0  PCI-MSI 524288-edge      virtio0-input.0',
        'NMI:         47       5031   Non-maskable interrupts',
        'ERR:          0',
      ].join('\n'),
      '/proc/irq/16/smp_affinity_list': '0,2\n',
      '/proc/irq/16/effective_affinity_list': '2\n',
      '/proc/irq/40/smp_affinity_list': '2\n',
      '/proc/irq/40/effective_affinity_list': '\n',
    });

    expect(interrupts).toEqual([
      { irq: 0, name: 'timer', allowed: [], effective: [], counts: new Map([[0, 18]]) },
      {
        irq: 16,
        name: 'ehci_hcd:usb1, mmc0',
        allowed: [0, 2],
        effective: [2],
        counts: new Map([
          [0, 1],
          [2, 7],
        ]),
      },
      { irq: 40, name: 'virtio0-input.0', allowed: [2], effective: [2], counts: new Map() },
    ]);
  });

  it('says so where there is nothing to see', () => {
    expect(() => topologyOf({})).toThrow('no CPU is to be seen in /sys/devices/system/cpu');
  });
});
