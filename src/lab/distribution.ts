import type { Entry, Machine } from './machine.ts';

/** Whose packages, services and boot entries a host has. */
export type Family = 'debian' | 'rhel';

/** What differs from the captured machine, by path; null takes away. */
export type Differences = Readonly<Record<string, Entry | null>>;

/** Every third is dressed as one of the RHEL family: its packages, its services, how it boots. Its kernel is the captured one. */
export const familyOf = (index: number): Family => (index % 3 === 1 ? 'rhel' : 'debian');

export const distributionOf = (family: Family, machine: Machine): Differences => ({
  ...kernelFiles(machine),
  'sbin/shutdown': '',
  ...(family === 'debian' ? debian(machine) : rhel(machine)),
});

const KERNEL_MODULES = [
  ...['arch/x86/kvm/kvm', 'arch/x86/kvm/kvm-intel', 'drivers/vhost/vhost', 'drivers/vhost/vhost_net'],
  ...['block/bfq', 'block/kyber-iosched', 'block/mq-deadline'],
];

const releaseOf = (machine: Machine): string => textAt(machine, '/proc/sys/kernel/osrelease')?.trim() ?? '6.1.0';

const textAt = (machine: Machine, path: string): string | undefined => {
  const entry = machine[path] ?? machine[path.slice(1)];
  return typeof entry === 'string' ? entry : undefined;
};

/** That there are such modules. What is in them nobody looks at. */
function kernelFiles(machine: Machine): Differences {
  const folder = `lib/modules/${releaseOf(machine)}/kernel`;
  return Object.fromEntries(KERNEL_MODULES.map((name) => [`${folder}/${name}.ko`, 'ELF\n']));
}

/** The menu that update-grub writes, which a machine that was booted by its emulator has no use for. */
function debian(machine: Machine): Differences {
  const release = releaseOf(machine);
  const entry = (title: string, id: string, args: string) =>
    `menuentry '${title}' --class debian $menuentry_id_option '${id}' {\n\tlinux\t/boot/vmlinuz-${release} root=/dev/vda ro ${args}\n\tinitrd\t/boot/initrd.img-${release}\n}\n`;
  const menu = [
    '### BEGIN /etc/grub.d/10_linux ###',
    entry('Debian GNU/Linux', 'gnulinux-simple', 'quiet'),
    entry('Debian GNU/Linux (recovery mode)', `gnulinux-${release}-recovery-vda`, 'single'),
    '### END /etc/grub.d/10_linux ###',
    '',
  ];
  return { 'boot/grub/grub.cfg': menu.join('\n'), 'usr/bin/apt-get': '' };
}

const PACKAGES = ['qemu-kvm', 'qemu-img', 'libvirt-daemon-kvm', 'libvirt-client', 'tuned', 'irqbalance', 'chrony'];
const UNITS = ['virtqemud.service', 'virtqemud.socket', 'virtlogd.service', 'libvirt-guests.service', 'tuned.service'];
const WANTS = 'etc/systemd/system/multi-user.target.wants';

function rhel(machine: Machine): Differences {
  const gone = Object.keys(machine)
    .map((path) => path.replace(/^\/+/, ''))
    .filter((path) =>
      /^(var\/lib\/dpkg|etc\/(default|debian_version|systemd\/system)|boot\/grub|usr\/lib\/systemd\/system\/libvirtd)\b/.test(
        path,
      ),
    );
  const release = releaseOf(machine);
  return {
    ...Object.fromEntries(gone.map((path) => [path, null])),
    'sys/fs/cgroup/system.slice/libvirtd.service/cgroup.procs': null,
    'etc/os-release': { link: '../usr/lib/os-release' },
    'usr/lib/os-release':
      'NAME="AlmaLinux"\nVERSION="9.6 (Sage Margay)"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\nPRETTY_NAME="AlmaLinux 9.6 (Sage Margay)"\n',
    'usr/bin/dnf': '',
    'var/lib/rpm/packages': PACKAGES.map((name) => `${name} 1.0\n`).join(''),
    'etc/default/grub':
      'GRUB_TIMEOUT=5\nGRUB_DISTRIBUTOR="AlmaLinux"\nGRUB_CMDLINE_LINUX="console=ttyS0"\nGRUB_ENABLE_BLSCFG=true\n',
    [`boot/loader/entries/9d3f-${release}.conf`]: `title AlmaLinux (${release})\nversion ${release}\nlinux /vmlinuz-${release}\ninitrd /initramfs-${release}.img\noptions root=/dev/vda ro console=ttyS0\n`,
    'etc/sysconfig/irqbalance': '#IRQBALANCE_BANNED_CPULIST=\n',
    'etc/sysconfig/libvirt-guests': '#ON_BOOT=start\n',
    ...Object.fromEntries(UNITS.map((unit) => [`usr/lib/systemd/system/${unit}`, `[Unit]\nDescription=${unit}\n`])),
    [`${WANTS}/virtqemud.service`]: { link: '/usr/lib/systemd/system/virtqemud.service' },
    'sys/fs/cgroup/system.slice/virtqemud.service/cgroup.procs': '535\n',
  };
}
