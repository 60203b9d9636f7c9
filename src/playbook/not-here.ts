const OWN_MODULE = 'use command, or a module of your own: docs/own-modules.md';

/** What Ansible has and this language does not, and what to write instead. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  include: 'use import_tasks, or import_playbook at the top of a playbook',
  include_tasks: 'use import_tasks: files are put together before any host is touched',
  include_role: 'use import_role: roles are put together before any host is touched',
  include_vars: 'use vars_files on the play',
  import_vars: 'use vars_files on the play',
  local_action: 'use delegate_to: localhost',
  action: 'use the name of the module as the key, and its parameters as a mapping',
  async: 'use timeout for an upper limit; hosts never wait for each other within a batch',
  poll: 'use timeout for an upper limit; hosts never wait for each other within a batch',
  vars_prompt: 'give the value with -e NAME=VALUE, or keep it in a vault file',
  delegate_facts: 'facts belong to the host that they were read from',
  debugger: 'run with --step, or with --check --diff',
  collections: 'leave it out: modules are known by one name',
  gather_subset: 'leave it out: facts are read when something refers to them',
  gather_timeout: 'leave it out: facts are read when something refers to them',
  fact_path: 'leave it out: facts are read when something refers to them',
  become_flags: 'leave it out: only the user and the method can be chosen',
  become_exe: 'leave it out: only the user and the method can be chosen',
  sudo: 'use become: true',
  su: 'use become: true, and become_method: su',
  always_run: 'use check_mode: false',
  sudo_user: 'use become_user',
  remote_tmp: 'leave it out: nothing is copied to a host to be run',
  shell: 'use command with shell: true: command: { cmd: …, shell: true }',
  raw: 'use command: it needs no Python on the host either',
  script: 'use copy, then command',
  setup: 'leave it out: facts are read when something refers to them',
  add_host: 'name the host in the inventory',
  group_by: 'name the group in the inventory, or use when',
  get_url: 'use copy with a file that you have fetched and checked',
  uri: 'use command with curl',
  apt: 'use package',
  yum: 'use package',
  dnf: 'use package',
  dnf5: 'use package',
  zypper: 'use package',
  systemd: 'use service',
  systemd_service: 'use service',
  replace: 'use lineinfile or blockinfile, or template for the whole file',
  ini_file: 'use lineinfile, or template for the whole file',
  grubby: 'use kernel_cmdline',
  tuned: 'use tuned_profile',
  virt: 'use domain',
  virt_xml: 'use domain_xml, or the module for what it changes',
  stat: 'use command: { argv: [test, -e, FILE], reads_only: true } and what it registers, or a condition on facts',
  find: 'use command with reads_only: true, and what it registers',
  slurp: 'use command: { argv: [cat, FILE], reads_only: true } and what it registers',
  fetch: 'use command: { argv: [cat, FILE], reads_only: true } and what it registers',
  getent: 'use command: { argv: [getent, passwd, NAME], reads_only: true } and what it registers',
  package_facts: 'leave it out: package looks for itself what is installed',
  service_facts: 'leave it out: service looks for itself what runs',
  set_stats: 'use set_fact',
  sysvinit: 'use service',
  tempfile: 'use command: { argv: [mktemp] } and what it registers',
  synchronize: 'use copy: it takes directories, too',
  assemble: 'use template for the whole file',
  apt_key: 'use copy for the key',
  rpm_key: 'use copy for the key',
  apt_repository: 'use copy for the file that names the repository',
  yum_repository: 'use copy for the file that names the repository',
  dpkg_selections: 'use command: { argv: [apt-mark, hold, NAME] }',
  debconf: 'use command with debconf-set-selections',
  expect: 'use command with stdin',
  pip: 'use command with creates',
  subversion: 'use command with creates',
  ping: 'leave it out: kvmplay facts HOST tells whether a host answers',
  wait_for_connection: 'leave it out: reboot waits for the host, and wait_for for a port',
  async_status: 'leave it out: tasks are waited for',
  unarchive: 'use copy, then command with creates',
  git: 'use command with creates',
  archive: 'use command: { argv: [tar, …] } with creates',
  acl: 'use command: { argv: [setfacl, …] }',
  capabilities: 'use command: { argv: [setcap, …] }',
  alternatives: 'use command: { argv: [update-alternatives, --set, NAME, PATH] }',
  kernel_blacklist: 'use copy for a file in /etc/modprobe.d',
  pam_limits: 'use copy for a file in /etc/security/limits.d',
  timezone: 'use file: { path: /etc/localtime, state: link, src: … }',
  interfaces_file: 'use template for the whole file',
  sysfs: 'use the module for what is set there: kvmplay doc lists them all',
  virt_net: 'use command: { argv: [virsh, net-define, FILE] }',
  virt_pool: 'use command: { argv: [virsh, pool-define, FILE] }',
  validate_argument_spec: 'leave it out: meta/argument_specs.yml is checked by itself',
  user: OWN_MODULE,
  group: OWN_MODULE,
  authorized_key: OWN_MODULE,
  cron: OWN_MODULE,
  hostname: OWN_MODULE,
  known_hosts: OWN_MODULE,
  iptables: OWN_MODULE,
  firewalld: OWN_MODULE,
  selinux: OWN_MODULE,
  seboolean: OWN_MODULE,
  filesystem: OWN_MODULE,
  lvol: OWN_MODULE,
  lvg: OWN_MODULE,
  parted: OWN_MODULE,
  nmcli: OWN_MODULE,
};

/** Where a keyword that cannot stand there would not do what is meant. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  connection:
    'to do a task here use delegate_to: localhost; how a host is reached is said by the play or the inventory',
  remote_user: 'to act as somebody else use become_user; who logs in is said by the play or the inventory',
  gather_facts: 'leave it out: facts are read when something refers to them; meta: clear_facts has them read anew',
};

/** What to write instead of a keyword that stands in the wrong place, if that is not to write it in another. */
export const elsewhere = (name: string): string | undefined =>
  Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;

/** Of `meta`. */
const ACTIONS: Readonly<Record<string, string>> = {
  refresh_inventory: 'leave it out: an inventory is read once, before any host is touched',
  reset_connection: 'leave it out: a connection is opened again where that is needed',
  end_batch: 'use end_host, or end_play',
  clear_host_errors: 'use rescue, ignore_errors or ignore_unreachable where a failure may be passed over',
  end_role: 'use when on a block in the role',
  role_complete: 'leave it out',
};

export const otherAction = (name: string): string | undefined =>
  Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;

/** What to write for `with_NAME`. */
const LOOPS: Readonly<Record<string, string>> = {
  items: 'use loop; lists inside of the list are put into it by "{{flatten list 1}}"',
  flattened: 'use loop: "{{flatten list}}"',
  dict: 'use loop with the mapping itself: item.key and item.value are the same',
  nested: 'use loop on a block, and another loop inside of it',
  cartesian: 'use loop on a block, and another loop inside of it',
  subelements: 'use loop on a block, and a loop over the inner list inside of it',
  indexed_items: 'use loop, and index_var under loop_control',
  together: 'use loop with a list of mappings',
  sequence: 'use loop: "{{range 1 5}}"',
  file: 'use loop with the names written out, and copy or template for their content',
  fileglob: 'use loop with the names written out',
  random_choice: 'use order: shuffle on the play, or name the one',
  inventory_hostnames: 'use loop: "{{groups.NAME}}"',
  lines: 'use command with reads_only: true, and loop over stdout_lines of what it registers',
  first_found: 'name one file, with a variable in it where hosts differ',
};

/** What to write instead, if this is Ansible's and not known here. */
export function replacementOf(given: string, place?: string): string | undefined {
  if (place === 'play' && given === 'user') return 'use remote_user';
  const name = given.slice(given.lastIndexOf('.') + 1);
  if (Object.hasOwn(REPLACEMENTS, name)) return REPLACEMENTS[name];
  const loop = /^with_(?:[\w.]+\.)?([a-z_]+)$/.exec(given)?.[1];
  return loop === undefined ? undefined : (LOOPS[loop] ?? 'use loop');
}
