import type { Module } from '../contract/index.ts';

/** Each module by the name users type. A module is loaded when it is asked for, so that a run pays for what it uses. */
const MODULES: Readonly<Record<string, () => Promise<Module>>> = {
  blockinfile: async () => (await import('../../modules/blockinfile.ts')).blockinfile,
  command: async () => (await import('../../modules/command.ts')).command,
  copy: async () => (await import('../../modules/copy.ts')).copy,
  cpu_isolation: async () => (await import('../../modules/cpu_isolation.ts')).cpu_isolation,
  cpu_model: async () => (await import('../../modules/cpu_model.ts')).cpu_model,
  cpu_pin: async () => (await import('../../modules/cpu_pin.ts')).cpu_pin,
  cpu_power: async () => (await import('../../modules/cpu_power.ts')).cpu_power,
  disk_cache: async () => (await import('../../modules/disk_cache.ts')).disk_cache,
  domain: async () => (await import('../../modules/domain.ts')).domain,
  domain_xml: async () => (await import('../../modules/domain_xml.ts')).domain_xml,
  file: async () => (await import('../../modules/file.ts')).file,
  host_reserve: async () => (await import('../../modules/host_reserve.ts')).host_reserve,
  hugepages: async () => (await import('../../modules/hugepages.ts')).hugepages,
  io_scheduler: async () => (await import('../../modules/io_scheduler.ts')).io_scheduler,
  iothreads: async () => (await import('../../modules/iothreads.ts')).iothreads,
  irq_affinity: async () => (await import('../../modules/irq_affinity.ts')).irq_affinity,
  kernel_cmdline: async () => (await import('../../modules/kernel_cmdline.ts')).kernel_cmdline,
  ksm: async () => (await import('../../modules/ksm.ts')).ksm,
  kvm_module: async () => (await import('../../modules/kvm_module.ts')).kvm_module,
  lineinfile: async () => (await import('../../modules/lineinfile.ts')).lineinfile,
  memory_backing: async () => (await import('../../modules/memory_backing.ts')).memory_backing,
  modprobe: async () => (await import('../../modules/modprobe.ts')).modprobe,
  mount: async () => (await import('../../modules/mount.ts')).mount,
  numatune: async () => (await import('../../modules/numatune.ts')).numatune,
  package: async () => (await import('../../modules/package.ts')).package_,
  placement: async () => (await import('../../modules/placement.ts')).placement,
  reboot: async () => (await import('../../modules/reboot.ts')).reboot,
  service: async () => (await import('../../modules/service.ts')).service,
  sysctl: async () => (await import('../../modules/sysctl.ts')).sysctl,
  template: async () => (await import('../../modules/template.ts')).template,
  thp: async () => (await import('../../modules/thp.ts')).thp,
  tuned_profile: async () => (await import('../../modules/tuned_profile.ts')).tuned_profile,
  vcpu_topology: async () => (await import('../../modules/vcpu_topology.ts')).vcpu_topology,
  vhost_net: async () => (await import('../../modules/vhost_net.ts')).vhost_net,
  wait_for: async () => (await import('../../modules/wait_for.ts')).wait_for,
  zswap: async () => (await import('../../modules/zswap.ts')).zswap,
};

/** Modules of a project's own: what this process works on is one project. */
const own = new Map<string, OwnModule>();

export interface OwnModule {
  readonly module: Module;
  readonly file: string;
}

export const addModule = (module: Module, file: string): void => void own.set(module.name, { module, file });

/** Modules of a project's own that were loaded and keep to the contract. */
export const ownModules = (): readonly OwnModule[] => [...own.values()];

/** The module of this name, or undefined where there is none. */
export async function findModule(name: string): Promise<Module | undefined> {
  const found = own.get(name);
  if (found) return found.module;
  return Object.hasOwn(MODULES, name) ? MODULES[name]?.() : undefined;
}

/** Every module's name, sorted. */
export const moduleNames = (): readonly string[] => [...new Set([...Object.keys(MODULES), ...own.keys()])].sort();
