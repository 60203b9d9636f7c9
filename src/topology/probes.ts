import { dir, file, glob, type Probes, reserveProbes, type Seen } from '../contract/index.ts';

const CPU = '/sys/devices/system/cpu';
const NODE = '/sys/devices/system/node';

/** How far above a disk's or a NIC's own folder the device with a node may be. */
export const DISK_DEPTHS = [1, 2, 3, 4, 5, 6] as const;
export const NIC_DEPTHS = [2, 3] as const;

export const above = (folder: string, depth: number): string => `${folder}${'/..'.repeat(depth)}`;

/**
 * Which CPUs there are, their cores and nodes, and where the NICs are: what modules ask that tune CPUs. Not what other tasks
 * of a play change, or check mode could not foretell the two of them.
 */
export function cpuProbes(): Probes {
  return {
    'topology.folders': dir(CPU),
    'topology.online': file(`${CPU}/online`),
    'topology.present': file(`${CPU}/present`),
    'topology.isolated': file(`${CPU}/isolated`),
    'topology.nohz_full': file(`${CPU}/nohz_full`),
    'topology.cmdline': file('/proc/cmdline'),
    'topology.switches': glob(`${CPU}/cpu[0-9]*/online`),
    'topology.lists': glob(`${CPU}/cpu[0-9]*/topology/*_list`),
    'topology.masks': glob(`${CPU}/cpu[0-9]*/topology/*_[cs]*s`),
    'topology.packages': glob(`${CPU}/cpu[0-9]*/topology/physical_package_id`),
    'topology.nodes': glob(`${NODE}/node[0-9]*/cpu[lm]*`),
    ...Object.fromEntries(
      NIC_DEPTHS.map((depth) => [`topology.nic_nodes_${depth}`, glob(`${above('/sys/class/net/*', depth)}/numa_node`)]),
    ),
  };
}

/** The same with caches, memory and kinds of cores: what the planner needs, in one round trip. */
export function topologyProbes(): Probes {
  return {
    ...cpuProbes(),
    'topology.smt': file(`${CPU}/smt/control`),
    'topology.capacities': glob(`${CPU}/cpu[0-9]*/cpu_capacity`),
    'topology.caches': glob(`${CPU}/cpu[0-9]*/cache/index[0-9]*/[lts]*`),
    'topology.kinds': glob('/sys/devices/cpu_*/cpus'),
    'topology.distances': glob(`${NODE}/node[0-9]*/distance`),
    'topology.node_memory': glob(`${NODE}/node[0-9]*/meminfo`),
    'topology.node_hugepages': glob(`${NODE}/node[0-9]*/hugepages/hugepages-*/[nfs]*_hugepages`),
    'topology.memory': file('/proc/meminfo'),
    'topology.hugepages': glob('/sys/kernel/mm/hugepages/hugepages-*/[nfs]*_hugepages'),
  };
}

/**
 * Interrupts by name, and which NIC has which. `/proc/interrupts` tells the names with a column for each CPU, megabytes on a
 * large host: it is read where the kernel, older than 4.9, tells them nowhere else.
 */
export function interruptProbes(seen: Seen): Probes {
  const isOld = seen.has('topology.irq_names') && seen.files('topology.irq_names').size === 0;
  return {
    'topology.irq_names': glob('/sys/kernel/irq/[0-9]*/actions'),
    ...(isOld && { 'topology.interrupts': file('/proc/interrupts') }),
    ...affinityProbes(),
  };
}

function affinityProbes(): Probes {
  return {
    'topology.irq_allowed': glob('/proc/irq/[0-9]*/smp_affinity_list'),
    'topology.nic_drivers': glob(`${above('/sys/class/net/*', 2)}/uevent`),
    ...Object.fromEntries(
      NIC_DEPTHS.map((depth) => [`topology.nic_irqs_${depth}`, glob(`${above('/sys/class/net/*', depth)}/msi_irqs/*`)]),
    ),
  };
}

/** What a picture of the host shows besides: its name, devices, interrupts, what is reserved and which guests run. */
export function deviceProbes(): Probes {
  return {
    ...reserveProbes,
    'topology.hostname': file('/etc/hostname'),
    'topology.cpuinfo': file('/proc/cpuinfo'),
    'topology.interrupts': file('/proc/interrupts'),
    ...affinityProbes(),
    'topology.irq_effective': glob('/proc/irq/[0-9]*/effective_affinity_list'),
    // libvirt keeps the state of each guest that runs here; only root may read it.
    'topology.guests': glob('/run/libvirt/qemu/*.xml'),
    'topology.guests_cpus': glob('/sys/fs/cgroup/machine.slice/cpuset.cpus.effective'),
    ...Object.fromEntries(
      DISK_DEPTHS.map((depth) => [`topology.disk_nodes_${depth}`, glob(`${above('/sys/block/*', depth)}/numa_node`)]),
    ),
  };
}
