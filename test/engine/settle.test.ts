import { describe, expect, it } from 'vitest';
import { play as playOn, untuned } from './play.ts';

/** Two hosts that differ in a variable. */
const vars = {
  h1: { yes: true, no: false, one: 1, text: 'soon', list: [1], none: null, template: '{{ yes }}' },
  h2: { yes: false, no: true, one: 2, text: 'soon', list: [1], none: null, template: '{{ yes }}' },
};
const play = async (tasks: string, options: Partial<Parameters<typeof playOn>[1]> = {}) => {
  const all = { hosts: { h1: untuned(), h2: untuned() }, vars, ...options };
  const { results } = await playOn(`- hosts: all\n  tasks:\n${tasks}`, all);
  // Hosts go on independently.
  return { results: results.toSorted((a, b) => a.host.localeCompare(b.host)) };
};

describe('a keyword that is a template', () => {
  it('ignores errors on the hosts, and for the items, for which it says so', async () => {
    const { results } = await play(`
    - fail: {}
      ignore_errors: "{{ yes }}"
    - fail: {}
      loop: [true, false]
      ignore_errors: "{{ item }}"
`);

    expect(results.map(({ host, status, item }) => [host, status, item])).toEqual([
      ['h1', 'ignored', undefined],
      ['h1', 'ignored', true],
      ['h1', 'failed', false],
      ['h2', 'failed', undefined],
    ]);
  });

  it('hides what it says is secret, item by item', async () => {
    const { results } = await play(`
    - debug: { msg: "{{ item }}" }
      loop: [planted, shown]
      no_log: '{{ eq item "planted" }}'
`);

    expect(JSON.stringify(results.filter(({ reason }) => reason))).not.toContain('planted');
    expect(results.map(({ message }) => message)).toEqual([undefined, { msg: 'shown' }, undefined, { msg: 'shown' }]);
  });

  it.each([
    ['it is not known whether it is a secret', 'no_log: "{{ nowhere }}"'],
    ['it is no answer', 'no_log: "{{ text }}"'],
    ['one around it says so', 'no_log: "{{ no }}"\n      vars: { no: true }'],
  ])('hides everything where %s', async (_, keyword) => {
    const { results } = await play(`    - debug: { msg: planted }\n      ${keyword}\n`);

    expect(JSON.stringify(results)).not.toContain('planted');
    expect(results.every(({ reason }) => reason?.includes('no_log'))).toBe(true);
  });

  it('keeps a change from being made where it asks for check mode', async () => {
    const hosts = { h1: untuned(), h2: untuned() };

    await play(`    - sysctl: { name: vm.swappiness, value: 10 }\n      check_mode: "{{ yes }}"\n`, {
      hosts,
    });

    expect(swappiness(hosts.h1)).toBe('60\n');
    expect(swappiness(hosts.h2)).toBe('10\n');
  });

  it('acts in check mode where it says so', async () => {
    const hosts = { h1: untuned(), h2: untuned() };

    await play(`    - sysctl: { name: vm.swappiness, value: 10 }\n      check_mode: "{{ yes }}"\n`, {
      hosts,
      check: true,
    });

    expect(swappiness(hosts.h1)).toBe('60\n');
    expect(swappiness(hosts.h2)).toBe('10\n');
  });

  it('tries as often as it says', async () => {
    const { results } = await play(`
    - debug: {}
      register: r
      until: r.changed
      retries: "{{ one }}"
      delay: '{{ sub one one }}'
`);

    expect(results.map(({ host, error }) => [host, error?.message])).toEqual([
      ['h1', 'after 1 retries `r.changed` still does not hold'],
      ['h2', 'after 2 retries `r.changed` still does not hold'],
    ]);
  });

  it('is done once where it says so, and shows what it showed to all', async () => {
    const { results } = await play(`
    - debug: { msg: "{{ inventory_hostname }}" }
      run_once: "{{ or yes no }}"
      register: r
    - debug: { msg: "{{ r.msg }}" }
`);

    expect(results.map(({ host, message }) => [host, message])).toEqual([
      ['h1', { msg: 'h1' }],
      ['h1', { msg: 'h1' }],
      ['h2', { msg: 'h1' }],
    ]);
  });

  it('goes on past a host that is lost where it says so', async () => {
    const { results } = await play(
      `    - sysctl: { name: vm.swappiness, value: 10 }\n      ignore_unreachable: "{{ yes }}"\n    - debug: {}\n`,
      { hosts: { h1: 'down', h2: 'down' } },
    );

    expect(results.map(({ host, status }) => [host, status])).toEqual([
      ['h1', 'ignored'],
      ['h1', 'ok'],
      ['h2', 'unreachable'],
    ]);
  });

  it('may notify several handlers', async () => {
    const { results } = await playOn(
      `- hosts: all
  tasks:
    - debug: {}
      changed_when: true
      notify: "{{ both }}"
  handlers:
    - { name: one, debug: { msg: 1 } }
    - { name: two, debug: { msg: 2 } }
`,
      { hosts: { h1: untuned() }, vars: { h1: { both: ['two', 'one'] } } },
    );

    expect(results.map(({ message }) => message)).toEqual([{ msg: 'Hello world!' }, { msg: 1 }, { msg: 2 }]);
  });

  it.each([
    ['retries', 'text', 'a whole number of at least 0, not the text "soon"', 'until: "true"'],
    ['delay', 'list', 'a number of seconds, not a list', 'until: "true"'],
    ['timeout', 'text', 'a number of seconds, not the text "soon"'],
    ['throttle', 'text', 'a whole number of at least 0, not the text "soon"'],
    ['ignore_errors', 'text', 'true or false, not the text "soon"'],
    ['ignore_unreachable', 'none', 'true or false, not nothing'],
    ['diff', 'list', 'true or false, not a list'],
    ['check_mode', 'template', 'true or false, not the text "{{ yes }}"'],
    ['run_once', 'text', 'true or false, not the text "soon"'],
    ['delegate_to', 'none', 'a text, not nothing'],
    ['become', 'text', 'true or false, not the text "soon"'],
    ['become_user', 'list', 'a text, not a list', 'become: true'],
    ['become_method', 'text', '"sudo" or "su", not the text "soon"', 'become: true'],
    ['notify', 'none', 'a text, not nothing'],
  ])('is a mistake of its task where %s comes to %s', async (keyword, variable, takes, besides = 'vars: {}') => {
    const task = `    - sysctl: { name: vm.swappiness, value: 10 }\n      ${besides}\n      ${keyword}: "{{ ${variable} }}"\n`;

    const { results } = await play(task, { hosts: { h1: untuned() } });

    const error = { code: 'BadValue', message: `"${keyword}" takes ${takes}`, hint: expect.any(String) };
    const source = expect.stringMatching(new RegExp(`site.yml:5:${keyword.length + 9}$`));
    expect(results).toEqual([expect.objectContaining({ status: 'failed', changes: [], error: { ...error, source } })]);
  });

  it('is unknown where it hangs on what check mode does not do', async () => {
    const { results } = await play(
      `
    - command: { argv: [id] }
      register: r
    - debug: {}
      ignore_errors: "{{ r.changed }}"
`,
      { check: true, hosts: { h1: untuned() } },
    );

    expect(results.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
  });

  it('waits between items as long as it says', async () => {
    const started = performance.now();

    await play(`    - debug: {}\n      loop: [1, 2]\n      loop_control: { pause: '{{ div 0.5 2 }}' }\n`);

    expect(performance.now() - started).toBeGreaterThan(240);
  });
});

const swappiness = (host: ReturnType<typeof untuned>) => host.read('/proc/sys/vm/swappiness');
