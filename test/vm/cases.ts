/** What a module is asked to make so on the emulated host, and how the host itself shows that it is so. */
interface Case {
  readonly name: string;
  /** What has to be so on the machine for the module to have something to tune; done after each boot. */
  readonly prepare?: string;
  /** What has to be over before anybody changes things by hand: what the host does by itself for a while after a boot. */
  readonly settle?: string;
  readonly tasks: readonly object[];
  /** Commands of the system's own and what each prints when all is as asked, also after a reboot. */
  readonly proof: Readonly<Record<string, string>>;
  /** Somebody's change by hand, and the target that an audit has to name for it. */
  readonly drift: { readonly command: string; readonly target: string };
}

const ALL: readonly Case[] = [
  {
    name: 'sysctl',
    tasks: [
      {
        sysctl: {
          preset: 'realtime-host',
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
      'sysctl -n vm.stat_interval kernel.nmi_watchdog kernel.timer_migration kernel.sched_rt_runtime_us':
        '10\n0\n0\n-1',
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
  {
    name: 'zswap',
    tasks: [{ zswap: { enabled: true, compressor: 'zstd', zpool: 'zsmalloc', max_pool_percent: 30 } }],
    proof: {
      'cd /sys/module/zswap/parameters; grep . enabled compressor zpool max_pool_percent':
        'enabled:Y\ncompressor:zstd\nzpool:zsmalloc\nmax_pool_percent:30',
    },
    drift: {
      command: 'echo N >/sys/module/zswap/parameters/enabled',
      target: '/sys/module/zswap/parameters/enabled',
    },
  },
  {
    name: 'hugepages',
    tasks: [{ hugepages: { nodes: { 0: 40, 1: 24 }, overcommit: 8, mount: '/dev/hugepages-guests' } }],
    proof: {
      'cat /sys/devices/system/node/node[01]/hugepages/hugepages-2048kB/nr_hugepages': '40\n24',
      'sysctl -n vm.nr_overcommit_hugepages': '8',
      'findmnt -no FSTYPE,OPTIONS /dev/hugepages-guests | tr -s " "': 'hugetlbfs rw,relatime,pagesize=2M',
      'grep -E "^HugePages_(Total|Rsvd)" /proc/meminfo | tr -s " "': 'HugePages_Total: 64\nHugePages_Rsvd: 0',
    },
    drift: {
      command: 'echo 10 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages',
      target: '/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages',
    },
  },
  {
    name: 'io_scheduler',
    tasks: [
      { io_scheduler: { class: 'rotational', scheduler: 'bfq', tunables: { slice_idle: 0 }, read_ahead_kb: 1024 } },
      { io_scheduler: { devices: 'nvme*', scheduler: 'kyber', rq_affinity: 2 } },
      { io_scheduler: { devices: 'vdb', scheduler: 'none', nr_requests: 64 } },
    ],
    proof: {
      'for disk in /dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_HDD0001 /dev/nvme0n1 /dev/vdb; do lsblk -dno SCHED $disk; done | tr -d " "':
        'bfq\nkyber\nnone',
      'disk=$(readlink -f /dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_HDD0001); cat /sys/block/${disk##*/}/queue/iosched/slice_idle':
        '0',
      'blockdev --getra /dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_HDD0001': '2048',
      'cat /sys/block/nvme0n1/queue/rq_affinity /sys/block/vdb/queue/nr_requests': '2\n64',
    },
    drift: {
      command: 'echo mq-deadline >/sys/block/nvme0n1/queue/scheduler',
      target: '/sys/block/nvme0n1/queue/scheduler',
    },
  },
  {
    name: 'vhost_net',
    tasks: [{ vhost_net: { group: 'kvm', mode: '0660' } }],
    proof: {
      'lsmod | grep -c ^vhost_net': '1',
      'stat -c %U:%G:%a /dev/vhost-net': 'root:kvm:660',
    },
    drift: { command: 'chmod 600 /dev/vhost-net', target: '/dev/vhost-net' },
  },
  {
    name: 'kvm_module',
    prepare: 'modprobe kvm',
    tasks: [{ kvm_module: { kvm: { halt_poll_ns: 50000 } } }],
    proof: {
      'cat /sys/module/kvm/parameters/halt_poll_ns': '50000',
      'modprobe -c | grep "^options kvm "': 'options kvm halt_poll_ns=50000',
    },
    drift: {
      command: 'echo 200000 >/sys/module/kvm/parameters/halt_poll_ns',
      target: '/sys/module/kvm/parameters/halt_poll_ns',
    },
  },
  {
    name: 'irq_affinity',
    // It tries a while for NICs that are down, or that have more interrupts than they request.
    settle: 'until systemctl show -p SubState kvmplay-irq_affinity | grep -q exited; do sleep 1; done',
    tasks: [
      { host_reserve: { cpus: '0-1,4-5' } },
      { irq_affinity: { devices: 'en*', xps_cpus: 'cpus', default_smp_affinity: true } },
    ],
    proof: {
      // One NIC on each node, and one on none.
      'for name in /proc/irq/*/{ens1,enp65s0}-rxtx-[0-3] /proc/irq/*/virtio*-{in,out}put.0; do echo $(basename $name) $(cat $name/../smp_affinity_list); done | sort':
        [
          ...[0, 1, 2, 3].map((queue) => `enp65s0-rxtx-${queue} ${[4, 5][queue % 2]}`),
          ...[0, 1, 2, 3].map((queue) => `ens1-rxtx-${queue} ${[1, 0][queue % 2]}`),
          'virtio1-input.0 1',
          'virtio1-output.0 1',
        ].join('\n'),
      'cat /sys/class/net/ens1/queues/tx-[01]/xps_cpus': '02\n01',
      'cat /proc/irq/default_smp_affinity': '33',
      'systemctl is-enabled kvmplay-irq_affinity; systemctl is-active kvmplay-irq_affinity': 'enabled\nactive',
    },
    drift: { command: 'echo ff >/proc/irq/default_smp_affinity', target: '/proc/irq/default_smp_affinity' },
  },
  {
    name: 'cpu_isolation',
    // The very CPUs that host_reserve is told above: who contradicts it fails before anything is done.
    tasks: [{ cpu_isolation: { host: '0-1,4-5', guests: '2-3,6-7', workqueues: true } }],
    proof: {
      'for unit in system.slice user.slice init.scope machine.slice; do systemctl show --value -p AllowedCPUs $unit; done | tr " " ,':
        '0-1,4-5\n0-1,4-5\n0-1,4-5\n2-3,6-7',
      'grep Cpus_allowed_list /proc/1/status /proc/self/status | cut -f2': '0-1,4-5\n0-1,4-5',
      'cat /sys/devices/virtual/workqueue/cpumask': '33',
    },
    drift: {
      command: 'echo 0-7 >/sys/fs/cgroup/system.slice/cpuset.cpus',
      target: '/sys/fs/cgroup/system.slice/cpuset.cpus',
    },
  },
  {
    // No virtual machine sets clocks. How deep a CPU may sleep, it takes.
    name: 'cpu_power',
    tasks: [{ cpu_power: { cpus: '2-3', resume_latency: 20 } }],
    proof: {
      'cat /sys/devices/system/cpu/cpu[1-4]/power/pm_qos_resume_latency_us': '0\n20\n20\n0',
    },
    drift: {
      command: 'echo 0 >/sys/devices/system/cpu/cpu3/power/pm_qos_resume_latency_us',
      target: '/sys/devices/system/cpu/cpu3/power/pm_qos_resume_latency_us',
    },
  },
];

/** All of them, or those that KVMPLAY_CASES names, with commas between: for whoever works on one. */
export const CASES = ALL.filter(({ name }) => process.env.KVMPLAY_CASES?.split(',').includes(name) ?? true);
