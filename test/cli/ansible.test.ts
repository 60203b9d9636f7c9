import { besideAnsible, type Case, tasks } from './beside-ansible.ts';

const CASES: Readonly<Record<string, Case>> = {
  'blocks, what rescues them and what is always done': {
    playbook: tasks(`
    - block:
        - debug: { msg: one }
        - block:
            - fail: { msg: inner }
            - debug: { msg: never }
          rescue:
            - fail: { msg: again }
          always:
            - debug: { msg: inner always }
        - debug: { msg: never }
      rescue:
        - debug: { msg: outer rescue }
      always:
        - debug: { msg: outer always }
    - block:
        - fail: { msg: ignored }
          ignore_errors: true
        - debug: { msg: went on }
      rescue:
        - debug: { msg: never }
    - block:
        - fail: { msg: last }
          when: inventory_hostname == "h1"
      always:
        - debug: { msg: still }
    - debug: { msg: others }
`),
  },
  'handlers: order, listen, flush, and handlers that notify': {
    playbook: `- hosts: all
  gather_facts: false
  handlers:
    - name: a
      debug: { msg: a }
    - name: b
      debug: { msg: b }
      changed_when: true
      notify: d
      listen: topic
    - name: c
      debug: { msg: c }
      listen: [topic]
    - name: d
      debug: { msg: d }
  pre_tasks:
    - debug: { msg: pre }
      changed_when: true
      notify: c
  tasks:
    - debug: { msg: x }
      changed_when: true
      notify: [topic, a]
    - meta: flush_handlers
    - debug: { msg: y }
      changed_when: inventory_hostname == "h2"
      notify: a
    - debug: { msg: z }
      notify: b
  post_tasks:
    - debug: { msg: post }
`,
  },
  'handlers of a host that fails': {
    playbook: `- hosts: all
  gather_facts: false
  handlers:
    - name: a
      debug: { msg: a }
  tasks:
    - debug: {}
      changed_when: true
      notify: a
    - fail: {}
      when: inventory_hostname == "h2"
- hosts: all
  gather_facts: false
  force_handlers: true
  handlers:
    - name: f
      debug: { msg: f }
  tasks:
    - debug: {}
      changed_when: true
      notify: f
    - fail: {}
`,
  },
  'serial, and the share that may fail': {
    playbook: `- hosts: all
  gather_facts: false
  serial: [1, "50%"]
  max_fail_percentage: 60
  tasks:
    - debug: { msg: "{{ inventory_hostname }}" }
    - fail: {}
      when: inventory_hostname == "h2"
    - debug: { msg: further }
- hosts: all
  gather_facts: false
  max_fail_percentage: 20
  tasks:
    - fail: {}
      when: inventory_hostname == "h3"
    - debug: { msg: never }
- hosts: all
  gather_facts: false
  tasks:
    - debug: { msg: never }
`,
  },
  'one failure that is fatal for all': {
    playbook: `- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - debug: { msg: one }
    - fail: {}
      when: inventory_hostname == "h3"
    - debug: { msg: never }
`,
  },
  'run_once, register and set_fact': {
    playbook: tasks(`
    - debug: { msg: "{{ inventory_hostname }}" }
      run_once: true
      register: once
    - assert: { that: once.changed == false }
    - set_fact: { number: 5, word: "{{ inventory_hostname }}" }
    - assert: { that: [number == 5, word == inventory_hostname] }
    - debug: { msg: "{{ word }}" }
      vars: { word: task }
    - debug: { msg: skipped }
      when: number == 6
      register: skip
    - assert: { that: [skip.skipped == true, skip.changed == false] }
    - fail: { msg: why }
      ignore_errors: true
      register: broken
    - assert: { that: [broken.failed == true, broken.msg == "why"] }
`),
  },
  'loops, what they register, and conditions for each item': {
    playbook: tasks(`
    - debug: { msg: "{{ item }}" }
      loop: [a, b, c]
      when: item != "b"
      changed_when: item == "c"
      register: all
    - assert: { that: ['all.changed == true', 'all.results[0].item == "a"', 'all.results[1].skipped == true'] }
    - debug: { msg: "{{ one.name }} {{ i }}" }
      loop: [{ name: x }, { name: y }]
      loop_control: { loop_var: one, index_var: i, label: "{{ one.name }}" }
    - debug: {}
      loop: []
    - fail: { msg: "{{ item }}" }
      loop: [p, q]
      ignore_errors: true
    - debug: { msg: "{{ item }}" }
      loop: [1, 2]
      failed_when: item == 1
`),
  },
  'until, failed_when and changed_when': {
    playbook: tasks(`
    - debug: { msg: x }
      register: tried
      until: tried.changed == false
      retries: 2
      delay: 0
    - debug: { msg: x }
      changed_when: [true, inventory_hostname == "h1"]
    - fail: {}
      failed_when: false
    - debug: { msg: x }
      failed_when: inventory_hostname == "h2"
    - debug: { msg: further }
`),
  },
  'meta, and hosts that end early': {
    playbook: `${tasks(`
    - debug: { msg: one }
    - meta: end_host
      when: inventory_hostname == "h1"
    - debug: { msg: two }
    - meta: end_play
    - debug: { msg: never }
`)}- hosts: all
  gather_facts: false
  tasks:
    - debug: { msg: all again }
`,
  },
  'tags, with always and never': {
    args: ['-t', 'x,never_else', '--skip-tags', 'nope'],
    playbook: `- hosts: all
  gather_facts: false
  tags: [play]
  tasks:
    - name: chosen
      debug: {}
      tags: x
    - name: not chosen
      debug: {}
    - name: always
      debug: {}
      tags: always
    - name: never
      debug: {}
      tags: [never, z]
    - name: never, but asked for
      debug: {}
      tags: [never, x]
    - name: skipped
      debug: {}
      tags: [x, nope]
    - block:
        - name: in a block
          debug: {}
      tags: x
`,
  },
  'roles in their order, with dependencies and defaults': {
    playbook: `- hosts: all
  gather_facts: false
  vars: { origin: play }
  pre_tasks: [{ name: pre, debug: {} }]
  roles: [{ role: one, vars: { given: role } }, two]
  tasks: [{ name: task, debug: { msg: "{{ origin }}" } }, { import_role: { name: two } }]
  post_tasks: [{ name: post, debug: {} }]
`,
    files: {
      'roles/one/meta/main.yml': 'dependencies: [two]\n',
      'roles/one/defaults/main.yml': 'origin: defaults\ngiven: defaults\nown: defaults\n',
      'roles/one/tasks/main.yml':
        '- debug: { msg: "{{ origin }} {{ given }} {{ own }}" }\n  changed_when: true\n  notify: told\n',
      'roles/one/handlers/main.yml': '- name: told\n  debug: { msg: "{{ own }}" }\n',
      'roles/two/vars/main.yml': 'strong: vars\n',
      'roles/two/tasks/main.yml': '- debug: { msg: "{{ strong }}" }\n',
    },
    args: ['-e', 'x=1'],
  },
  'variables, from weak to strong': {
    playbook: `- hosts: all
  gather_facts: false
  vars: { a: play, b: play, c: play, d: "{{ c }}", e: play, f: play }
  vars_files: [more.yml]
  tasks:
    - debug: { msg: "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }} {{ g }} {{ h }}" }
    - vars: { c: block, f: block }
      block:
        - debug: { msg: "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }} {{ g }} {{ h }}" }
        - debug: { msg: "{{ c }} {{ d }} {{ e }}" }
          vars: { c: task, e: task }
`,
    files: {
      'more.yml': 'b: file\n',
      'group_vars/all.yml': 'g: all\nh: all\na: all\n',
      'group_vars/hypervisors.yml': 'h: group\n',
      'host_vars/h2.yml': 'h: host\n',
    },
    args: ['-e', 'e=extra'],
  },
  'imports, with conditions and tags': {
    playbook: `- import_playbook: first.yml
  vars: { given: import }
- hosts: h1
  gather_facts: false
  tasks:
    - import_tasks: more.yml
      when: inventory_hostname == "h1"
      vars: { word: one }
    - import_tasks: more.yml
      when: false
      vars: { word: two }
`,
    files: {
      'first.yml': '- hosts: h2\n  gather_facts: false\n  tasks:\n    - debug: { msg: "{{ given }}" }\n',
      'more.yml': '- name: more\n  debug: { msg: "{{ word }}" }\n- block:\n    - debug: {}\n',
    },
  },
  'plays for which there is no host': {
    playbook:
      '- hosts: nobody\n  tasks: [{ debug: {} }]\n- hosts: h1\n  gather_facts: false\n  tasks: [{ debug: {} }]\n',
  },
};

besideAnsible(CASES);
