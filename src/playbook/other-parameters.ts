/** Parameters of Ansible's that have other names here, of which a module has one at the most. */
const RENAMED: Readonly<Record<string, readonly string[]>> = {
  dest: ['path'],
  destfile: ['path', 'dest'],
  path: ['dest'],
  name: ['path'],
  pkg: ['name'],
  package: ['name'],
  service: ['name'],
  unit: ['name'],
  key: ['name'],
  val: ['value'],
  content: ['block'],
  regex: ['regexp'],
  sysctl_file: ['file'],
  ignoreerrors: ['ignore_missing'],
  _raw_params: ['cmd'],
};

/** The name that a parameter has here, if it is among those that are known. */
export const renamedParameter = (key: string, known: readonly string[]): string | undefined =>
  Object.hasOwn(RENAMED, key) ? RENAMED[key]?.find((name) => known.includes(name)) : undefined;

const LABEL = 'use command: { argv: [chcon, …] } beside it';
const FLAGS = 'use command: { argv: [chattr, …] } beside it';
const TIMES = 'leave it out: times of files are left alone';
const BLOCKS = 'leave it out: templates are Handlebars, and a line that holds a block alone leaves nothing';
const REPOSITORY = 'enable the repository in its file, by copy or lineinfile';
const APT = 'set it for all of apt, by copy of a file in /etc/apt/apt.conf.d';
const SYSTEMD = 'leave it out: services are units of systemd';
const BOOT_ID = 'leave it out: that the host was down is told by its boot id';

/** What to do in place of a parameter that Ansible has and no module here. */
const INSTEAD: Readonly<Record<string, string>> = {
  backup: 'leave it out: the journal keeps what was there before, for kvmplay rollback',
  unsafe_writes: 'leave it out: files are replaced as a whole, or not at all',
  follow: 'leave it out: kvmplay doc says of each module whether it follows links',
  selevel: LABEL,
  serole: LABEL,
  setype: LABEL,
  seuser: LABEL,
  attributes: FLAGS,
  attr: FLAGS,
  modification_time: TIMES,
  access_time: TIMES,
  lstrip_blocks: BLOCKS,
  trim_blocks: BLOCKS,
  newline_sequence: BLOCKS,
  warn: 'leave it out',
  expand_argument_vars: 'leave it out: variables are expanded with shell: true only',
  sysctl_set: 'leave it out: what is in force is set as well as the next boot; persistent: false is for now alone',
  reload: 'leave it out: what is in force is set as well as the next boot',
  daemon_reexec: 'use command: { argv: [systemctl, daemon-reexec] }',
  scope: 'leave it out: units are those of the system; for those of a user use command with systemctl --user',
  no_block: 'leave it out: it is waited for',
  use: 'leave it out: what the host has is used',
  runlevel: SYSTEMD,
  pattern: SYSTEMD,
  cache_valid_time: 'use update_cache: true',
  install_recommends: APT,
  dpkg_options: APT,
  default_release: APT,
  enablerepo: REPOSITORY,
  disablerepo: REPOSITORY,
  disable_gpg_check: 'use copy for the key, and command with rpm --import',
  allow_downgrade: 'leave it out: name: NAME=VERSION takes older versions, too',
  autoremove: 'use command: { argv: [apt-get, -y, autoremove] }',
  purge: 'use command: { argv: [apt-get, -y, purge, NAME] }',
  fstab: 'leave it out: it is /etc/fstab',
  boot: 'leave it out: state: present is mounted at boot; put noauto under opts where it should not be',
  host: 'leave it out: the port is one of the host itself; with delegate_to it is another',
  connect_timeout: 'leave it out: timeout is for all of it',
  delay: 'use pause before it',
  reboot_command: BOOT_ID,
  boot_time_command: BOOT_ID,
  search_paths: 'leave it out: the command is found by the PATH of root',
};

export const insteadOfParameter = (key: string): string | undefined =>
  Object.hasOwn(INSTEAD, key) ? INSTEAD[key] : undefined;
