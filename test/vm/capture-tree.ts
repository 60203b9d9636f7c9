import type { Host } from './host.ts';

/** A file's text, where a link points, an empty directory, or a file that can be written and not read (""). */
type Entry = string | { readonly link: string } | { readonly dir: true };

/** A host's files by absolute path, in order. The lab unpacks it below a directory that serves as a host's root. */
export type Tree = Readonly<Record<string, Entry>>;

const ROOTS = [
  '/etc/{os-release,hostname,hosts,fstab,sysctl.conf,sysctl.d,modprobe.d,modules-load.d,tmpfiles.d,udev/rules.d}',
  '/etc/{default,libvirt,systemd/system,debian_version}',
  '/usr/lib/{os-release,sysctl.d,tmpfiles.d,modprobe.d,modules-load.d}',
  '/usr/lib/systemd/system',
  '/boot/grub /run/libvirt /run/systemd/system',
  '/proc/{sys,irq,cmdline,cpuinfo,filesystems,interrupts,loadavg,meminfo,modules,mounts,uptime,version,vmstat,zoneinfo}',
  '/sys/{block,class/block,class/net,bus/pci/devices,kernel/mm,kernel/irq,module}',
  '/sys/devices/{system,pci*,virtual/net,virtual/workqueue}',
  '/sys/fs/cgroup',
];

/** What no module reads, or what would only make captures differ. */
const LEFT_OUT: readonly RegExp[] = [
  /\/(uevent|trace|crash_notes(_size)?|resource\d*|config|rom|modalias|wakeup\w*|autosuspend\w*|runtime_\w+|async|control|slaves_\w*)$/,
  /\/(power|firmware_node|link|aer_\w+|statistics|mq|integrity|trace|holders|slaves|hctx\d+|cpuidle|hotplug|edac|memory\d+|machinecheck)\//,
  /^\/sys\/devices\/system\/(clocksource|container|edac|machinecheck|memory|clockevents)/,
  /^\/sys\/devices\/system\/cpu\/(vulnerabilities|power|cpuidle|hotplug)\//,
  /^\/sys\/devices\/system\/cpu\/cpu\d+\/(microcode|thermal_throttle|driver|node\d+|firmware_node|subsystem|acpi_cppc)/,
  /\/cpu\d+\/topology\/(?!.*(_list|_id)$)/,
  /\/cache\/index\d\/(?!level$|type$|size$|shared_cpu_list$|id$)/,
  /^\/sys\/devices\/system\/node\/node\d+\/(?!cpulist$|distance$|meminfo$|numastat$|vmstat$|hugepages\/|cpu\d+$)/,
  /^\/proc\/irq\/\d+\/(effective_affinity|spurious|node_hint)$/,
  /^\/proc\/sys\/(dev\/cdrom|fs\/binfmt_misc|kernel\/random\/(uuid|boot_id))/,
  /^\/etc\/(default\/grub\.ucf-dist|libvirt\/(nwfilter|qemu\/networks|libxl|lxc|virtl|qemu-(lockd|sanlock))|default\/(nss|useradd|hwclock))/,
  /kvmplay-ready|\/10-management/,
  // One interface, and the defaults, stand for all.
  /^\/proc\/sys\/net\/ipv[46]\/(conf|neigh)\/(?!all\/|default\/|lo\/|enp0s4\/)/,
  /^\/sys\/(class\/)?block\/loop/,
  /^\/sys\/devices\/virtual\/workqueue\/(?!cpumask$|writeback\/)/,
  /^\/sys\/devices\/pci.*\/(pci_bus|ata\d+|i2c-\d+|ptp|iTCO_wdt\S*|\S+:pcie\d+|target\S+\/.*\/(bsg|scsi_generic|scsi_disk|scsi_device))\//,
  /\/tmpfiles\.d\/(?!kvm|libvirt|systemd|static-nodes|README)/,
];

/** The few of many that are worth keeping: everything else below these is left out. */
const ONLY: ReadonlyArray<readonly [under: RegExp, keep: RegExp]> = [
  [
    /^\/sys\/module\//,
    /^\/sys\/module\/(kvm\w*|vhost\w*|tun|nvme(_core)?|ksm|zswap|virtio_net|vmxnet3)\/parameters\/|\/(kvm|kvm_amd|kvm_intel|vhost_net|tun)\/(refcnt|initstate)$/,
  ],
  [
    /^\/sys\/fs\/cgroup\//,
    /^\/sys\/fs\/cgroup\/((system|machine|user)\.slice\/)?(cgroup\.(controllers|subtree_control)|cpuset\.\w+(\.\w+)*|cpu\.weight)$|system\.slice\/[^/]+\.service\/cgroup\.procs$/,
  ],
  [/^\/sys\/kernel\/irq\//, /\/actions$/],
  [
    /^\/sys\/devices\/pci.*\/(net|block|nvme)\//,
    /\/(queue\/(scheduler|nr_requests|read_ahead_kb|rq_affinity|nomerges|rotational|max_sectors_kb|max_hw_sectors_kb|\w+_block_size|write_cache|wbt_lat_usec|iostats|add_random|discard_max_bytes|zoned|iosched\/\w+)|size|ro|removable|dev|address|mtu|operstate|ifindex|flags|type|tx_queue_len|carrier|speed|duplex|(rx|tx)-\d+\/\w+|serial|model|vendor|wwid|rotational|threaded|device|subsystem|driver|numa_node)$/,
  ],
  [
    /^\/sys\/devices\/virtual\/net\//,
    /\/(address|mtu|operstate|ifindex|flags|type|tx_queue_len|subsystem|(rx|tx)-\d+\/\w+)$/,
  ],
  [
    /^\/sys\/devices\/pci(?!.*\/(net|block|nvme)\/)/,
    /\/(msi_irqs\/\d+|irq|numa_node|local_cpulist|vendor|device|class|driver|subsystem|sriov_\w+|model|rev|type)$/,
  ],
  [/^\/boot\/grub\//, /grub\.cfg$/],
  [/^\/usr\/lib\/systemd\/system\//, /\/(ssh|irqbalance|libvirt\S*|virt\S*|tuned|ksm\w*|numad)\.(service|socket)$/],
  [/^\/etc\/systemd\/system\//, /\.(service|socket|timer|slice)(\.d\/.*)?$/],
  [/^\/run\//, /never/],
];

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own form of a placeholder.
const STANZA = 'Package: ${Package}\\nStatus: ${Status}\\nArchitecture: ${Architecture}\\nVersion: ${Version}\\n\\n';

export const wanted = (path: string): boolean =>
  !LEFT_OUT.some((pattern) => pattern.test(path)) &&
  ONLY.every(([under, keep]) => !under.test(path) || keep.test(path));

/** Reads the tree that modules look at. Perl, since sysfs files lie about their sizes and tar believes them. */
export function captureTree(host: Host): Tree {
  const found = host
    .read(`bash -O nullglob -c 'find ${ROOTS.join(' ')} -printf "%y\\t%m\\t%p\\t%l\\n" 2>/dev/null; true'`)
    .split('\n')
    .map((line) => line.split('\t'));
  const tree = new Map<string, Entry>();
  const modes = new Map<string, string>();
  for (const [type = '', mode = '', path = '', link = ''] of found) {
    if (type === 'd' && ['/run/libvirt', '/run/systemd/system', '/boot/grub'].includes(path))
      tree.set(path, { dir: true });
    if (!wanted(path)) continue;
    if (type === 'l') tree.set(path, { link });
    if (type === 'f') modes.set(path, mode);
  }
  for (const [path, mode] of modes) if (!/[4-7]/.test(mode.charAt(0))) tree.set(path, '');
  const readable = [...modes.keys()].filter((path) => !tree.has(path));
  for (const [path, text] of readFiles(host, readable)) tree.set(path, text);
  tree.set('/var/lib/dpkg/status', host.read(`dpkg-query -W -f '${STANZA}'`));
  return Object.fromEntries([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What can be read of these; files that refuse (a NIC that is down has no speed) and binary ones are left out. */
function readFiles(host: Host, paths: readonly string[]): Array<[string, string]> {
  const script = `while (my $p = <STDIN>) { chomp $p; open(my $f, "<", $p) or next; my ($all, $got) = ("");
    while ($got = sysread($f, my $part, 65536)) { $all .= $part } next unless defined $got;
    print "$p\\t", unpack("H*", $all), "\\n" }`;
  const { stdout } = host.ssh(`perl -e '${script}'`, `${paths.join('\n')}\n`);
  const files: Array<[string, string]> = [];
  for (const line of stdout.trimEnd().split('\n')) {
    const [path = '', hex = ''] = line.split('\t');
    const bytes = Buffer.from(hex, 'hex');
    const text = bytes.toString('utf8');
    if (!text.includes('\0') && Buffer.from(text, 'utf8').equals(bytes)) files.push([path, text]);
  }
  return files;
}
