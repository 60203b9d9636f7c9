import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/engine/events.ts';
import { type FakeHost, fakeHost } from '../support/fake-host.ts';
import { play as playOn, untuned as swappy } from './play.ts';

const play = (yaml: string, options: Partial<Parameters<typeof playOn>[1]> = {}) =>
  playOn(yaml, { hosts: { h1: swappy() }, ...options });

const said = (results: readonly Result[]) =>
  results.map((one) => `${one.host} ${one.status}${one.item === undefined ? '' : ` ${one.item}`}`);

const SWAPPINESS = `
    - name: swappiness
      sysctl: { name: vm.swappiness, value: 10 }
`;
const tasks = (yaml: string) => `- hosts: all\n  tasks:\n${yaml}`;

describe('a run', () => {
  it('changes what is not as asked, and the second run changes nothing', async () => {
    const host = swappy();

    const first = await play(tasks(SWAPPINESS), { hosts: { h1: host } });
    host.reconnect();
    const second = await play(tasks(SWAPPINESS), { hosts: { h1: host } });

    expect([first.status, second.status]).toEqual([0, 0]);
    expect(said(first.results)).toEqual(['h1 changed']);
    expect(said(second.results)).toEqual(['h1 ok']);
    expect(host.read('/proc/sys/vm/swappiness')).toBe('10\n');
  });

  it('costs one round trip to check twenty tasks, and one more for each task that changes something', async () => {
    const many = Array.from({ length: 18 }, () => SWAPPINESS).join('');
    const other =
      '    - sysctl: { name: kernel.numa_balancing, value: 0 }\n    - sysctl: { name: vm.zone_reclaim_mode, value: 0, persistent: false }\n';

    const check = await play(tasks(many + other), { check: true });
    const run = await play(tasks(many + other));

    expect(check.end).toMatchObject({ exit_code: 3, round_trips: { h1: 1 } });
    expect(run.end).toMatchObject({ exit_code: 0, round_trips: { h1: 3 } });
  });

  it('writes down what it means to do before it does it', async () => {
    const { records } = await play(tasks(SWAPPINESS));

    expect(records.map((record) => record.is)).toEqual(['intent', 'done', 'left']);
    expect(records[0]).toMatchObject({
      host: 'h1',
      module: 'sysctl',
      changes: [{ plane: 'live' }, { plane: 'persistent' }],
    });
  });

  it('ends a check with 3 when something would change, and touches nothing', async () => {
    const host = swappy();

    const { status, results } = await play(tasks(SWAPPINESS), { check: true, hosts: { h1: host } });

    expect(status).toBe(3);
    expect(said(results)).toEqual(['h1 changed']);
    expect(host.actions).toEqual([]);
  });

  it('goes on with the others when one host is down or fails, and unreachable wins over failed', async () => {
    const refusing = swappy('60', { kernel: { '/proc/sys/vm/swappiness': () => ({ errno: 'EINVAL' }) } });

    const { status, results, end } = await play(tasks(`${SWAPPINESS}    - debug: { msg: on }\n`), {
      hosts: { good: swappy(), down: 'down', bad: refusing },
    });

    expect(status).toBe(4);
    expect(said(results).sort()).toEqual(['bad failed', 'down unreachable', 'good changed', 'good ok']);
    expect(end).toMatchObject({ hosts: { good: { ok: 2, changed: 1 }, down: { unreachable: 1 }, bad: { failed: 1 } } });
  });

  it('says what is wrong in a template at its place, on the host where it is', async () => {
    const { status, results } = await play(tasks('    - sysctl: { name: vm.swappiness, value: "{{ wanted }}" }\n'), {
      hosts: { h1: swappy(), h2: swappy() },
      vars: { h2: { wanted: 60 } },
    });

    expect(status).toBe(2);
    expect(results.find(({ host }) => host === 'h1')?.error).toMatchObject({
      code: 'UndefinedVariable',
      source: expect.stringMatching(/site\.yml:3:/),
    });
    expect(results.find(({ host }) => host === 'h2')?.status).toBe('changed');
  });
});

describe('blocks, handlers and loops', () => {
  it('rescues a failure, always does what is last, and does not count it as failed', async () => {
    const yaml = `- hosts: all
  tasks:
    - block:
        - fail: { msg: broken }
        - debug: { msg: never }
      rescue:
        - debug: { msg: rescued }
      always:
        - debug: { msg: always }
    - debug: { msg: after }
`;
    const { status, results } = await play(yaml);

    expect(status).toBe(0);
    expect(said(results)).toEqual(['h1 rescued', 'h1 ok', 'h1 ok', 'h1 ok']);
  });

  it('runs a notified handler once, behind the tasks, and only where something changed', async () => {
    const yaml = `- hosts: all
  handlers:
    - name: told
      debug: { msg: handler }
  tasks:
    - sysctl: { name: vm.swappiness, value: 10 }
      notify: told
    - sysctl: { name: kernel.numa_balancing, value: 0 }
      notify: told
    - debug: { msg: last }
`;
    const { results } = await play(yaml, { hosts: { h1: swappy(), h2: tuned() } });

    expect(said(results.filter(({ host }) => host === 'h1'))).toEqual(['h1 changed', 'h1 changed', 'h1 ok', 'h1 ok']);
    expect(results.filter(({ host }) => host === 'h1').at(-1)?.message).toEqual({ msg: 'handler' });
    expect(said(results.filter(({ host }) => host === 'h2'))).toEqual(['h2 ok', 'h2 ok', 'h2 ok']);
  });

  it('loops, registers, and decides by what was registered', async () => {
    const yaml = `- hosts: all
  tasks:
    - debug: { msg: "{{ item }}" }
      loop: [a, b]
      register: said
    - debug: { msg: both }
      when: size(said.results) == 2 && !said.changed
    - debug: { msg: neither }
      when: said.changed
    - set_fact: { depth: 3 }
    - assert: { that: depth == 3 }
`;
    const { status, results } = await play(yaml);

    expect(status).toBe(0);
    expect(said(results)).toEqual(['h1 ok a', 'h1 ok b', 'h1 ok', 'h1 skipped', 'h1 ok', 'h1 ok']);
  });

  it('goes host by host with serial, and stops everybody with any_errors_fatal', async () => {
    const hosts = { h1: 'down', h2: swappy(), h3: swappy() } as const;

    const serial = await play(`- hosts: all\n  serial: 1\n  any_errors_fatal: true\n  tasks:\n${SWAPPINESS}`, {
      hosts,
    });

    expect(serial.status).toBe(4);
    expect(said(serial.results)).toEqual(['h1 unreachable']);
    expect(hosts.h2.actions).toEqual([]);
  });

  it('does run_once on the first host alone, and lets all of them know', async () => {
    const yaml = `- hosts: all
  tasks:
    - set_fact: { token: "{{ inventory_hostname }}" }
      run_once: true
    - assert: { that: token == "h1" }
`;
    const { status } = await play(yaml, { hosts: { h1: swappy(), h2: swappy(), h3: swappy() } });

    expect(status).toBe(0);
  });
});

function tuned(): FakeHost {
  return fakeHost({
    files: {
      '/proc/sys/vm/swappiness': '10\n',
      '/proc/sys/kernel/numa_balancing': '0\n',
      '/etc/sysctl.d/90-kvmplay.conf': 'vm.swappiness = 10\nkernel.numa_balancing = 0\n',
    },
  });
}

describe('what must not be seen', () => {
  it('keeps what a no_log task does out of the report and the journal', async () => {
    const yaml = `- hosts: all
  tasks:
    - sysctl: { name: vm.swappiness, value: 13 }
      no_log: true
      register: hidden
    - sysctl: { name: nothing.such, value: 1313 }
      no_log: true
      ignore_errors: true
`;
    const { events, records, results } = await play(yaml);

    expect(results.map(({ status }) => status)).toEqual(['changed', 'ignored']);
    // Times and the name of the folder may hold any digits.
    const said = JSON.stringify([events, records]).replaceAll(
      /"ms":\d+|"(?:started|finished|at)":"[^"]*"|kvmplay-run-\w+/g,
      '',
    );
    expect(said).not.toMatch(/13\b|1313|60 →/);
  });
});

describe('a connection that breaks', () => {
  it('leaves an intent without an end in the journal, and the host as unreachable', async () => {
    const host = swappy('60', { drop: { frame: 2, afterActions: 1 } });

    const { status, records } = await play(tasks(SWAPPINESS), { hosts: { h1: host } });

    expect(status).toBe(4);
    expect(records.map((record) => record.is)).toEqual(['intent', 'lost', 'left']);
  });
});
