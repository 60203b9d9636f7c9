/** What a module is asked to make so on the emulated host, and how the host itself shows that it is so. */
interface Case {
  readonly name: string;
  readonly tasks: readonly object[];
  /** Commands of the system's own and what each prints when all is as asked, also after a reboot. */
  readonly proof: Readonly<Record<string, string>>;
  /** Somebody's change by hand, and the target that an audit has to name for it. */
  readonly drift: { readonly command: string; readonly target: string };
}

export const CASES: readonly Case[] = [
  {
    name: 'sysctl',
    tasks: [
      {
        sysctl: {
          values: {
            'vm.swappiness': 10,
            'vm.dirty_background_ratio': 5,
            'kernel.numa_balancing': 0,
            'net.ipv4.tcp_rmem': '4096 87380 4194304',
          },
        },
      },
      { sysctl: { name: 'net.ipv4.conf.enp0s4.rp_filter', value: 2 } },
    ],
    proof: {
      'sysctl -n vm.swappiness': '10',
      'sysctl -n vm.dirty_background_ratio vm.dirty_background_bytes': '5\n0',
      'sysctl -n kernel.numa_balancing': '0',
      'sysctl -n net.ipv4.tcp_rmem': '4096\t87380\t4194304',
      'sysctl -n net.ipv4.conf.enp0s4.rp_filter': '2',
      'stat -c %U:%G:%a /etc/sysctl.d/90-kvmplay.conf': 'root:root:644',
    },
    drift: { command: 'sysctl -w vm.swappiness=60', target: '/proc/sys/vm/swappiness' },
  },
  {
    name: 'ksm',
    tasks: [{ ksm: { state: 'on', merge_across_nodes: false, pages_to_scan: 200, sleep_millisecs: 500 } }],
    proof: {
      'grep -H "" /sys/kernel/mm/ksm/{run,merge_across_nodes,pages_to_scan,sleep_millisecs} | sed s:.*/::':
        'run:1\nmerge_across_nodes:0\npages_to_scan:200\nsleep_millisecs:500',
    },
    drift: { command: 'echo 20 >/sys/kernel/mm/ksm/sleep_millisecs', target: '/sys/kernel/mm/ksm/sleep_millisecs' },
  },
  {
    name: 'thp',
    tasks: [{ thp: { enabled: 'madvise', defrag: 'defer+madvise', khugepaged: { pages_to_scan: 1024 } } }],
    proof: {
      'cat /sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never',
      'cat /sys/kernel/mm/transparent_hugepage/defrag': 'always defer [defer+madvise] madvise never',
      'cat /sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan': '1024',
    },
    drift: {
      command: 'echo never >/sys/kernel/mm/transparent_hugepage/enabled',
      target: '/sys/kernel/mm/transparent_hugepage/enabled',
    },
  },
];
