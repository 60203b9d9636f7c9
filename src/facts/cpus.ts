import { z } from 'zod';
import { dir, file, formatCpuSet, glob, type Probes, type Seen, stat } from '../contract/index.ts';
import { buildTopology, topologyJson, topologyProbes } from '../topology/index.ts';
import { defineFact, wordIn } from './fact.ts';

const text = () => z.string().nullable();
const CPUINFO = file('/proc/cpuinfo');

/** What hardware there is does not depend on huge pages, which tasks set: what is asked for them tells nothing of them. */
const NO_POOLS = glob('/sys/devices/system/node/node[0-9]*/distance');
const BUILD: Probes = {
  ...topologyProbes(),
  'topology.hugepages': NO_POOLS,
  'topology.node_hugepages': NO_POOLS,
};

/** The first value of a field of /proc/cpuinfo; architectures name the same thing differently. */
function fieldOf(cpuinfo: string, ...names: readonly string[]): string | null {
  for (const name of names) {
    const found = new RegExp(`^${name}\\s*:[ \\t]*(\\S.*)$`, 'm').exec(cpuinfo)?.[1];
    if (found !== undefined) return found.trim();
  }
  return null;
}

const flagsIn = (cpuinfo: string): string[] =>
  (fieldOf(cpuinfo, 'flags', 'Features', 'features') ?? '').split(/\s+/).filter(Boolean);

export const cpu = defineFact({
  name: 'cpu',
  summary: 'The processors. Sets of CPUs are written as the kernel writes them: `0-3,8`.',
  schema: z.object({
    vendor: text().describe('`GenuineIntel`, `AuthenticAMD`, `IBM/S390`; on ARM the number of the implementer'),
    model: text().describe('Its name, for people'),
    flags: z.array(z.string()).describe('What it can do: `vmx`, `svm`, `avx2`'),
    microcode: text().describe('Its revision: `0x2007006`'),
    sockets: z.int().describe('How many sockets have a CPU that is online'),
    cores: z.int().describe('How many cores, in all sockets'),
    threads: z.int().describe('How many CPUs are online: hardware threads, in all sockets'),
    threads_per_core: z.int().describe('2 where hyper-threads are on'),
    online: z.string().describe('CPUs that are online'),
    offline: z.string().describe('CPUs that are there and not online'),
    isolated: z.string().describe('Those that the scheduler leaves alone (`isolcpus`)'),
    nohz_full: z.string().describe('Those without the scheduler’s tick'),
    smt: text().describe('`on`, `off`, `forceoff`, `notsupported`, `notimplemented`'),
  }),
  probes: { ...BUILD, 'topology.cpuinfo': CPUINFO },
  read(seen) {
    const topology = buildTopology(seen);
    const cpuinfo = seen.text('topology.cpuinfo') ?? '';
    const { online, offline, isolated, tickless } = topology.cpus;
    return {
      vendor: fieldOf(cpuinfo, 'vendor_id', 'CPU implementer', 'mvendorid'),
      model: topology.model ?? null,
      flags: flagsIn(cpuinfo),
      microcode: fieldOf(cpuinfo, 'microcode'),
      sockets: topology.sockets.length,
      cores: topology.cores.length,
      threads: online.length,
      threads_per_core: Math.max(...topology.cores.map(({ cpus }) => cpus.length)),
      online: formatCpuSet(online),
      offline: formatCpuSet(offline),
      isolated: formatCpuSet(isolated),
      nohz_full: formatCpuSet(tickless),
      smt: topology.smt ?? null,
    };
  },
});

export const numa = defineFact({
  name: 'numa',
  summary: 'NUMA nodes, and what shares a last-level cache.',
  schema: z.object({
    nodes: z
      .array(
        z.object({
          id: z.int().describe('The kernel’s number'),
          cpus: z.string().describe('Its CPUs that are online; empty where it has memory alone'),
          memory_kib: z.int().nullable().describe('KiB of memory'),
          distances: z.array(z.int()).describe('To each node, in their order; 10 is here'),
        }),
      )
      .describe('In the order of their numbers; a kernel without NUMA has one, number 0'),
    llcs: z
      .array(
        z.object({
          cpus: z.string().describe('Its CPUs'),
          node: z.int().describe('The node that it is in'),
          shares: z.string().describe('What they share: `l3`, `cluster`, `l2`, `node`'),
        }),
      )
      .describe('Last-level caches inside of nodes'),
  }),
  probes: BUILD,
  read(seen) {
    const { nodes, llc_domains } = topologyJson(buildTopology(seen));
    return {
      nodes: nodes.map(({ id, cpus, memory_kib, distances }) => ({ id, cpus, memory_kib, distances: [...distances] })),
      llcs: llc_domains,
    };
  },
});

export const virtualization = defineFact({
  name: 'virtualization',
  summary: 'Whether the host is itself a guest, and what it has for guests of its own.',
  schema: z.object({
    is_vm: z.boolean().nullable().describe('Whether it runs in a virtual machine'),
    hypervisor: text().describe('Of which kind, where it is one and that is told: `kvm`, `vmware`, `microsoft`, `xen`'),
    product: text().describe('What the firmware calls the machine'),
    kvm_loaded: z.boolean().describe('Whether the kernel has KVM now'),
    kvm_modules: z.array(z.string()).describe('`kvm`, `kvm_intel`, `kvm_amd`, as far as they are loaded'),
    dev_kvm: z.boolean().describe('Whether `/dev/kvm` is there'),
    nested: z.boolean().nullable().describe('Whether guests may have guests; null where no module tells'),
  }),
  probes: {
    cpuinfo: CPUINFO,
    vendor: file('/sys/class/dmi/id/sys_vendor'),
    product: file('/sys/class/dmi/id/product_name'),
    hypervisor: file('/sys/hypervisor/type'),
    sysinfo: file('/proc/sysinfo'),
    device_tree: file('/sys/firmware/devicetree/base/hypervisor/compatible'),
    modules: dir('/sys/module'),
    nested: glob('/sys/module/kvm_*/parameters/nested'),
    dev_kvm: stat('/dev/kvm'),
  },
  read(seen) {
    const kvm = (seen.names('modules') ?? []).filter((name) => /^kvm(_[a-z]+)?$/.test(name));
    const nested = [...seen.files('nested').values()].map((said) => /^[Y1]/.test(said.trim()));
    const is_vm = isGuest(seen);
    return {
      is_vm,
      hypervisor: is_vm ? hypervisorOf(seen) : null,
      product: wordIn(seen.text('product')),
      kvm_loaded: kvm.includes('kvm'),
      kvm_modules: kvm,
      dev_kvm: seen.stat('dev_kvm') !== undefined,
      nested: nested.length === 0 ? null : nested.includes(true),
    };
  },
});

/** x86 hypervisors set a flag; elsewhere firmware tells. Source: systemd's src/basic/virt.c. */
function isGuest(seen: Seen): boolean | null {
  const cpuinfo = seen.text('cpuinfo');
  if (cpuinfo === undefined) return null;
  if (/^flags\s*:/m.test(cpuinfo)) return flagsIn(cpuinfo).includes('hypervisor');
  return /^VM00 Control Program/m.test(seen.text('sysinfo') ?? '') || hypervisorOf(seen) !== null;
}

/** What vendors write into their firmware, and what that is called. */
const VENDORS: readonly (readonly [RegExp, string])[] = [
  [/\bKVM\b|QEMU|Bochs|OpenStack|KubeVirt|RHEV|oVirt|Red Hat|linux,kvm/, 'kvm'],
  [/Amazon EC2/, 'amazon'],
  [/Google/, 'google'],
  [/VMware|^VMW/, 'vmware'],
  [/^Virtual Machine$|Hyper-V/m, 'microsoft'],
  [/innotek GmbH|VirtualBox/, 'oracle'],
  [/Parallels/, 'parallels'],
  [/BHYVE/, 'bhyve'],
  [/z\/VM/, 'zvm'],
  [/\bxen\b/i, 'xen'],
];

function hypervisorOf(seen: Seen): string | null {
  const control = /^VM00 Control Program:\s*(.*)$/m.exec(seen.text('sysinfo') ?? '')?.[1];
  const words = [seen.text('vendor'), seen.text('product'), control, seen.text('device_tree'), seen.text('hypervisor')];
  const told = words.filter((word) => word !== undefined).join('\n');
  return VENDORS.find(([pattern]) => pattern.test(told))?.[1] ?? null;
}
