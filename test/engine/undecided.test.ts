import { expect, it } from 'vitest';
import { play as playOn, untuned } from './play.ts';

/** A command that is only foretold, in a run that acts: what it would say is never known. */
const LOOK = `    - command: { argv: [needs-restarting] }
      check_mode: true
      register: r
`;
const play = (tasks: string, options: Partial<Parameters<typeof playOn>[1]> = {}) =>
  playOn(`- hosts: all\n  tasks:\n${LOOK}${tasks}`, { hosts: { h1: untuned() }, ...options });

const swappiness = `    - sysctl: { name: vm.swappiness, value: 10 }
      when: r.rc == 1
`;

it('lets a task be unknown that was only to look', async () => {
  const { results, status } = await play('    - debug: {}\n');

  expect(results.map((one) => one.status)).toEqual(['unknown', 'ok']);
  expect(status).toBe(0);
});

it('fails a task that was to act and cannot be told, and goes no further', async () => {
  const hosts = { h1: untuned() };

  const { results, status } = await play(`${swappiness}    - debug: {}\n`, { hosts });

  const error = {
    code: 'NotKnown',
    message: expect.stringMatching(/^it cannot be told what to do here: .*needs-restarting/),
  };
  expect(results.slice(1)).toEqual([
    expect.objectContaining({ status: 'failed', error: expect.objectContaining(error) }),
  ]);
  expect(hosts.h1.read('/proc/sys/vm/swappiness')).toBe('60\n');
  expect(status).toBe(2);
});

it('is a failure as any other: ignored, rescued, and told to what comes behind it', async () => {
  const { results, status } = await play(`${swappiness}      ignore_errors: true
      register: s
    - assert: { that: [s.failed, 's.code == "NotKnown"'] }
    - block:
        - set_fact: { x: "{{ r.stdout }}" }
      rescue:
        - debug: { msg: rescued }
`);

  expect(results.map((one) => one.status)).toEqual(['unknown', 'ignored', 'ok', 'rescued', 'ok']);
  expect(status).toBe(0);
});

it.each([
  ['a block', '    - block: [{ debug: {} }]\n      loop: "{{ r.stdout_lines }}"\n'],
  ['meta', '    - meta: end_host\n      when: r.rc == 0\n    - debug: {}\n'],
  ['run_once', '    - debug: {}\n      run_once: "{{ r.changed }}"\n'],
])('fails where it cannot be told what to do with %s', async (_, tasks) => {
  const { results } = await play(tasks);

  expect(results.slice(1).map(({ status, error }) => [status, error?.code])).toEqual([['failed', 'NotKnown']]);
});

it('fails a handler that may have to run', async () => {
  const { results, status } = await playOn(
    `- hosts: all\n  tasks:\n${LOOK}      notify: h\n  handlers: [{ name: h, debug: {} }]\n`,
    { hosts: { h1: untuned() } },
  );

  expect(results.map((one) => [one.status, one.error?.code])).toEqual([
    ['unknown', undefined],
    ['failed', 'NotKnown'],
  ]);
  expect(status).toBe(2);
});

it('is unknown in check mode, and drift for who asks', async () => {
  const { results, status } = await play(swappiness, { check: true });

  expect(results.map((one) => one.status)).toEqual(['unknown', 'unknown']);
  expect(status).toBe(3);
});
