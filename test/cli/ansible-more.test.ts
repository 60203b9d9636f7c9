import { besideAnsible, type Case, tasks } from './beside-ansible.ts';

const CASES: Readonly<Record<string, Case>> = {
  'several conditions of failed_when and changed_when': {
    playbook: tasks(`
    - debug: { msg: x }
      register: r
      failed_when: ['r.msg == "x"', inventory_hostname == "h1"]
    - debug: { msg: x }
      changed_when: ['inventory_hostname == "h2"', true]
      failed_when: false
`),
  },
  'handlers with conditions, that fail, and that notify earlier ones': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - debug: { msg: "{{ item }}" }
      loop: [1, 2]
      changed_when: item == 2
      notify: [a, b]
    - debug: { msg: s }
      notify: [c]
      changed_when: true
      when: inventory_hostname != "h2"
    - meta: flush_handlers
      when: true
    - debug: { msg: after }
      changed_when: true
      notify: a
  handlers:
    - name: b
      debug: { msg: b }
      when: inventory_hostname == "h1"
    - name: a
      debug: { msg: a }
      notify: b
      changed_when: true
    - name: c
      debug: { msg: c }
      failed_when: inventory_hostname == "h3"
    - name: d
      listen: a
      debug: { msg: d }
`,
  },
  'handlers with loops': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - debug: { msg: x }
      changed_when: true
      notify: h
  handlers:
    - name: h
      debug: { msg: "{{ item }}" }
      loop: [1, 2]
    - name: h2
      listen: [h, zz]
      debug: { msg: h2 }
`,
  },
  'two handlers of one name': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - debug: { msg: x }
      changed_when: true
      notify: h
  handlers:
    - name: h
      debug: { msg: first }
    - name: h
      debug: { msg: second }
`,
  },
  'a handler notified by a later one after the last section': {
    playbook: `- hosts: all
  gather_facts: false
  pre_tasks: [{ debug: { msg: pre }, changed_when: true, notify: two }]
  tasks: [{ debug: { msg: t } }]
  post_tasks: [{ debug: { msg: post } }]
  handlers:
    - { name: one, debug: { msg: one } }
    - { name: two, debug: { msg: two }, changed_when: true, notify: one }
`,
  },
  'a handler that fails': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - { debug: { msg: t }, changed_when: true, notify: [one, two] }
  handlers:
    - { name: one, fail: { msg: one }, when: inventory_hostname == "h1" }
    - { name: two, debug: { msg: two } }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'run_once with loops, conditions, blocks and failures': {
    playbook: tasks(`
    - debug: { msg: "{{ inventory_hostname }} {{ item }}" }
      loop: [a, b]
      run_once: true
      register: r
    - debug: { msg: "{{ r.changed }}" }
    - debug: { msg: never }
      run_once: true
      when: inventory_hostname == "h2"
    - block:
        - debug: { msg: in block }
        - set_fact: { z: "{{ inventory_hostname }}" }
      run_once: true
    - debug: { msg: x }
      run_once: true
      changed_when: true
      notify: h
    - fail: { msg: all }
      run_once: true
      ignore_errors: true
    - fail: { msg: all }
      run_once: true
    - debug: { msg: never }
  handlers:
    - name: h
      debug: { msg: h }
`),
  },
  'any_errors_fatal on a block and on a task': {
    playbook: tasks(`
    - block:
        - fail: { msg: x }
          when: inventory_hostname == "h2"
      rescue:
        - debug: { msg: rescued }
      any_errors_fatal: true
    - debug: { msg: next }
    - fail: { msg: y }
      when: inventory_hostname == "h3"
      any_errors_fatal: true
    - debug: { msg: never }
`),
  },
  'the share that may fail, with batches': {
    playbook: `- hosts: all
  gather_facts: false
  serial: [1, 2]
  max_fail_percentage: 50
  tasks:
    - fail: { msg: x }
      when: inventory_hostname == "h2"
    - debug: { msg: y }
- hosts: all
  gather_facts: false
  max_fail_percentage: 0
  tasks:
    - debug: { msg: z }
    - fail: { msg: x }
      when: inventory_hostname == "h3"
    - debug: { msg: never }
`,
  },
  'the share that may fail, exactly reached': {
    playbook: `- hosts: all
  gather_facts: false
  max_fail_percentage: 33
  tasks:
    - fail: { msg: x }
      when: inventory_hostname == "h2"
    - debug: { msg: y }
    - fail: { msg: x }
      when: inventory_hostname == "h3"
    - debug: { msg: y }
`,
  },
  'the order of hosts': {
    playbook: ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted']
      .map(
        (o) => `- hosts: h3,h1,h2
  order: ${o}
  gather_facts: false
  serial: 1
  tasks:
    - debug: { msg: "{{ inventory_hostname }}" }
`,
      )
      .join(''),
  },
  'batches of a share, and all at once': {
    playbook: `- hosts: all
  gather_facts: false
  serial: "40%"
  tasks:
    - debug: { msg: "{{ inventory_hostname }}" }
- hosts: all
  gather_facts: false
  serial: ["10%", "100%"]
  tasks:
    - debug: { msg: b }
- hosts: all
  gather_facts: false
  serial: 0
  tasks:
    - debug: { msg: c }
`,
  },
  'end_host in a block, end_play decided by the first host': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - meta: noop
    - block:
        - meta: end_host
          when: inventory_hostname == "h2"
        - debug: { msg: a }
      always:
        - debug: { msg: always }
    - meta: clear_facts
    - debug: { msg: b }
    - meta: end_play
      when: inventory_hostname == "h3"
    - debug: { msg: c }
- hosts: all
  gather_facts: false
  tasks:
    - debug: { msg: second }
`,
  },
  'end_play ends later batches': {
    playbook: `- hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - debug: { msg: a }
    - { meta: end_play, when: inventory_hostname == "h1" }
    - debug: { msg: y }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'handlers of hosts that end early': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: h }
    - { meta: end_host, when: inventory_hostname == "h1" }
    - debug: { msg: y }
    - meta: end_play
  handlers:
    - { name: h, debug: { msg: h } }
`,
  },
  'tags: tagged': {
    args: ['--tags', 'tagged'],
    playbook: tasks(`
    - { debug: { msg: a }, tags: [x] }
    - { debug: { msg: b } }
    - { debug: { msg: c }, tags: [never] }
    - { debug: { msg: d }, tags: [always] }
    - { debug: { msg: e }, tags: [never, y] }
`),
  },
  'tags: untagged': {
    args: ['--tags', 'untagged'],
    playbook: tasks(`
    - { debug: { msg: a }, tags: [x] }
    - { debug: { msg: b } }
    - { debug: { msg: d }, tags: [always] }
`),
  },
  'tags: skipping always': {
    args: ['--skip-tags', 'always'],
    playbook: tasks(`
    - { debug: { msg: a }, tags: [x] }
    - { debug: { msg: d }, tags: [always] }
    - { debug: { msg: e }, tags: [always, x] }
`),
  },
  'tags: skipping tagged': {
    args: ['--skip-tags', 'tagged'],
    playbook: tasks(`
    - { debug: { msg: a }, tags: [x] }
    - { debug: { msg: b } }
    - { debug: { msg: d }, tags: [always] }
`),
  },
  'tags: never itself': {
    args: ['--tags', 'never'],
    playbook: tasks(`
    - { debug: { msg: a }, tags: [x] }
    - { debug: { msg: c }, tags: [never, q] }
`),
  },
  'tags of roles, imports and handlers': {
    args: ['--tags', 'r'],
    playbook: `- hosts: all
  gather_facts: false
  roles: [{ role: one, tags: [r] }, two]
  tasks:
    - import_tasks: t.yml
      tags: r
    - { debug: { msg: x }, changed_when: true, notify: h, tags: "r,s" }
  handlers:
    - { name: h, debug: { msg: h }, tags: other }
`,
    files: {
      'roles/one/tasks/main.yml': '- debug: { msg: one }\n',
      'roles/two/tasks/main.yml': '- debug: { msg: two }\n- debug: { msg: two r }\n  tags: [r]\n',
      't.yml': '- debug: { msg: t }\n',
    },
  },
  'tags of imported playbooks, tasks and roles': {
    args: ['-t', 'a'],
    playbook: `- import_playbook: p.yml
  tags: a
- hosts: h1
  gather_facts: false
  tags: b
  tasks:
    - debug: { msg: no }
    - import_tasks: t.yml
      tags: a
    - block:
        - import_role: { name: one }
      tags: [a]
`,
    files: {
      'p.yml': '- hosts: h2\n  gather_facts: false\n  tasks: [{ debug: { msg: p } }]\n',
      't.yml': '- debug: { msg: t }\n- { debug: { msg: t2 }, tags: never }\n',
      'roles/one/tasks/main.yml': '- debug: { msg: one }\n',
    },
  },
  'module_defaults and args': {
    playbook: `- hosts: all
  gather_facts: false
  module_defaults: { debug: { msg: dflt }, ansible.builtin.fail: { msg: f } }
  tasks:
    - debug: {}
    - debug: { msg: own }
    - block: [{ debug: {} }]
      module_defaults: { debug: { msg: inner } }
    - debug:
      args: { msg: args }
    - fail: {}
      ignore_errors: true
`,
  },
  delegate_to: {
    playbook: tasks(`
    - debug: { msg: "{{ inventory_hostname }}" }
      delegate_to: h2
    - debug: { msg: "{{ inventory_hostname }}" }
      delegate_to: "{{ target }}"
      run_once: true
    - debug: { msg: "{{ inventory_hostname }}" }
      delegate_to: localhost
      loop: [1, 2]
`),
    args: ['-e', 'target=h3'],
  },
  '--start-at-task inside a block': {
    args: ['--start-at-task', 'three'],
    playbook: tasks(`
    - { name: one, debug: { msg: 1 } }
    - block:
        - { name: two, debug: { msg: 2 } }
        - { name: three, debug: { msg: 3 } }
      always:
        - { name: four, debug: { msg: 4 } }
    - { name: five, debug: { msg: 5 } }
`),
  },
  '--force-handlers': {
    args: ['--force-handlers'],
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - { debug: { msg: x }, changed_when: true, notify: h }
    - { fail: { msg: y }, when: inventory_hostname != "h2" }
    - { debug: { msg: z }, changed_when: true, notify: g }
  handlers:
    - { name: h, debug: { msg: h } }
    - { name: g, debug: { msg: g } }
`,
  },
  'failures in always': {
    playbook: tasks(`
    - name: outer
      block:
        - name: inner
          block:
            - fail: { msg: x }
          always:
            - fail: { msg: in always }
              when: inventory_hostname == "h1"
            - debug: { msg: al }
      rescue:
        - debug: { msg: resc }
      always:
        - debug: { msg: out }
    - debug: { msg: end }
      when: inventory_hostname != "h3"
`),
  },
  'what a rescue sees of the failure': {
    playbook: tasks(`
    - block:
        - name: breaks
          fail: { msg: why }
      rescue:
        - debug: { msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.msg }}" }
`),
  },
  'a rescue that fails, and handlers notified in one': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - block:
        - { fail: { msg: x }, when: inventory_hostname != "h3" }
        - debug: { msg: after }
      rescue:
        - { debug: { msg: r1 }, changed_when: true, notify: h }
        - { fail: { msg: y }, when: inventory_hostname == "h2" }
        - debug: { msg: r2 }
      always:
        - debug: { msg: alw }
    - debug: { msg: end }
  handlers:
    - { name: h, debug: { msg: h } }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'batches after one in which all failed': {
    playbook: `- hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - { fail: { msg: x }, when: inventory_hostname == "h1" }
    - debug: { msg: y }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'batches after one in which one failed': {
    playbook: `- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - { fail: { msg: x }, when: inventory_hostname == "h1" }
    - debug: { msg: y }
`,
  },
  'batches after a fatal failure': {
    playbook: `- hosts: all
  gather_facts: false
  serial: 2
  any_errors_fatal: true
  tasks:
    - { fail: { msg: x }, when: inventory_hostname == "h1" }
    - debug: { msg: y }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'labels of items': {
    playbook: tasks(`
    - debug: { msg: "{{ item.key }}={{ item.value }}" }
      loop: [{ key: a, value: 1 }]
      loop_control: { label: "{{ item.key }}" }
    - debug: { msg: x }
      loop: [{ a: 1 }, [1, 2], text, 5, true]
    - set_fact: { sf: "{{ item }}" }
      loop: [1, 2]
    - debug: { msg: "{{ sf }}" }
`),
  },
  'magic variables': {
    playbook: `- name: magic
  hosts: all
  gather_facts: false
  serial: 2
  roles: [one]
  tasks:
    - { debug: { msg: "{{ item }}" }, loop: "{{ play_hosts }}" }
    - { debug: { msg: "{{ item }}" }, loop: "{{ ansible_play_batch }}" }
    - { debug: { msg: "{{ item }}" }, loop: "{{ ansible_play_hosts }}" }
    - { debug: { msg: "{{ item }}" }, loop: "{{ group_names }}" }
    - { debug: { msg: "{{ item }}" }, loop: "{{ groups.hypervisors }}" }
    - debug: { msg: "{{ inventory_hostname_short }} {{ ansible_play_name }}" }
    - debug: { msg: "{{ playbook_dir }} {{ inventory_dir }} {{ inventory_file }}" }
    - debug: { msg: "{{ hostvars.h3.inventory_hostname }}" }
`,
    files: {
      'roles/one/tasks/main.yml': '- debug: { msg: "{{ role_name }} {{ role_path }} {{ ansible_role_name }}" }\n',
    },
  },
  'values that keep their type': {
    playbook: tasks(`
    - set_fact: { a: 5, b: "5", c: true, d: 1.5, e: [1, "2"], f: { k: [1] }, g: null }
    - debug: { msg: "{{ a }}" }
    - debug: { msg: "{{ b }}" }
    - debug: { msg: "{{ c }}" }
    - debug: { msg: "{{ d }}" }
    - debug: { msg: "{{ e }}" }
    - debug: { msg: "{{ f }}" }
    - debug: { msg: "x{{ a }}y" }
    - debug: { var: f.k }
    - debug: { var: e }
`),
  },
  'vars_files by name': {
    playbook: `- hosts: all
  gather_facts: false
  vars_files: ["{{ env }}.yml", "b.yml"]
  tasks:
    - debug: { msg: "{{ a }} {{ b }}" }
`,
    files: { 'prod.yml': 'a: 1\nb: 1\n', 'b.yml': 'b: 2\n' },
    args: ['-e', 'env=prod'],
  },
  'a role that says what it needs, with a dependency and handlers that listen': {
    args: ['-l', 'h1,h3', '-e', '@extra.yml'],
    playbook: `- hosts: all
  gather_facts: false
  roles: [{ role: base, vars: { mode: b } }]
`,
    files: {
      'extra.yml': 'swap: 5\n',
      'roles/base/meta/main.yml': 'dependencies: [{ role: dep, vars: { level: 3 } }]\n',
      'roles/base/meta/argument_specs.yml': `argument_specs:
  main:
    short_description: Base of all
    options: { swap: { type: int, required: true }, mode: { type: str, choices: [a, b] } }
`,
      'roles/dep/tasks/main.yml': '- debug: { msg: "{{ level }}" }\n',
      'roles/base/tasks/main.yml': `- { name: Say, debug: { msg: "{{ swap }}{{ mode }}" }, changed_when: true, notify: tuned }
- import_tasks: more.yml
`,
      'roles/base/tasks/more.yml': '- { name: More, ansible.builtin.debug: { var: mode } }\n',
      'roles/base/handlers/main.yml': `- { name: one, listen: tuned, debug: { msg: one } }
- { name: two, listen: tuned, debug: { msg: two } }
`,
    },
  },
  'a limit and skipped tags': {
    args: ['-l', 'h2,h3', '--skip-tags', 'q'],
    playbook: tasks(`
    - { debug: { msg: "{{ ansible_play_hosts }}" } }
    - { debug: { msg: q }, tags: q }
`),
  },
};

besideAnsible(CASES);
