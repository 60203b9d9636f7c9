import { describe, expect, it } from 'vitest';
import { controlNames } from '../../src/engine/control.ts';
import { foresee } from '../../src/engine/foresee.ts';
import { scopeFor } from '../../src/engine/variables.ts';
import { loadPlaybook } from '../../src/playbook/load-playbook.ts';
import { moduleNames } from '../../src/registry/index.ts';
import { folderWith } from '../support/inventory.ts';

type Vars = Readonly<Record<string, unknown>>;
const HOSTS: Readonly<Record<string, Vars>> = { h1: { only_h1: 5, list: [1, 2], map: { a: 1 } }, h2: { list: [] } };

/** What is said of tasks, as `CODE line:column message`. */
async function said(tasks: string, hosts = HOSTS): Promise<readonly string[]> {
  const folder = folderWith({ 'site.yml': `- hosts: all\n  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}` });
  const known = { moduleNames: [...moduleNames(), ...controlNames()] };
  const { playbook, mistakes } = await loadPlaybook(`${folder}/site.yml`, known);
  expect(mistakes).toEqual([]);
  const found = await foresee({
    plays: playbook.plays,
    hostsOf: () => Object.keys(hosts),
    scopeOf: (host, play, around, later) => {
      const own = new Map(Object.entries(hosts[host] ?? {}).map(([name, data]) => [name, { data }]));
      const magic = new Map<string, unknown>([['inventory_hostname', host]]);
      return scopeFor({ host: { group: new Map(), host: own, magic }, play, memory: later, extra: new Map() }, around);
    },
    kindOf: (host) => host,
    flags: { become: false },
  });
  return found.map(({ code, message, at }) => `${code} ${at?.line}:${at?.column} ${message}`);
}

describe('before any host is touched', () => {
  it.each([
    ['- debug: { msg: "{{ gone }}" }', ['UndefinedVariable 3:25 "gone" is not defined']],
    ['- debug: { msg: "{{#if gone}}x{{/if}}" }', ['UndefinedVariable 3:28 "gone" is not defined']],
    ['- debug: { msg: "{{upper (lower gone)}}" }', ['UndefinedVariable 3:37 "gone" is not defined']],
    ['- debug: { msg: x }\n  when: gone == 1', ['UndefinedVariable 4:13 "gone" is not defined']],
    ['- debug: { msg: x }\n  when: "\'text\'"', ['NotACondition 4:14 this is the text "text", and not true or false']],
    ['- debug: { msg: x }\n  loop: "{{ gone }}"', ['UndefinedVariable 4:17 "gone" is not defined']],
    [
      '- debug: { msg: x }\n  loop: "{{ inventory_hostname }}"',
      ['BadLoop 4:13 loop takes a list or a map, and "{{ inventory_hostname }}" is neither'],
    ],
    ['- debug: { msg: x }\n  failed_when: gone == 1', ['UndefinedVariable 4:20 "gone" is not defined']],
    [
      '- debug: { msg: x }\n  become: true\n  become_user: "{{ gone }}"',
      ['UndefinedVariable 5:24 "gone" is not defined'],
    ],
    ['- debug: { msg: x }\n  environment: { A: "{{ gone }}" }', ['UndefinedVariable 4:29 "gone" is not defined']],
    ['- debug: { msg: x }\n  delegate_to: "{{ gone }}"', ['UndefinedVariable 4:24 "gone" is not defined']],
    [
      '- debug: { msg: x }\n  notify: "{{ inventory_hostname }}"',
      [
        'UnknownHandler 4:15 no handler is called "h1" or listens to it (on h1)',
        'UnknownHandler 4:15 no handler is called "h2" or listens to it (on h2)',
      ],
    ],
    ['- debug: { msg: "{{ only_h1 }}" }', ['UndefinedVariable 3:25 "only_h1" is not defined (on h2)']],
    [
      '- thp: { enabled: "{{ inventory_hostname }}" }',
      ['BadParameter 3:23 enabled: expected one word, such as madvise'],
    ],
    ['- assert: { that: ["only_h1 == 5 || gone"] }', ['UndefinedVariable 3:25 "only_h1" is not defined (on h2)']],
    [
      '- name: a\n  block:\n    - debug: { msg: x }\n  always:\n    - debug: { msg: "{{ gone }}" }',
      ['UndefinedVariable 7:29 "gone" is not defined'],
    ],
    [
      '- set_fact: { a: "{{ gone }}" }\n- debug: { msg: "{{ a }} {{ lost }}" }',
      ['UndefinedVariable 3:26 "gone" is not defined'],
    ],
    ['- pause: { seconds: "{{ inventory_hostname }}" }', [expect.stringMatching(/^BadParameter 3:25 seconds: /)]],
  ])('%j is a mistake', async (tasks, expected) => {
    expect(await said(tasks)).toEqual(expected);
  });

  it.each([
    ['a condition that does not hold', '- debug: { msg: "{{ gone }}" }\n  when: inventory_hostname == "h3"'],
    ['a condition that asks for it', '- debug: { msg: "{{ only_h1 }}" }\n  when: defined(only_h1)'],
    [
      'an earlier condition that cannot be known',
      '- debug: { msg: x }\n  register: r\n- debug: { msg: "{{ gone }}" }\n  when: [r.changed, gone == 1]',
    ],
    [
      'the left side of a condition that cannot be known',
      '- debug: { msg: x }\n  register: r\n- debug: { msg: y }\n  when: r.changed && gone == 1',
    ],
    [
      'a host that has left the play',
      '- meta: end_host\n  when: "!defined(only_h1)"\n- debug: { msg: "{{ only_h1 }}" }',
    ],
    [
      'a host that may have left the play',
      '- debug: { msg: x }\n  register: r\n- meta: end_play\n  when: r.changed\n- debug: { msg: "{{ gone }}" }',
    ],
    ['an assertion that fails before it', '- assert: { that: defined(only_h1) }\n- debug: { msg: "{{ only_h1 }}" }'],
    ['a failure that comes before it', '- fail: { msg: no }\n- debug: { msg: "{{ gone }}" }'],
    ['a rescue', '- block:\n    - debug: { msg: "{{ gone }}" }\n  rescue:\n    - debug: { msg: x }'],
    ['ignore_errors', '- debug: { msg: "{{ gone }}" }\n  ignore_errors: true'],
    ['what a task registers', '- debug: { msg: x }\n  register: r\n- debug: { msg: "{{ r.anything }}" }'],
    ['what a task sets', '- set_fact: { a: { b: 1 } }\n- debug: { msg: "{{ a.c }}" }'],
    [
      'a loop over what cannot be known',
      '- debug: { msg: x }\n  register: r\n- debug: { msg: "{{ item.x }}" }\n  loop: "{{ r.list }}"',
    ],
    ['a loop without items', '- debug: { msg: "{{ gone }}" }\n  loop: []'],
    ['other hosts, whose tasks may set it', '- debug: { msg: "{{ hostvars.h1.gone }}" }'],
    ['the result in its own conditions', '- debug: { msg: x }\n  until: result.ok\n  failed_when: result.rc > 1'],
    ['a default', '- debug: { msg: "{{default gone 1}}" }'],
    [
      'an item of a list and an entry of a mapping',
      '- debug: { msg: "{{ item.key }}{{ item.value }}" }\n  loop: { a: 1 }',
    ],
  ])('%s makes light of a name that is not defined', async (_, tasks) => {
    expect(await said(tasks)).toEqual([]);
  });

  it('looks at one host of each kind where there are many', async () => {
    const many = Object.fromEntries(Array.from({ length: 21_000 }, (_, index) => [`h${index}`, {}]));
    const started = performance.now();

    expect(await said('- debug: { msg: "{{ gone }}" }', many)).toEqual([
      'UndefinedVariable 3:25 "gone" is not defined',
    ]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
