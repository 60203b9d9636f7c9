/** In what order libvirt writes the children of an element. Source: virDomainDefFormat and below it, libvirt 9.0. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  domain:
    words(`name uuid genid title description metadata maxMemory memory currentMemory blkiotune memtune memoryBacking
    vcpu vcpus iothreads iothreadids defaultiothread cputune numatune resource sysinfo bootloader bootloader_args os idmap
    features cpu clock on_poweroff on_reboot on_crash on_lockfailure pm perf devices seclabel keywrap launchSecurity`),
  memoryBacking: words('hugepages nosharepages locked source access allocation discard'),
  memtune: words('hard_limit soft_limit min_guarantee swap_hard_limit'),
  cputune: words(`shares period quota global_period global_quota emulator_period emulator_quota iothread_period
    iothread_quota vcpupin emulatorpin iothreadpin vcpusched iothreadsched emulatorsched cachetune memorytune`),
  numatune: words('memory memnode'),
  cpu: words('model vendor topology cache maxphysaddr feature numa'),
  disk: words(`driver auth source backingStore mirror backenddomain geometry blockio target iotune readonly shareable
    transient serial wwn vendor product encryption boot alias acpi address`),
  interface:
    words(`mac source virtualport bandwidth vlan port ip route script backenddomain target guest model driver backend
    filterref boot link coalesce tune mtu teaming alias rom acpi address`),
  controller: words('driver model target alias master acpi address'),
};

function words(list: string): readonly string[] {
  return list.trim().split(/\s+/);
}

/** Where a child stands among its kind; what libvirt would not write here, or is not known to, comes last. */
export function rankOf(parent: string, child: string): number {
  const at = ORDER[parent]?.indexOf(child) ?? -1;
  return at === -1 ? Number.POSITIVE_INFINITY : at;
}
