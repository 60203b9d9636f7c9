import { cpuSet, formatCpuMask, formatCpuSet } from '../../src/contract/index.ts';
import type { Content } from './fake-files.ts';

export interface FakeNic {
  readonly name: string;
  readonly driver?: string;
  /** `virtio`: its interrupts are the PCI function's above it; `line`: no MSI, one interrupt by its name. */
  readonly kind?: 'pci' | 'virtio' | 'line';
  readonly node?: number;
  readonly queues?: number;
  readonly down?: boolean;
  /** What its driver calls the interrupt of a queue. */
  readonly names?: (queue: number) => readonly string[];
  /** It is a virtual function of this NIC. */
  readonly of?: string;
}

export interface IrqMachine {
  readonly cpus?: number;
  readonly nodes?: number;
  readonly offline?: readonly number[];
  readonly nics?: readonly FakeNic[];
  /** Interrupts of other devices, from number 20. */
  readonly others?: readonly string[];
  readonly old?: boolean;
  readonly more?: Readonly<Record<string, Content>>;
}

const CPU = '/sys/devices/system/cpu';

/** A host with interrupts as Linux shows them; those of its NICs begin with number 40, 20 for each. */
export function irqMachine(machine: IrqMachine): Record<string, Content> {
  const { cpus = 8, nodes = 2, offline = [], nics = [], others = [], more = {}, old = false } = machine;
  const all = cpuSet(Array.from({ length: cpus }, (_, cpu) => cpu));
  const online = all.filter((cpu) => !offline.includes(cpu));
  const files: Record<string, Content> = {
    [`${CPU}/online`]: `${formatCpuSet(online)}\n`,
    [`${CPU}/present`]: `${formatCpuSet(all)}\n`,
    '/sys/class/net/lo': { link: '../../devices/virtual/net/lo' },
    '/sys/devices/virtual/net/lo/flags': '0x9\n',
    '/proc/irq/default_smp_affinity': `${formatCpuMask(all)}\n`,
  };
  for (const cpu of online) files[`${CPU}/cpu${cpu}/topology/thread_siblings_list`] = `${cpu}\n`;
  for (let node = 0; node < nodes; node++) {
    const own = online.filter((cpu) => Math.floor((cpu * nodes) / cpus) === node);
    files[`/sys/devices/system/node/node${node}/cpulist`] = `${formatCpuSet(own)}\n`;
  }
  const lines: string[] = [];
  const request = (irq: number, name: string) => {
    lines.push(
      `${String(irq).padStart(4)}: ${online.map(() => '         1').join(' ')}  IR-PCI-MSI ${irq}-edge      ${name}`,
    );
    files[`/proc/irq/${irq}/smp_affinity_list`] = `${formatCpuSet(all)}\n`;
    files[`/proc/irq/${irq}/effective_affinity_list`] = '0\n';
    // Kernels before 4.9 do not tell.
    if (!old) files[`/sys/kernel/irq/${irq}/actions`] = `${name.replaceAll(', ', ',')}\n`;
  };
  others.forEach((name, at) => {
    request(20 + at, name);
  });
  nics.forEach((nic, at) => {
    const { name, driver = 'ixgbe', kind = 'pci', node = 0, queues = 2, down = false } = nic;
    const pci = `/sys/devices/pci0000:00/0000:00:${String(at + 3).padStart(2, '0')}.0`;
    const device = kind === 'virtio' ? `${pci}/virtio${at}` : pci;
    const named =
      nic.names ?? ((queue: number) => [kind === 'virtio' ? `virtio${at}-input.${queue}` : `${name}-TxRx-${queue}`]);
    files[`/sys/class/net/${name}`] = { link: `../../..${device}/net/${name}` };
    files[`${device}/net/${name}/flags`] = down ? '0x1002\n' : '0x1003\n';
    files[`${device}/uevent`] =
      kind === 'virtio' ? 'DRIVER=virtio_net\nMODALIAS=virtio:d00000001v00001AF4\n' : `DRIVER=${driver}\n`;
    files[`${pci}/numa_node`] = `${node}\n`;
    const names = kind === 'line' ? [name] : Array.from({ length: queues }, (_, queue) => named(queue)).flat();
    names.forEach((one, index) => {
      const irq = 40 + 20 * at + index;
      if (kind !== 'line') files[`${pci}/msi_irqs/${irq}`] = 'msix\n';
      if (!down) request(irq, one);
    });
    for (let queue = 0; queue < queues; queue++) {
      files[`${device}/net/${name}/queues/rx-${queue}/rps_cpus`] = `${formatCpuMask([])}\n`;
      files[`${device}/net/${name}/queues/tx-${queue}/xps_cpus`] = `${formatCpuMask(all)}\n`;
    }
    if (nic.of) {
      files[`${device}/net/${name}/device`] = { link: `../../../${pci.slice(pci.lastIndexOf('/') + 1)}` };
      const physical = nics.findIndex((one) => one.name === nic.of);
      files[`${device}/physfn`] = { link: `../0000:00:${String(physical + 3).padStart(2, '0')}.0` };
      files[`/sys/devices/pci0000:00/0000:00:${String(physical + 3).padStart(2, '0')}.0/net/${nic.of}/ifindex`] = '9\n';
    }
  });
  files['/proc/interrupts'] =
    `      ${online.map((cpu) => `       CPU${cpu}`).join(' ')}\n${lines.join('\n')}\n NMI: ${online.map(() => '         0').join(' ')}   Non-maskable interrupts\n`;
  return { ...files, ...more };
}
