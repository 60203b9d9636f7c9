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
  sudo_user: 'use become_user',
  remote_tmp: 'leave it out: nothing is copied to a host to be run',
  shell: 'use command with shell: true',
  raw: 'use command: it needs no Python on the host either',
  script: 'use copy, then command',
  setup: 'leave it out: facts are read when something refers to them',
  add_host: 'name the host in the inventory',
  group_by: 'name the group in the inventory, or use when',
  get_url: 'use copy with a file that you have fetched and checked',
  uri: 'use command with curl',
};

/** What to write for `with_NAME`. */
const LOOPS: Readonly<Record<string, string>> = {
  dict: 'use loop with the mapping itself: item.key and item.value are the same',
  nested: 'use loop on a block, and another loop inside of it',
  cartesian: 'use loop on a block, and another loop inside of it',
  subelements: 'use loop on a block, and a loop over the inner list inside of it',
  indexed_items: 'use loop, and index_var under loop_control',
  together: 'use loop with a list of mappings',
  sequence: 'use loop: "{{range 1 5}}"',
  file: 'use loop with the names written out, and copy or template for their content',
  fileglob: 'use loop with the names written out',
  first_found: 'name one file, with a variable in it where hosts differ',
};

/** What to write instead, if this is Ansible's and not known here. */
export function replacementOf(name: string): string | undefined {
  if (Object.hasOwn(REPLACEMENTS, name)) return REPLACEMENTS[name];
  const loop = /^with_([a-z_]+)$/.exec(name)?.[1];
  return loop === undefined ? undefined : (LOOPS[loop] ?? 'use loop');
}
