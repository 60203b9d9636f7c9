/** What Ansible gathers, and where it is here. */
const NAMES: Readonly<Record<string, string>> = {
  distribution: 'facts.os.name, or facts.os.id',
  distribution_version: 'facts.os.version_id',
  distribution_major_version: 'facts.os.version_id',
  distribution_release: 'facts.os.codename',
  os_family: 'facts.os.id, or facts.os.id_like',
  lsb: 'facts.os',
  kernel: 'facts.kernel.release',
  kernel_version: 'facts.kernel.version',
  architecture: 'facts.kernel.machine',
  machine: 'facts.kernel.machine',
  userspace_architecture: 'facts.kernel.machine',
  hostname: 'facts.hostname',
  nodename: 'facts.hostname',
  fqdn: 'facts.hostname',
  memtotal_mb: 'facts.memory.total_kib, in KiB',
  memfree_mb: 'facts.memory.free_kib, in KiB',
  swaptotal_mb: 'facts.memory.swap_total_kib, in KiB',
  swapfree_mb: 'facts.memory.swap_free_kib, in KiB',
  memory_mb: 'facts.memory, in KiB',
  processor: 'facts.cpu.model',
  processor_count: 'facts.cpu.sockets',
  processor_cores: 'facts.cpu.cores, of all sockets',
  processor_vcpus: 'facts.cpu.threads',
  processor_nproc: 'facts.cpu.threads',
  processor_threads_per_core: 'facts.cpu.threads_per_core',
  devices: 'facts.block_devices, which is a list',
  interfaces: 'facts.network_devices, which is a list',
  cmdline: 'facts.cmdline.args',
  proc_cmdline: 'facts.cmdline.all',
  uptime_seconds: 'facts.uptime.seconds',
  virtualization_role: 'facts.virtualization.is_vm',
  virtualization_type: 'facts.virtualization.hypervisor',
  product_name: 'facts.virtualization.product',
};

/** What to write for a variable of Ansible's; undefined where it is none of its facts. */
export function replacementOf(name: string, part?: string): string | undefined {
  if (name === 'ansible_facts') {
    const here = part === undefined ? undefined : replacementFor(part.replace(/^ansible_/, ''));
    return here ?? 'facts are under `facts`, by other names: docs/facts.md lists them all';
  }
  return name.startsWith('ansible_') ? replacementFor(name.slice('ansible_'.length)) : undefined;
}

const replacementFor = (name: string): string | undefined =>
  Object.hasOwn(NAMES, name) ? `write ${NAMES[name]}` : undefined;
