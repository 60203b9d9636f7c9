import { besideAnsible, type Case, tasks } from './beside-ansible.ts';

/** Nobody listens where h2 is. */
const LOST = {
  hosts: `[hypervisors]
h1 ansible_connection=local
h2 ansible_host=127.0.0.1 ansible_port=1
h3 ansible_connection=local
[hypervisors:vars]
ansible_become=false
`,
};
const TRUE = 'command: { argv: ["true"] }';

const CASES: Readonly<Record<string, Case>> = {
  'any_errors_fatal, where one is lost': {
    files: LOST,
    // With Ansible it is sometimes 2 where a host was lost.
    status: 4,
    playbook: `- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - debug: { msg: one }
    - ${TRUE}
      changed_when: false
    - debug: { msg: never }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: never } }]
`,
  },
  'the share that may fail, where one is lost': {
    files: LOST,
    playbook: `- hosts: all
  gather_facts: false
  max_fail_percentage: 70
  tasks:
    - ${TRUE}
      changed_when: false
    - fail: { msg: x }
      when: inventory_hostname == "h3"
    - debug: { msg: goes on }
`,
  },
  'batches, where one is lost': {
    files: LOST,
    playbook: `- hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - ${TRUE}
      changed_when: false
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'ignore_unreachable, on a task and on a block': {
    files: LOST,
    playbook: tasks(`
    - ${TRUE}
      changed_when: false
      ignore_unreachable: true
      register: r
    - debug: { msg: "went on" }
    - block:
        - ${TRUE}
          changed_when: false
        - debug: { msg: "and on" }
      ignore_unreachable: true
      rescue:
        - debug: { msg: rescue }
    - ${TRUE}
      changed_when: false
    - debug: { msg: end }
`),
  },
  'rescue and always, where one is lost': {
    files: LOST,
    playbook: tasks(`
    - block:
        - ${TRUE}
          changed_when: false
      rescue:
        - debug: { msg: rescue }
      always:
        - debug: { msg: always }
    - debug: { msg: end }
`),
  },
  'run_once, where the first fails': {
    playbook: tasks(`
    - fail: { msg: first }
      when: inventory_hostname == "h1"
    - fail: { msg: second }
      run_once: true
    - debug: { msg: never }
`),
  },
  'run_once, where the first fails and is rescued': {
    playbook: tasks(`
    - block:
        - fail: { msg: first }
          run_once: true
      rescue:
        - debug: { msg: rescue }
    - debug: { msg: end }
`),
  },
  'run_once, where the first is lost': {
    files: LOST,
    status: 4,
    args: ['-l', 'h2,h3'],
    playbook: tasks(`
    - ${TRUE}
      changed_when: false
      run_once: true
    - debug: { msg: end }
`),
  },
  'failures inside of rescue and always, nested': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - block:
        - block:
            - fail: { msg: a }
          rescue:
            - block:
                - fail: { msg: b }
              rescue:
                - debug: { msg: saved }
              always:
                - debug: { msg: inner always }
            - fail: { msg: c }
              when: inventory_hostname != "h3"
          always:
            - block:
                - fail: { msg: d }
                  when: inventory_hostname == "h2"
              rescue:
                - debug: { msg: saved too }
            - debug: { msg: middle always }
        - debug: { msg: only h3 }
      rescue:
        - debug: { msg: outer rescue }
        - fail: { msg: e }
          when: inventory_hostname == "h1"
      always:
        - fail: { msg: f }
          when: inventory_hostname == "h3"
        - debug: { msg: outer always }
    - debug: { msg: end }
`,
  },
  'handlers flushed between failures': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: h }
    - fail: { msg: x }
      when: inventory_hostname == "h1"
    - meta: flush_handlers
    - { debug: { msg: b }, changed_when: true, notify: [h, g] }
    - fail: { msg: y }
      when: inventory_hostname == "h2"
  post_tasks:
    - debug: { msg: post }
  handlers:
    - { name: h, debug: { msg: h } }
    - { name: g, fail: { msg: g }, listen: h2 }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'handlers of roles, by name, by role and by what they listen to': {
    playbook: `- hosts: h1
  gather_facts: false
  roles: [one, two]
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: same }
    - { debug: { msg: b }, changed_when: true, notify: "one : same" }
    - { debug: { msg: c }, changed_when: true, notify: topic }
    - meta: flush_handlers
    - { debug: { msg: d }, changed_when: true, notify: topic }
  handlers:
    - { name: own, debug: { msg: own }, listen: [topic, other] }
`,
    files: {
      'roles/one/tasks/main.yml': '- { debug: { msg: t1 }, changed_when: true, notify: same }\n',
      'roles/one/handlers/main.yml': '- { name: same, debug: { msg: one }, listen: topic }\n',
      'roles/two/tasks/main.yml': '- { debug: { msg: t2 }, changed_when: true, notify: [same, other] }\n',
      'roles/two/handlers/main.yml': '- { name: same, debug: { msg: two }, listen: topic }\n',
    },
  },
  'handlers, whatever tags are skipped': {
    args: ['--skip-tags', 'other'],
    playbook: `- hosts: h1
  gather_facts: false
  tasks:
    - { debug: { msg: x }, changed_when: true, notify: [h, g] }
    - { debug: { msg: y }, tags: other }
  handlers:
    - { name: h, debug: { msg: h }, tags: other }
    - { name: g, debug: { msg: g }, tags: never }
`,
  },
  'plays for others behind one that all hosts failed in': {
    playbook: `- hosts: h1
  gather_facts: false
  tasks: [{ fail: { msg: x } }]
- hosts: h2
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'plays for others behind one that too many hosts failed in': {
    playbook: `- hosts: h1:h2
  gather_facts: false
  max_fail_percentage: 10
  tasks:
    - { fail: { msg: x }, when: inventory_hostname == "h1" }
    - { debug: { msg: y } }
- hosts: h3
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'plays for others behind one that some hosts failed in': {
    playbook: `- hosts: h1:h2
  gather_facts: false
  tasks:
    - { fail: { msg: x }, when: inventory_hostname == "h1" }
- hosts: h3
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  'end_host, end_play and clear_facts among failures': {
    playbook: `- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: h }
    - block:
        - fail: { msg: x }
          when: inventory_hostname == "h1"
      rescue:
        - debug: { msg: rescue }
      always:
        - meta: end_host
          when: inventory_hostname == "h3"
        - debug: { msg: always }
    - meta: clear_facts
    - meta: noop
    - debug: { msg: b }
    - meta: end_play
      when: inventory_hostname == "h2"
    - debug: { msg: c }
  handlers:
    - { name: h, debug: { msg: h } }
- hosts: all
  gather_facts: false
  tasks: [{ debug: { msg: second } }]
`,
  },
  '--start-at-task in the second play, and in a role': {
    args: ['--start-at-task', 'r : in role'],
    playbook: `- hosts: all
  gather_facts: false
  tasks: [{ name: first, debug: { msg: 1 } }]
- hosts: all
  gather_facts: false
  roles: [r]
  pre_tasks: [{ name: pre, debug: { msg: p } }]
  tasks: [{ name: last, debug: { msg: 3 }, changed_when: true, notify: h }]
  handlers: [{ name: h, debug: { msg: h } }]
`,
    files: {
      'roles/r/tasks/main.yml': '- { name: before, debug: {} }\n- { name: in role, debug: { msg: 2 } }\n',
    },
  },
  '--start-at-task by a pattern': {
    args: ['--start-at-task', 'th?r*'],
    playbook: tasks(`
    - { name: one, debug: { msg: 1 } }
    - { name: third, debug: { msg: 3 } }
    - { name: five, debug: { msg: 5 } }
`),
  },
  'batches as a list': {
    playbook: `- hosts: all
  gather_facts: false
  serial: [1, 1, 5]
  order: reverse_sorted
  tasks:
    - debug: { msg: "{{ inventory_hostname }}" }
    - fail: { msg: x }
      when: inventory_hostname == "h2"
    - debug: { msg: "end" }
`,
  },
  'any_errors_fatal, with rescue, always and handlers': {
    playbook: `- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - { debug: { msg: a }, changed_when: true, notify: h }
    - block:
        - fail: { msg: x }
          when: inventory_hostname == "h2"
        - debug: { msg: others }
      rescue:
        - debug: { msg: rescue }
      always:
        - debug: { msg: always }
    - debug: { msg: end }
    - fail: { msg: y }
      when: inventory_hostname == "h2"
    - debug: { msg: never }
  handlers: [{ name: h, debug: { msg: h } }]
`,
  },
  'throttle, timeout, environment and no_log': {
    playbook: tasks(`
    - debug: { msg: "{{ inventory_hostname }}" }
      throttle: 1
      timeout: 20
      environment: { A: b }
    - debug: { msg: hidden }
      no_log: true
    - fail: { msg: hidden }
      no_log: true
      ignore_errors: true
`),
  },
};

besideAnsible(CASES);
