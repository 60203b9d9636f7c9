import { describe, expect, it } from 'vitest';
import type { Event, Result } from '../../src/engine/events.ts';
import { gather, type RunDocument } from '../../src/report/document.ts';
import { humanReport } from '../../src/report/human.ts';
import { play as playOn, untuned } from './play.ts';

const on = (...names: string[]) => Object.fromEntries(names.map((name) => [name, untuned()]));
const play = (tasks: string, options: Partial<Parameters<typeof playOn>[1]> = {}, keywords = '') =>
  playOn(`- hosts: all\n${keywords}  tasks:\n${tasks}`, { hosts: on('h1'), ...options });

const said = (results: readonly Result[]) =>
  results.map(({ host, status, item, message }) =>
    [host, status, item, message === undefined ? undefined : Object.values(message as object)[0]].filter(
      (part) => part !== undefined,
    ),
  );

describe('a loop on a block', () => {
  const TWO = `    - block:
        - debug: { msg: "first {{ item }}" }
        - debug: { msg: "second {{ item }}" }
      loop: [a, b]
`;

  it('does the whole block for one item, then for the next', async () => {
    const { results, status } = await play(TWO);

    expect(status).toBe(0);
    expect(said(results)).toEqual([
      ['h1', 'ok', 'a', 'first a'],
      ['h1', 'ok', 'a', 'second a'],
      ['h1', 'ok', 'b', 'first b'],
      ['h1', 'ok', 'b', 'second b'],
    ]);
  });

  it('is reported in the order in which it was done, whatever hosts run ahead', async () => {
    const { events } = await play(`${TWO}    - name: last\n      debug: {}\n`, { hosts: on('h1', 'h2') });

    const lines = printed(events);

    expect(lines).toEqual([
      'TASK [debug]',
      'ok: [h1] => (item=a) => {',
      'ok: [h2] => (item=a) => {',
      'TASK [debug]',
      'ok: [h1] => (item=a) => {',
      'ok: [h2] => (item=a) => {',
      'TASK [debug]',
      'ok: [h1] => (item=b) => {',
      'ok: [h2] => (item=b) => {',
      'TASK [debug]',
      'ok: [h1] => (item=b) => {',
      'ok: [h2] => (item=b) => {',
      'TASK [last]',
      'ok: [h1] => {',
      'ok: [h2] => {',
    ]);
    expect(documentOf(events).tasks.map(({ results }) => results.length)).toEqual([2, 2, 2, 2, 2]);
  });

  it('has loop_control, and the inner of two loops sees the outer one', async () => {
    const yaml = `    - loop: { x: 1, y: 2 }
      loop_control: { loop_var: outer, index_var: i, label: "{{ outer.key }}" }
      block:
        - loop: [p, q]
          block:
            - debug: { msg: "{{ i }} {{ outer.value }} {{ item }} {{ third }}" }
              loop: [z]
              loop_control: { loop_var: third }
`;
    const { results } = await play(yaml);

    expect(said(results)).toEqual([
      ['h1', 'ok', ['x', 'p', 'z'], '0 1 p z'],
      ['h1', 'ok', ['x', 'q', 'z'], '0 1 q z'],
      ['h1', 'ok', ['y', 'p', 'z'], '1 2 p z'],
      ['h1', 'ok', ['y', 'q', 'z'], '1 2 q z'],
    ]);
  });

  it('rescues and always ends each item by itself, and keeps what is registered inside', async () => {
    const yaml = `    - loop: [good, bad, fine]
      block:
        - fail: { msg: "{{ item }}" }
          when: item == "bad"
          register: broken
        - debug: { msg: went on }
      rescue:
        - debug: { msg: "{{ broken.msg }}" }
      always:
        - debug: { msg: done }
`;
    const { results, status } = await play(yaml);

    expect(status).toBe(0);
    expect(said(results).map(([, ...rest]) => rest)).toEqual([
      ['skipped', 'good'],
      ['ok', 'good', 'went on'],
      ['ok', 'good', 'done'],
      ['rescued', 'bad'],
      ['ok', 'bad', 'bad'],
      ['ok', 'bad', 'done'],
      ['skipped', 'fine'],
      ['ok', 'fine', 'went on'],
      ['ok', 'fine', 'done'],
    ]);
  });

  it('ends with the item that fails, having done what is always done', async () => {
    const yaml = `    - loop: [1, 2]
      block:
        - fail: {}
      always:
        - debug: { msg: always }
    - debug: { msg: never }
`;
    const { results, status } = await play(yaml);

    expect(status).toBe(2);
    expect(said(results)).toEqual([
      ['h1', 'failed', 1],
      ['h1', 'ok', 1, 'always'],
    ]);
  });

  it.each([
    ['nothing to go over', '[]', 'skipped', { reason: 'the loop has no items' }],
    ['a text', '"{{ text }}"', 'failed', { error: { code: 'BadLoop' } }],
    ['what is not there', '"{{ missing }}"', 'failed', { error: { code: 'UndefinedVariable' } }],
  ])('says so of %s, at its first task', async (_, loop, status, more) => {
    const { results } = await play(`    - block:\n        - debug: {}\n      loop: ${loop}\n`, {
      vars: { h1: { text: 'x' } },
    });

    expect(results).toMatchObject([{ host: 'h1', status, ...more }]);
  });

  it('is guarded by the condition on the block, which may also look at the item', async () => {
    const yaml = `    - block:
        - debug: { msg: "{{ item }}" }
      loop: "{{ disks }}"
      when: [defined(disks), item != "sda"]
`;
    const { results } = await play(yaml, { hosts: on('h1', 'h2'), vars: { h2: { disks: ['sda', 'sdb'] } } });

    expect(said(results).sort()).toEqual([
      ['h1', 'skipped'],
      ['h2', 'ok', 'sdb', 'sdb'],
      ['h2', 'skipped', 'sda'],
    ]);
  });

  it('is unknown in check mode where it goes over what is not known, and so is what it notifies', async () => {
    const yaml = `    - sysctl: { name: vm.swappiness, value: "{{ item }}" }
      loop: "{{ found.results }}"
      register: tuned
      notify: told
    - debug: { msg: on }
      when: tuned.changed
`;
    const before = '    - set_fact: { x: 1 }\n      until: "false"\n      delay: 0\n      register: found\n';
    const handlers = '  handlers:\n    - name: told\n      debug: {}\n';
    const { results } = await play(before + yaml, { check: true }, handlers);

    expect(results.map(({ status }) => status)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
  });

  it('waits at each turn for the others where a failure must stop them, and does run_once once a turn', async () => {
    const yaml = `    - loop: [1, 2, 3]
      block:
        - debug: { msg: once }
          run_once: true
        - fail: {}
          when: inventory_hostname == "h2" && item == 2
        - debug: { msg: each }
`;
    const { results, status } = await play(yaml, { hosts: on('h1', 'h2') }, '  any_errors_fatal: true\n');

    const once = said(results).filter((line) => line.includes('once'));
    const each = said(results).filter((line) => line.includes('each'));
    expect(status).toBe(2);
    expect(once.map(([, , item]) => item)).toEqual([1, 2]);
    expect(each.map(([host, , item]) => [host, item]).sort()).toEqual([
      ['h1', 1],
      ['h2', 1],
    ]);
  });

  it('reads ahead what its tasks will look at, for all items', async () => {
    const yaml = `    - loop: [{ name: vm.swappiness, value: 10 }, { name: kernel.numa_balancing, value: 0 }]
      block:
        - sysctl: { name: "{{ item.name }}", value: "{{ item.value }}" }
`;
    const { end } = await play(yaml, { check: true });

    expect(end).toMatchObject({ round_trips: { h1: 1 } });
  });
});

describe('a name that holds templates', () => {
  const NAMED = `    - name: Tune {{ inventory_hostname }} for {{ use }}
      debug: {}
    - name: "{{ missing }}"
      debug: {}
    - name: Each {{ item }}
      debug: {}
      loop: [a]
    - loop: [x, y]
      block:
        - name: In {{ item }}
          debug: {}
`;

  it('is shown as the first host has it, and as it is written where that cannot be told', async () => {
    const { events } = await playOn(
      `- name: Play {{ use }}\n  hosts: all\n  vars: { use: guests }\n  tasks:\n${NAMED}`,
      {
        hosts: on('h1', 'h2'),
      },
    );

    expect(printed(events).filter((line) => !line.startsWith('ok'))).toEqual([
      'PLAY [Play guests]',
      'TASK [Tune h1 for guests]',
      'TASK [{{ missing }}]',
      'TASK [Each {{ item }}]',
      'TASK [In x]',
      'TASK [In y]',
    ]);
    expect(documentOf(events).tasks.map(({ name }) => name)).toContain('Tune h1 for guests');
  });

  it('names a handler that is notified by what it comes to', async () => {
    const yaml = `- hosts: all
  vars: { unit: libvirtd }
  handlers:
    - name: restart {{ unit }}
      debug: { msg: restarted }
  tasks:
    - sysctl: { name: vm.swappiness, value: 10 }
      notify: restart libvirtd
`;
    const { results } = await playOn(yaml, { hosts: on('h1') });

    expect(results.map(({ name, status }) => [name, status])).toEqual([
      [undefined, 'changed'],
      ['restart libvirtd', 'ok'],
    ]);
  });
});

/** Banners and first lines of results. */
function printed(events: readonly Event[]): readonly string[] {
  const parts: string[] = [];
  const report = humanReport({ write: (text) => void parts.push(text) });
  for (const event of events) report(event);
  return parts
    .join('')
    .split('\n')
    .filter((line) => /^(TASK|ok|PLAY \[)/.test(line))
    .map((line) => line.replace(/ \*+$/, ''))
    .filter((line) => line !== 'PLAY [all]');
}

function documentOf(events: readonly Event[]): RunDocument {
  let made: RunDocument | undefined;
  const report = gather((document) => {
    made = document;
  });
  for (const event of events) report(event);
  if (!made) throw new Error('the run did not end');
  return made;
}
