import { describe, expect, it } from 'vitest';
import { fakeHost } from '../support/fake-host.ts';
import { play, untuned } from './play.ts';

/** Each task with what check mode says of it. */
async function told(tasks: string, handlers = '', host = untuned()) {
  const yaml = `- hosts: all\n  tasks:\n${tasks}${handlers && `  handlers:\n${handlers}`}`;
  const { results } = await play(yaml, { hosts: { h1: host }, check: true });
  return results.map(({ status, reason, message }) =>
    [status, reason ?? (message as { msg?: unknown } | undefined)?.msg].filter(Boolean).join(': '),
  );
}

const ASK = '    - { name: Ask, command: { argv: [ask] }, register: said }\n';
const set = (value: unknown, more = '') =>
  `    - { name: Set ${value}, sysctl: { name: vm.swappiness, value: ${value} }${more} }\n`;
const other = '    - { file: { path: /srv/none, state: absent } }\n';

describe('a task in check mode of which it cannot be told whether it is done', () => {
  it('makes unknown what it would change, and nothing else', async () => {
    const tasks = ASK + set(10, ', when: said.rc == 0') + set(60) + other;

    const results = await told(tasks);

    expect(results).toEqual([
      expect.stringContaining('unknown'),
      expect.stringContaining('unknown'),
      expect.stringMatching(/^unknown: Set 10 may change it, which/),
      'ok',
    ]);
  });

  it('doubts nothing where it would leave everything as it is', async () => {
    const same = '{ name: Same, sysctl: { name: vm.swappiness, value: 60, persistent: false }, when: said.rc == 0 }';
    const tasks = `${ASK}    - ${same}\n    - { sysctl: { name: vm.swappiness, value: 60, persistent: false } }\n`;

    expect((await told(tasks)).slice(2)).toEqual(['ok']);
  });

  it.each([
    [
      'of which a value is not known',
      "    - { name: Set it, sysctl: { name: vm.swappiness, value: '{{ said.stdout }}' } }\n",
    ],
    ['that is done for each of something not known', set(10, ', loop: "{{ said.stdout_lines }}"')],
    [
      'in a block that is',
      '    - loop: "{{ said.stdout_lines }}"\n      block:\n        - { name: Set 10, sysctl: { name: vm.swappiness, value: 10 } }\n',
    ],
  ])('counts as such %s', async (_, task) => {
    const results = await told(ASK + task + set(60) + other);

    expect(results.slice(2)).toEqual([expect.stringMatching(/^unknown: Set .* may change it, which/), 'ok']);
  });

  it('makes everything unknown where it cannot be told what it would look at', async () => {
    const anywhere = '    - { name: Any, file: { path: "/etc/{{ said.stdout }}", state: absent } }\n';

    const results = await told(ASK + anywhere + other);

    expect(results[2]).toMatch(/^unknown: Any may change it, which/);
  });

  it('makes unknown whether a file is there, and what is in its directory', async () => {
    const host = fakeHost({ files: { '/etc/a/x': 'x', '/etc/a/y': 'y' } });
    const tasks = `${ASK}    - { name: Drop, file: { path: /etc/a/x, state: absent }, when: said.rc == 0 }
    - { file: { path: /etc/a/x, state: absent } }
    - { file: { path: /etc/a/y, state: absent } }
`;

    const results = await told(tasks, '', host);

    expect(results.slice(2)).toEqual([expect.stringMatching(/^unknown: Drop may change it/), 'changed']);
  });

  it('leaves the variables that it would set unknown', async () => {
    const tasks = `${ASK}    - { name: Keep, set_fact: { answer: 1 }, when: said.rc == 0 }
    - { debug: { msg: "{{ answer }}" } }
    - { set_fact: { other: "{{ said.stdout }}" } }
    - { debug: { msg: "{{ other }}" } }
    - loop: "{{ said.stdout_lines }}"
      block:
        - { command: { argv: [more] }, register: inner }
    - { debug: { msg: "{{ inner.rc }}" } }
`;

    expect((await told(tasks)).every((one) => one.startsWith('unknown'))).toBe(true);
  });

  it('may be a handler', async () => {
    const tasks = `${ASK}${set(10, ', when: said.rc == 0, notify: Handle')}    - meta: flush_handlers\n    - { sysctl: { name: kernel.numa_balancing, value: 1, persistent: false } }\n`;
    const handler = '    - { name: Handle, sysctl: { name: kernel.numa_balancing, value: 0 } }\n';

    const results = await told(tasks, handler);

    expect(results.at(-1)).toMatch(/^unknown: Handle may change it, which/);
  });

  it.each(['end_host', 'end_play'])('is every one behind a meta: %s that may be meant', async (action) => {
    const results = await told(`${ASK}    - { meta: ${action}, when: said.rc == 0 }\n${set(10)}${set(60)}`);

    expect(results.slice(2)).toEqual([
      expect.stringMatching(new RegExp(`^unknown: meta: ${action} at .*:\\d+:\\d+ may have ended the play before$`)),
      expect.stringMatching(/^unknown/),
    ]);
  });

  it('is not run to read: what only reads is left alone', async () => {
    const host = fakeHost({ files: {} });
    const results = await told(
      `${ASK}    - { command: { argv: [look], reads_only: true }, when: said.rc == 0 }\n`,
      '',
      host,
    );

    expect(results[1]).toMatch(/^unknown/);
  });
});
