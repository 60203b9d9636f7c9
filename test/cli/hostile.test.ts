import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSite } from './site.ts';

/** What would show the variable `secret`, or run something, wherever it were taken for a template, a name or a condition. */
const HOSTILE = [
  '{{ secret }}',
  '{{{ secret }}}',
  '{{#if secret}}{{secret}}{{/if}}',
  '{{lookup this "secret"}}',
  '\\{{ secret }}',
  'x }}{{ secret }}{{ x',
  '{% raw %}{{ secret }}{% endraw %}',
  'secret',
  'secret == "" || true',
  "$(echo plan''ted) `echo plan''ted` ; echo plan''ted",
  '__proto__',
  'constructor',
];

const PLAYBOOK = `- hosts: all
  vars:
    by_name: "{{ r.stdout }}"
    twice: "{{ by_name }} {{ again }}"
    again: "{{ r.stdout_lines.[0] }}"
    inside: { list: ["{{ r.stdout }}", { deep: "{{ by_name }}" }] }
  tasks:
    - command: { argv: [cat, "{{ evil }}"] }
      register: r
      changed_when: false
    - name: "Named {{ r.stdout }}"
      debug: { msg: "{{ r.stdout }}" }
      register: said
    - set_fact: { kept: "{{ said.msg }}", mixed: "a {{ twice }} b", made: "{{ inside }}" }
    - debug: { msg: "{{ kept }} {{ mixed }} {{json made}}" }
    - debug: { var: kept }
    - debug: { msg: "{{ item }} {{ one.item }}" }
      loop: "{{ r.stdout_lines }}"
      loop_control: { label: "{{ item }}" }
      vars: { one: { item: "{{ item }}" } }
    - debug: { msg: "{{upper item.key}} {{ item.value }}" }
      loop: { a: "{{ r.stdout }}" }
    - assert: { that: [r.stdout == kept, 'kept.contains("{{ secret }}")', '!defined(hostvars.h1.planted)'] }
    - assert: { that: [false], fail_msg: "{{ kept }}" }
      ignore_errors: true
    - fail: { msg: "{{ item }}" }
      loop: "{{ r.stdout_lines }}"
      ignore_errors: true
    - command: { argv: [env] }
      environment: { EVIL: "{{ r.stdout }}" }
      changed_when: false
      register: env
    - debug: { msg: "{{ env.stdout }}" }
    - command: { argv: [printf, "%s", "{{ hostvars.h1.r.stdout }}"] }
      changed_when: false
      register: echoed
    - assert: { that: [echoed.stdout == r.stdout] }
    - copy: { content: "{{ kept }}", dest: "{{ out }}/copied" }
    - template: { src: evil.hbs, dest: "{{ out }}/templated" }
    - block:
        - fail: { msg: "{{ kept }}" }
      rescue:
        - debug: { msg: "{{ ansible_failed_result.msg }}" }
    - debug: { msg: "{{ item }}" }
      loop: "{{ r.stdout_lines }}"
      ignore_errors: "{{ item }}"
`;

describe('what a host sends is data', () => {
  it('is shown as it came by every way it can take', () => {
    const site = makeSite([]);
    const out = site.folder;
    const text = HOSTILE.join('\n');
    site.write('hosts', 'h1 ansible_connection=local ansible_become=false\n');
    site.write('evil', text);
    site.write('templates/evil.hbs', '{{ kept }}|{{{ kept }}}|{{#each r.stdout_lines}}{{this}};{{/each}}');
    site.write('site.yml', PLAYBOOK);
    site.write('secret.yml', 'secret: planted\n');

    const args = ['site.yml', '-i', 'hosts', '-e', '@secret.yml', '-e', `evil=${out}/evil`, '-e', `out=${out}`];
    const done = site.kvmplay('run', ...args, '-vv', '--diff');
    const json = site.kvmplay('run', ...args, '--output', 'json');

    // The last task's own keyword is a text and no answer: it fails, and nothing else does.
    expect(done.out, done.err).toContain('"ignore_errors" takes true or false, not');
    expect(done.out.match(/^(?:fatal|failed): \[h1\](?!.*BadValue)/gm)).toHaveLength(HOSTILE.length + 2);
    for (const shown of [done.out, done.err, json.out, json.err]) expect(shown).not.toContain('planted');
    expect(readFileSync(join(out, 'copied'), 'utf8')).toBe(text);
    expect(readFileSync(join(out, 'templated'), 'utf8')).toBe(`${text}|${text}|${HOSTILE.join(';')};`);
  });
});

describe('an undefined variable', () => {
  const broken = (files: Readonly<Record<string, string>>, task: string) => {
    const site = makeSite(['h1']);
    for (const [name, text] of Object.entries(files)) site.write(name, text);
    site.write('site.yml', `- hosts: all\n  tasks:\n    - ${task}\n`);
    const { err, status } = site.kvmplay('run', 'site.yml', '-i', 'hosts', '--check');
    expect(status).toBe(5);
    return err.replaceAll(`${site.folder}/`, '').match(/--> (.*)/g);
  };

  it.each([
    [
      'group_vars',
      { 'group_vars/all.yml': 'ok: 1\na:\n  - b: "x {{upper gone}}"\n' },
      '"{{ a }}"',
      'group_vars/all.yml:3:19',
    ],
    [
      'host_vars',
      { 'host_vars/h1/main.yml': 'a: "{{#if gone}}x{{/if}}"\n' },
      '"{{ a }}"',
      'host_vars/h1/main.yml:1:11',
    ],
    [
      'one that leads to it',
      { 'group_vars/all.yml': 'a: "{{ b }}"\nb: "{{ c.d }}"\nc: {}\n' },
      '"{{ a }}"',
      'group_vars/all.yml:2:8',
    ],
    ['a list in a map', {}, '{ a: [{ b: "{{ gone }}" }] }', 'site.yml:3:36'],
  ])('is told at its place: in %s', (_, files, msg, place) => {
    expect(broken(files, `debug: { msg: ${msg} }`)).toEqual([`--> ${place}`]);
  });

  it('is told at the place of a condition', () => {
    expect(broken({}, 'debug: {}\n      when: [true, "1 == 1 && gone.x > 1"]')).toEqual(['--> site.yml:4:31']);
  });

  it('is told as a circle, whatever files it goes through', () => {
    const files = { 'group_vars/all.yml': 'a: "{{ b }}"\n', 'host_vars/h1.yml': 'b: ["{{ c }}"]\n' };

    expect(broken(files, 'debug: { msg: "{{ a }}" }\n      vars: { c: { d: "{{ a }}" } }')).toEqual([
      '--> site.yml:4:27',
    ]);
  });
});
