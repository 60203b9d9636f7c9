import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { tool } from '../support/tool.ts';
import { besideAnsible, type Case } from './beside-ansible.ts';
import { makeSite } from './site.ts';

const FILES = {
  'roles/common/tasks/main.yml': `
- debug: { msg: common }
  changed_when: true
  notify: h
- name: named
  debug: { msg: "{{ role_name }}" }
  tags: own
`,
  'roles/common/handlers/main.yml': '- name: h\n  debug: { msg: handled }\n',
  'roles/a/meta/main.yml': 'dependencies: [common]\n',
  'roles/a/tasks/main.yml': '- ansible.builtin.debug: { msg: a }\n- { name: b, debug: { msg: b }, tags: [never, x] }\n',
  'roles/b/meta/main.yml': 'dependencies:\n  - common\n  - { role: a, tags: via }\n',
  'roles/b/tasks/main.yml': '- name: b\n  debug: { msg: b }\n',
};
const play = (roles: string): string => `- hosts: all\n  gather_facts: false\n  roles:\n${roles}`;

const WHEN = play(`    - { role: a, when: inventory_hostname == "h1" }\n    - b\n`);
const TAGS = play(`    - common\n    - { role: b, tags: t }\n    - common\n    - { role: common, vars: { v: 1 } }\n`);
const IMPORTS = `${play('    - a\n')}  tasks:
    - import_role: { name: b }
      tags: i
    - import_role: { name: common, tasks_from: main }
`;

const CASES: Readonly<Record<string, Case>> = {
  'a dependency whose first use is skipped on some hosts': { playbook: WHEN, files: FILES },
  'a dependency whose first use has not the tag': { playbook: TAGS, files: FILES, args: ['-t', 't'] },
  'roles that are used again': { playbook: TAGS, files: FILES },
  'imports of roles that ran before': { playbook: IMPORTS, files: FILES },
  'imports of roles, by a tag': { playbook: IMPORTS, files: FILES, args: ['-t', 'i'] },
};

besideAnsible(CASES);

const ansible = tool('ansible-playbook', 'ansible-core');

describe.skipIf(ansible === undefined)('beside ansible-playbook (skipped where it is not installed)', () => {
  it.each([
    ['--list-tasks'],
    ['--list-tags'],
    ['--list-tasks', '-t', 't,i'],
    ['--list-tasks', '-t', 'never'],
    ['--list-tasks', '--skip-tags', 'own'],
    ['--list-tasks', '-t', 'untagged'],
  ])('lists the same: %s %s %s', (...args) => {
    const site = makeSite();
    for (const [name, text] of Object.entries(FILES)) site.write(name, text);
    site.write('site.yml', WHEN + TAGS + IMPORTS);

    const ours = site.kvmplay('run', 'site.yml', '-i', 'hosts', ...args);
    const theirs = spawnSync(String(ansible), ['site.yml', '-i', 'hosts', ...args], {
      cwd: site.folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: site.folder, ANSIBLE_NOCOLOR: '1' },
    });

    expect(ours.out, ours.err).toBe(theirs.stdout);
  });
});
