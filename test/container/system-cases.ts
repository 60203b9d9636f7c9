/** What a module is asked to make so on a machine, and how the machine itself shows that it is so. */
interface Case {
  readonly name: string;
  readonly tasks: readonly object[];
  /** Commands of the system's own and what each prints when all is as asked. */
  readonly proof: Readonly<Record<string, string>>;
  /** Somebody's change by hand, and the target that an audit has to name for it. */
  readonly drift: { readonly command: string; readonly target: string };
}

/** What stands on the machine before. */
export const PREPARE = `
  echo '* soft nofile 1024' >/etc/security/limits.conf
  mkdir -p /etc/cron.d; echo gone >/etc/cron.d/old
  printf '# none\\nUUID=1 / ext4 defaults 0 1\\n' >/etc/fstab
  mkdir -p /etc/chrony /srv/tree/deep /etc/tuned/guests
  echo x >/srv/tree/deep/a.img; chmod 755 /srv/tree /srv/tree/deep
  printf '[sysctl]\\nnet.ipv4.tcp_fin_timeout=33\\n' >/etc/tuned/guests/tuned.conf
  update-grub 2>/dev/null
`;

export const TEMPLATES: Readonly<Record<string, string>> = {
  'chrony.conf.hbs': '{{#each servers}}server {{this}} iburst\n{{/each}}# {{inventory_hostname}}\n',
  'sshd_config.hbs': 'Include /etc/ssh/sshd_config.d/*.conf\nMaxSessions {{sessions}}\n',
};

const SSHD = '/usr/sbin/sshd -t -f %s';

export const CASES: readonly Case[] = [
  {
    name: 'file',
    tasks: [
      { file: { path: '/srv/images', state: 'directory', mode: '2770', group: 'daemon' } },
      // The parent would hand its group and its set-group-ID bit down.
      { file: { path: '/srv/images/iso', state: 'directory', mode: '0750', owner: 'games' } },
      { file: { path: '/srv/tree', state: 'directory', recurse: true, mode: 'g+w,o-rwx', group: 'games' } },
      { file: { path: '/etc/localtime', src: '/usr/share/zoneinfo/Etc/UTC', state: 'link', force: true } },
      { file: { path: '/etc/cron.d/old', state: 'absent' } },
    ],
    proof: {
      'stat -c "%n %F %a %U:%G" /srv/images /srv/images/iso /srv/tree /srv/tree/deep/a.img': [
        '/srv/images directory 2770 root:daemon',
        '/srv/images/iso directory 750 games:root',
        '/srv/tree directory 770 root:games',
        '/srv/tree/deep/a.img regular file 660 root:games',
      ].join('\n'),
      'readlink /etc/localtime': '/usr/share/zoneinfo/Etc/UTC',
      'ls /etc/cron.d/old 2>&1': "ls: cannot access '/etc/cron.d/old': No such file or directory",
    },
    drift: { command: 'chmod 700 /srv/images', target: '/srv/images' },
  },
  {
    name: 'copy',
    tasks: [
      { copy: { dest: '/etc/motd', content: 'Tuned by kvmplay: ß\n$(id) `id` %s "\n', mode: '0640' } },
      { copy: { dest: '/etc/security/limits.conf', content: '* hard memlock unlimited\n', backup: true } },
    ],
    proof: {
      'sha256sum </etc/motd': '05144202d0788bfd1aa32f0714ca8c3100306984c986ce21042218c9e3c1b086  -',
      'stat -c %a:%U /etc/motd': '640:root',
      'cat /etc/security/limits.conf': '* hard memlock unlimited',
      'cat /etc/security/limits.conf.*': '* soft nofile 1024',
    },
    drift: { command: 'echo me too >>/etc/motd', target: '/etc/motd' },
  },
  {
    name: 'template',
    tasks: [
      {
        template: { src: 'chrony.conf.hbs', dest: '/etc/chrony/chrony.conf', mode: '0644' },
        vars: { servers: ['192.0.2.1', '192.0.2.2'] },
      },
      {
        template: { src: 'sshd_config.hbs', dest: '/etc/ssh/sshd_config', validate: SSHD },
        vars: { sessions: 23 },
      },
    ],
    proof: {
      'cat /etc/chrony/chrony.conf': 'server 192.0.2.1 iburst\nserver 192.0.2.2 iburst\n# hypervisor',
      'sshd -T | grep -i ^maxsessions': 'maxsessions 23',
    },
    drift: { command: 'sed -i "s/23/99/" /etc/ssh/sshd_config', target: '/etc/ssh/sshd_config' },
  },
  {
    name: 'lineinfile',
    tasks: [
      { lineinfile: { path: '/etc/fstab', regexp: '^UUID=1 ', line: 'UUID=1 / ext4 noatime 0 1' } },
      { lineinfile: { path: '/etc/hosts', line: '192.0.2.7 hv7', insertafter: 'localhost' } },
      { lineinfile: { path: '/etc/modules', line: 'vhost_net', create: true } },
    ],
    proof: {
      'findmnt --fstab -no OPTIONS /': 'noatime',
      'getent hosts hv7': '192.0.2.7       hv7',
      'grep -c vhost_net /etc/modules': '1',
    },
    drift: { command: "sed -i 's/noatime/relatime/' /etc/fstab", target: '/etc/fstab' },
  },
  {
    name: 'blockinfile',
    tasks: [{ blockinfile: { path: '/etc/hosts', block: '192.0.2.8 hv8\n192.0.2.9 hv9' } }],
    proof: {
      'getent hosts hv8 hv9': '192.0.2.8       hv8\n192.0.2.9       hv9',
      'getent hosts hv7': '192.0.2.7       hv7',
    },
    drift: {
      command: 'sed "s/ hv9/ hv10/" /etc/hosts >/tmp/hosts && cat /tmp/hosts >/etc/hosts',
      target: '/etc/hosts',
    },
  },
  {
    name: 'modprobe',
    // Built into the kernel, so that it counts as loaded; containers have no modules of their own.
    tasks: [{ modprobe: { name: 'loop', persistent: 'present', params: 'max_loop=8' } }],
    proof: {
      'systemd-analyze cat-config modules-load.d | grep -x loop': 'loop',
      'modprobe -c | grep "^options loop"': 'options loop max_loop=8',
    },
    drift: { command: 'rm /etc/modules-load.d/loop.conf', target: '/etc/modules-load.d/loop.conf' },
  },
  {
    name: 'sysctl',
    tasks: [
      { sysctl: { values: { 'net.ipv4.tcp_keepalive_time': 7100, 'net.ipv4.tcp_rmem': '4096 87380 4194304' } } },
      { sysctl: { name: 'net.ipv4.conf.lo.rp_filter', value: 2 } },
    ],
    proof: {
      'sysctl -n net.ipv4.tcp_keepalive_time net.ipv4.conf.lo.rp_filter': '7100\n2',
      'sysctl -n net.ipv4.tcp_rmem': '4096\t87380\t4194304',
      // As systemd does it at boot.
      'sysctl -qw net.ipv4.tcp_keepalive_time=1; /lib/systemd/systemd-sysctl --prefix=/net && sysctl -n net.ipv4.tcp_keepalive_time':
        '7100',
    },
    drift: { command: 'sysctl -w net.ipv4.tcp_keepalive_time=60', target: '/proc/sys/net/ipv4/tcp_keepalive_time' },
  },
  {
    name: 'tuned_profile',
    tasks: [{ tuned_profile: { profile: 'guests' } }],
    proof: {
      'tuned-adm active': 'Current active profile: guests',
      'systemctl is-active tuned; systemctl is-enabled tuned': 'active\nenabled',
      'sysctl -n net.ipv4.tcp_fin_timeout': '33',
    },
    drift: { command: 'tuned-adm profile balanced', target: '/etc/tuned/active_profile' },
  },
  {
    name: 'host_reserve',
    tasks: [{ host_reserve: { cpus: '0' } }],
    proof: { 'grep ^host= /etc/kvmplay/host_reserve': 'host=0' },
    drift: { command: 'rm /etc/kvmplay/host_reserve', target: '/etc/kvmplay/host_reserve' },
  },
  {
    name: 'cpu_isolation',
    // Docker may leave no cpuset controller to its containers: what systemd makes of the files is shown by a reload.
    tasks: [{ cpu_isolation: { host: '0', guests: '1', live: false } }],
    proof: {
      'systemctl daemon-reload; for unit in system.slice user.slice init.scope machine.slice; do systemctl show --value -p AllowedCPUs $unit; done':
        '0\n0\n0\n1',
    },
    drift: {
      command: 'rm /etc/systemd/system/machine.slice.d/90-kvmplay-cpus.conf',
      target: '/etc/systemd/system/machine.slice.d/90-kvmplay-cpus.conf',
    },
  },
  {
    name: 'kernel_cmdline',
    tasks: [
      { kernel_cmdline: { arguments: { intel_iommu: 'on', isolcpus: 'managed_irq,domain,1' }, remove: ['quiet'] } },
    ],
    proof: {
      // Every entry of the menu that update-grub has written, but that for recovery.
      "grep -P '^\\s*linux\\t' /boot/grub/grub.cfg | grep -v single | sed 's/.* ro *//' | tr -s ' ' | sort -u":
        'console=ttyS0 intel_iommu=on isolcpus=managed_irq,domain,1',
    },
    drift: {
      command: `sed -i '/_DEFAULT=/s/""/"quiet"/' /etc/default/grub; grep quiet /etc/default/grub`,
      target: '/etc/default/grub',
    },
  },
];
