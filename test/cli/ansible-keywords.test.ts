import { besideAnsible, type Case } from './beside-ansible.ts';

const CASES: Readonly<Record<string, Case>> = {
  'keywords that are templates': {
    args: ['-e', '{"yes_": true, "many": 2}'],
    playbook: `- hosts: all
  gather_facts: false
  vars: { never: false, word: "no" }
  tasks:
    - fail: { msg: x }
      ignore_errors: "{{ yes_ }}"
    - fail: { msg: "{{ item }}" }
      loop: [true]
      ignore_errors: "{{ item }}"
    - debug: { msg: once }
      run_once: "{{ yes_ }}"
    - debug: { msg: each }
      run_once: "{{ never }}"
      become: "{{ word }}"
      throttle: "{{ many }}"
      timeout: "{{ many }}"
      diff: "{{ never }}"
      check_mode: "{{ never }}"
    - set_fact: { a: x }
      register: r
      until: r.changed
      retries: "{{ many }}"
      delay: "0"
      failed_when: false
    - debug: { msg: "{{ item }}" }
      loop: [1, 2]
      loop_control: { pause: "{{ never }}", label: "{{ item }}" }
`,
  },
  'what tasks say that touch no host': {
    playbook: `- hosts: all
  gather_facts: false
  tasks:
    - assert: { that: [true], success_msg: fine }
    - assert: { that: inventory_hostname != "h2", quiet: true }
      ignore_errors: true
    - assert: { that: [true, inventory_hostname != "h1"], msg: wrong }
      register: r
      ignore_errors: true
    - debug: { msg: "{{ r.assertion }} {{ r.msg }}" }
      when: inventory_hostname == "h1"
    - debug: { msg: loud, verbosity: 1 }
    - debug: { msg: [1, { a: b }] }
    - set_fact: { one: 1, two: "{{ inventory_hostname }}" }
    - debug: { msg: "{{ two }}" }
    - pause: { seconds: 1 }
      when: inventory_hostname == "h1"
    - fail: { msg: 5 }
`,
  },
  'what shapes a play out of its own variables': {
    playbook: `- hosts: "{{ which }}"
  vars: { which: "h1,h3", size: 1, name_: here }
  vars_files: ["{{ playbook_dir }}/{{ name_ }}.yml"]
  gather_facts: "{{ never }}"
  serial: "{{ size }}"
  order: "{{ order_ }}"
  max_fail_percentage: "{{ share }}"
  tasks:
    - debug: { msg: "{{ inventory_hostname }}" }
      tags: "{{ tag }}"
    - debug: { msg: x }
      tags: other
    - import_tasks: "{{ name_ }}-tasks.yml"
      tags: [t]
`,
    files: {
      'here.yml': 'never: false\norder_: reverse_inventory\nshare: 50\ntag: [t, u]\n',
      'here-tasks.yml': '- debug: { msg: imported }\n',
    },
    args: ['-t', 't'],
  },
};

besideAnsible(CASES);
