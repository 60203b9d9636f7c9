/** A machine that qemu can emulate here, described as an operator would. */
interface Machine {
  /** Only `amd` has /dev/kvm inside, only `intel` has threads: TCG has no machine with both. */
  readonly vendor: 'amd' | 'intel';
  readonly sockets: number;
  readonly dies: number;
  readonly cores: number;
  readonly threads: number;
  readonly nodes: number;
  readonly nodeMemoryMiB: number;
}

const MACHINES = {
  /** Threads, two nodes, quick to boot: what the tests use unless they need more. */
  '2s2n': { vendor: 'intel', sockets: 2, dies: 1, cores: 2, threads: 2, nodes: 2, nodeMemoryMiB: 2048 },
  /** The same with twice the cores, for a picture that looks like a hypervisor. */
  '2s2n-16': { vendor: 'intel', sockets: 2, dies: 1, cores: 4, threads: 2, nodes: 2, nodeMemoryMiB: 2048 },
  /** Sub-NUMA clustering: two dies to a socket, each a node with an L3 of its own. */
  '2s4n-16': { vendor: 'intel', sockets: 2, dies: 2, cores: 2, threads: 2, nodes: 4, nodeMemoryMiB: 1024 },
  /** No threads, but guests under KVM: kvm and kvm_amd are loaded. */
  '2s2n-amd': { vendor: 'amd', sockets: 2, dies: 1, cores: 4, threads: 1, nodes: 2, nodeMemoryMiB: 2048 },
} as const satisfies Record<string, Machine>;

export type MachineName = keyof typeof MACHINES;
export const MACHINE_NAMES = Object.keys(MACHINES) as readonly MachineName[];

/** Instructions that the kernel and libc take for quick ones, and that TCG does byte by byte. */
const SLOW_HERE = '-erms,-fsrm,-avx,-avx2';

/** CPUs, memory and nodes as qemu arguments. Nodes of one socket are 12 apart, of two 21. */
export function machineArguments(name: MachineName): string[] {
  const { vendor, sockets, dies, cores, threads, nodes, nodeMemoryMiB } = MACHINES[name];
  const cpus = sockets * dies * cores * threads;
  const perNode = cpus / nodes;
  const argv = ['-machine', 'q35', '-accel', 'tcg,thread=multi', '-m', `${nodes * nodeMemoryMiB}M`];
  argv.push('-cpu', `max,${SLOW_HERE}${vendor === 'intel' ? ',vendor=GenuineIntel' : ''}`);
  argv.push('-smp', `${cpus},sockets=${sockets},dies=${dies},cores=${cores},threads=${threads}`);
  for (let node = 0; node < nodes; node++) {
    argv.push('-object', `memory-backend-ram,id=m${node},size=${nodeMemoryMiB}M`);
    argv.push('-numa', `node,nodeid=${node},cpus=${node * perNode}-${(node + 1) * perNode - 1},memdev=m${node}`);
  }
  for (let from = 0; from < nodes; from++)
    for (let to = from + 1; to < nodes; to++) {
      const sameSocket = Math.floor((from * sockets) / nodes) === Math.floor((to * sockets) / nodes);
      argv.push('-numa', `dist,src=${from},dst=${to},val=${sameSocket ? 12 : 21}`);
    }
  return argv;
}

/** Sizes of the disks beside the root disk, by the file that holds each. */
export const DISKS = { 'nvme.raw': 1 << 30, 'hdd.raw': 1 << 30, 'ssd.raw': 1 << 30, 'virtio.raw': 1 << 30 } as const;

/**
 * Disks of every class (managed and unmanaged queues, rotational and not) and NICs with one and with many queues, half
 * of them on the last node. vmxnet3 is the one NIC to have many queues without a tap device, so without root.
 */
export function deviceArguments(name: MachineName, directory: string): string[] {
  const last = MACHINES[name].nodes - 1;
  const drive = (id: string, file: string) => ['-drive', `if=none,id=${id},file=${directory}/${file},format=raw`];
  const device = (...of: string[]) => ['-device', of.join(',')];
  return [
    ...device('pxb-pcie', 'id=far', 'bus=pcie.0', 'bus_nr=64', `numa_node=${last}`, 'addr=0x18'),
    ...device('pcie-root-port', 'id=far0', 'bus=far', 'chassis=1', 'slot=1'),
    ...device('pcie-root-port', 'id=far1', 'bus=far', 'chassis=2', 'slot=2'),
    ...device('pxb-pcie', 'id=near', 'bus=pcie.0', 'bus_nr=32', 'numa_node=0', 'addr=0x19'),
    ...device('pcie-root-port', 'id=near0', 'bus=near', 'chassis=3', 'slot=1'),

    ...drive('nvme', 'nvme.raw'),
    ...device('nvme', 'serial=NVME0001', 'drive=nvme', 'max_ioqpairs=8', 'bus=far1'),
    ...device('virtio-scsi-pci', 'num_queues=2', 'bus=pcie.0', 'addr=0x11'),
    ...drive('hdd', 'hdd.raw'),
    ...device('scsi-hd', 'drive=hdd', 'serial=HDD0001', 'rotation_rate=7200'),
    ...drive('ssd', 'ssd.raw'),
    ...device('scsi-hd', 'drive=ssd', 'serial=SSD0001', 'rotation_rate=1'),
    ...drive('virtio', 'virtio.raw'),
    ...device('virtio-blk-pci', 'drive=virtio', 'serial=VIRTIO0001', 'num-queues=2', 'bus=pcie.0', 'addr=0x12'),

    ...['-netdev', 'user,id=n1,restrict=on'],
    ...device('vmxnet3', 'netdev=n1', 'mac=52:54:00:00:00:02', 'bus=near0'),
    ...['-netdev', 'user,id=n2,restrict=on'],
    ...device('vmxnet3', 'netdev=n2', 'mac=52:54:00:00:00:03', 'bus=far0'),
    ...['-netdev', 'user,id=n3,restrict=on'],
    ...device('e1000e', 'netdev=n3', 'mac=52:54:00:00:00:04', 'bus=pcie.0', 'addr=0x13'),
  ];
}
