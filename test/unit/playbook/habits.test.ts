import { describe, expect, it } from 'vitest';
import { load, mistakes, tasks } from './support.ts';

const ROLE = { 'roles/there/tasks/main.yml': '- debug: {}\n' };
const inTask = (yaml: string) =>
  mistakes({ 'site.yml': `- hosts: all\n  tasks:\n    - ${yaml.replaceAll(' ; ', '\n      ')}\n`, ...ROLE });
const inPlay = (yaml: string) => mistakes({ 'site.yml': `- ${yaml.replaceAll(' ; ', '\n  ')}\n`, ...ROLE });

/** What is found is one mistake, with this code, place and hint. */
const isOne = (found: readonly string[], code: string, place: string, hint: string) => {
  expect(found).toEqual([expect.stringMatching(new RegExp(`^${code} site.yml:${place} .+ \\(.+\\)$`, 's'))]);
  expect(found[0]?.slice(found[0].lastIndexOf(' (') + 2)).toContain(hint);
};

describe('what people who know Ansible write, and is not here, names what to write instead', () => {
  it.each([
    ['include: x.yml', '3:7', 'import_tasks'],
    ['include_tasks: x.yml', '3:7', 'import_tasks'],
    ['ansible.builtin.include_tasks: x.yml', '3:7', 'import_tasks'],
    ['include_role: { name: x }', '3:7', 'import_role'],
    ['include_vars: x.yml', '3:7', 'vars_files'],
    ['local_action: command uptime', '3:7', 'delegate_to: localhost'],
    ['action: command uptime', '3:7', 'the module as the key'],
    ['debug: {} ; async: 10', '4:7', 'timeout'],
    ['debug: {} ; poll: 0', '4:7', 'timeout'],
    ['debug: {} ; delegate_facts: true', '4:7', 'facts belong to the host'],
    ['debug: {} ; collections: [x]', '4:7', 'leave it out'],
    ['debug: {} ; debugger: on_failed', '4:7', '--step'],
    ['debug: {} ; become_flags: -H', '4:7', 'the user and the method'],
    ['debug: {} ; become_exe: doas', '4:7', 'the user and the method'],
    ['debug: {} ; sudo: true', '4:7', 'become: true'],
    ['debug: {} ; su: true', '4:7', 'become_method: su'],
    ['debug: {} ; always_run: true', '4:7', 'check_mode: false'],
    [
      'debug: {} ; with_items: [1]',
      '4:7',
      'use loop; lists inside of the list are put into it by "{{flatten list 1}}"',
    ],
    ['debug: {} ; with_ansible.builtin.items: [1]', '4:7', 'use loop'],
    ['debug: {} ; with_list: [1]', '4:7', 'use loop'],
    ['debug: {} ; with_dict: {}', '4:7', 'item.key and item.value'],
    ['debug: {} ; with_nested: []', '4:7', 'loop on a block'],
    ['debug: {} ; with_cartesian: []', '4:7', 'loop on a block'],
    ['debug: {} ; with_subelements: []', '4:7', 'loop on a block'],
    ['debug: {} ; with_indexed_items: []', '4:7', 'index_var'],
    ['debug: {} ; with_together: []', '4:7', 'list of mappings'],
    ['debug: {} ; with_sequence: count=3', '4:7', '{{range 1 5}}'],
    ['debug: {} ; with_file: x', '4:7', 'copy or template'],
    ['debug: {} ; with_fileglob: x', '4:7', 'names written out'],
    ['debug: {} ; with_first_found: x', '4:7', 'name one file'],
    ['debug: {} ; with_community.general.flattened: []', '4:7', 'use loop'],
    ['shell: uptime', '3:7', 'command with shell: true'],
    ['ansible.builtin.shell: uptime', '3:7', 'command with shell: true'],
    ['raw: uptime', '3:7', 'use command'],
    ['script: x.sh', '3:7', 'copy, then command'],
    ['setup:', '3:7', 'facts are read when'],
    ['get_url: { url: x }', '3:7', 'use copy'],
    ['uri: { url: x }', '3:7', 'curl'],
    ['add_host: { name: x }', '3:7', 'inventory'],
    ['group_by: { key: x }', '3:7', 'inventory'],
    ['ansible.builtin.apt: { name: x }', '3:7', 'package'],
    ['ansible.builtin.systemd: { name: x }', '3:7', 'service'],
    ['community.general.zypper: { name: x }', '3:7', 'package'],
    ['community.libvirt.virt: { name: x }', '3:7', 'domain'],
    ['ansible.posix.synchronize: { src: a, dest: b }', '3:7', 'copy'],
    ['stat: { path: /x }', '3:7', 'reads_only: true'],
    ['service_facts:', '3:7', 'leave it out'],
    ['community.libvirt.virt: {}', '3:7', 'domain'],
    ['ansible.builtin.user: { name: x }', '3:7', 'own-modules.md'],
    ['meta: refresh_inventory', '3:13', 'read once'],
    ['meta: reset_connection', '3:13', 'leave it out'],
    ['meta: end_batch', '3:13', 'end_host'],
    ['meta: clear_host_errors', '3:13', 'rescue'],
  ])('%s', async (yaml, place, hint) => isOne(await inTask(yaml), 'NotSupported', place, hint));

  it.each([
    ['hosts: all ; vars_prompt: []', '-e NAME=VALUE'],
    ['hosts: all ; gather_subset: all', 'leave it out'],
    ['hosts: all ; gather_timeout: 5', 'leave it out'],
    ['hosts: all ; fact_path: /x', 'leave it out'],
    ['hosts: all ; collections: [a]', 'leave it out'],
    ['hosts: all ; user: root', 'remote_user'],
    ['hosts: all ; sudo: true', 'become: true'],
    ['hosts: all ; include: x.yml', 'import_playbook'],
    ['hosts: all ; debugger: always', '--step'],
  ])('%s', async (yaml, hint) => isOne(await inPlay(yaml), 'NotSupported', '2:3', hint));

  it.each([
    ['debug: {} ; connection: local', 'delegate_to: localhost'],
    ['debug: {} ; remote_user: admin', 'become_user'],
    ['debug: {} ; gather_facts: true', 'clear_facts'],
    ['block: [] ; register: x', 'a task'],
    ['import_tasks: site.yml ; register: x', 'a task'],
    ['import_role: { name: there } ; until: true', 'a task'],
    ['meta: noop ; become: true', 'name, when, tags and vars'],
    ['meta: noop ; loop: [1]', 'name, when, tags and vars'],
    ['meta: noop ; register: x', 'name, when, tags and vars'],
  ])('%s', async (yaml, hint) => {
    const found = (await inTask(yaml)).filter((one) => !/ImportCycle|a task is a mapping|BadTask/.test(one));

    isOne(found.slice(0, 1), 'MisplacedKeyword', '4:7', hint);
  });

  it.each([
    ['debug: msg=hello', '3:14', 'debug: { msg: hello }'],
    ['debug: msg="{{ a }} b" verbosity=1', '3:14', 'debug: { msg: "{{ a }} b", verbosity: 1 }'],
    ['command: uptime -p', '3:16', 'command: { argv: [uptime, -p] }'],
    ['command: echo a=b', '3:16', 'command: { argv: [echo, a=b] }'],
    ['ansible.builtin.command: uptime -p', '3:32', 'write command: { argv: [uptime, -p] }'],
    ['command: >- ;   virsh list ;   --all', '3:16', 'argv: [virsh, list, --all]'],
    [`command: "echo {{ a }} it's"`, '3:16', `cmd: "echo {{ a }} it's"`],
    ['ansible.builtin.debug: now', '3:30', 'kvmplay doc debug'],
    ['ansible.builtin.copy: src=a dest=b', '3:29', 'ansible.builtin.copy: { src: a, dest: b }'],
    ['debug: [msg]', '3:14', 'kvmplay doc debug'],
  ])('%s', async (yaml, place, hint) => isOne(await inTask(yaml), 'FreeFormParameters', place, hint));

  it('calls a task without a name by its module, as it is written', async () => {
    const [play] = await load({ 'site.yml': '- hosts: all\n  tasks:\n    - ansible.builtin.debug: {}\n' });

    expect(tasks(play).map(({ name, module }) => [name.value, module])).toEqual([['ansible.builtin.debug', 'debug']]);
  });

  it.each([
    'ansible.builtin.debug: { msg: x }',
    'ansible.legacy.debug: { msg: x }',
    'ansible.builtin.import_role: { name: there }',
    'ansible.builtin.meta: noop',
    'debug: {} ; when: true ; become_method: ansible.builtin.sudo',
  ])('takes %s', async (yaml) => expect(await inTask(yaml)).toEqual([]));
});

describe('what imports, roles and meta take', () => {
  it.each([
    ['import_tasks:', 'BadValue', '3:20', 'import_tasks: tasks.yml'],
    ['import_tasks: [a]', 'BadValue', '3:21', 'import_tasks: tasks.yml'],
    ['import_tasks: {}', 'MissingKeyword', '3:21', 'import_tasks: FILE'],
    ['import_tasks: { file: roles/there/tasks/main.yml, apply: {} }', 'UnknownKeyword', '3:57', 'beside import_tasks'],
    ['import_tasks: gone.yml', 'FileNotFound', '3:21', 'did you mean "site.yml"'],
    ['import_tasks: "{{ x }}.yml"', 'UndefinedVariable', '3:25', 'before any host is known'],
    ['import_role: there', 'BadValue', '3:20', 'import_role: { name'],
    ['import_role: {}', 'MissingKeyword', '3:20', 'import_role: { name'],
    ['import_role: { nam: there }', 'UnknownKeyword', '3:22', 'did you mean "name"'],
    ['import_role: { name: gone }', 'UnknownRole', '3:28', 'looked for in'],
    ['import_role: { name: there, tasks_from: gone }', 'FileNotFound', '3:28', 'relative to the file'],
    ['import_role: { name: there, tasks_from: [a] }', 'BadValue', '3:47', 'tasks_from'],
    ['import_role: { name: there, apply: {} }', 'UnknownKeyword', '3:35', 'docs/playbooks.md'],
    ['import_playbook: x.yml', 'MisplacedKeyword', '3:7', 'beside the plays'],
    ['block: x', 'BadValue', '3:14', 'behind "- "'],
    ['block: [] ; rescue: x', 'BadValue', '4:15', 'behind "- "'],
    ['block: [] ; always: { debug: {} }', 'BadValue', '4:15', 'behind "- "'],
    ['block: [] ; debug: {}', 'SeveralModules', '4:7', 'put it into the block'],
    ['rescue: []', 'UselessKeyword', '3:7', 'under "block"'],
    ['meta:', 'BadValue', '3:12', 'meta: flush_handlers'],
    ['meta: [noop]', 'BadValue', '3:13', 'meta: flush_handlers'],
    ['meta: flush_handler', 'BadValue', '3:13', 'did you mean "flush_handlers"'],
    ['debug: {} ; retries: 3', 'UselessKeyword', '4:7', 'add until'],
    ['debug: {} ; loop_control: {}', 'UselessKeyword', '4:7', 'add loop'],
    ['debug: {} ; copy: {}', 'SeveralModules', '4:7', 'make two of it'],
    ['theforeman.foreman.task: {}', 'UnknownModule', '3:7', 'own-modules.md'],
    ['debgu: {}', 'UnknownModule', '3:7', 'did you mean "debug"'],
    ['nmae: x ; debug: {}', 'UnknownKeyword', '3:7', 'did you mean "name"'],
    ['debug', 'BadTask', '3:7', 'write - debug: {}'],
    ['null', 'BadTask', '3:7', 'take it out'],
    ['name: x', 'MissingModule', '3:7', 'for example'],
  ])('%s', async (yaml, code, place, hint) => isOne(await inTask(yaml), code, place, hint));

  it.each([
    ['hosts: all ; roles: [{ rol: there }]', '2:13', 'UnknownKeyword', 'did you mean "role"'],
    ['hosts: all ; roles: [{ role: there, foo: 1 }]', '2:26', 'UnknownKeyword', 'under vars'],
    ['hosts: all ; roles: [{ role: [x] }]', '2:19', 'BadValue', 'role'],
    ['hosts: all ; roles: [{ role: gone }]', '2:19', 'UnknownRole', 'looked for in'],
    ['hosts: all ; roles: [{ role: there, register: x }]', '2:26', 'MisplacedKeyword', 'a task'],
    ['hosts: all ; vars_files: [[a.yml, b.yml]]', '2:16', 'BadValue', 'group_vars and host_vars'],
    ['hosts: all ; handlers: [{ block: [] }]', '2:14', 'MisplacedKeyword', 'listen'],
    ['hosts: all ; handlers: [{ meta: noop }]', '2:14', 'MisplacedKeyword', 'listen'],
    ['hosts: all ; handlers: [{ import_role: { name: there } }]', '2:14', 'MisplacedKeyword', 'listen'],
    ['import_playbook: gone.yml', '1:20', 'FileNotFound', 'site.yml'],
    ['import_playbook: [a]', '1:20', 'BadValue', 'import_playbook: other.yml'],
    ['import_playbook: gone.yml ; hosts: all', '2:3', 'MisplacedKeyword', 'a play'],
    ['task: []', '1:3', 'UnknownKeyword', 'did you mean "tasks"'],
    ['debug: {}', '1:3', 'MissingKeyword', 'looks like a task'],
    ['tasks: []', '1:3', 'MissingKeyword', 'hosts: all'],
  ])('%s', async (yaml, place, code, hint) => isOne((await inPlay(yaml)).slice(0, 1), code, place, hint));
});
