import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Remote } from '../../src/contract/index.ts';
import { Unreachable } from '../../src/contract/index.ts';
import { controlNames } from '../../src/engine/control.ts';
import type { Event, Result } from '../../src/engine/events.ts';
import { openJournal, readJournal } from '../../src/engine/journal.ts';
import { run } from '../../src/engine/run.ts';
import { loadPlaybook } from '../../src/playbook/load-playbook.ts';
import { moduleNames } from '../../src/registry/index.ts';
import { type FakeHost, fakeHost } from '../support/fake-host.ts';

interface Options {
  readonly check?: boolean;
  readonly hosts?: Readonly<Record<string, Remote | 'down'>>;
  readonly vars?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const swappy = (swappiness = '60', options: Partial<Parameters<typeof fakeHost>[0]> = {}): FakeHost =>
  fakeHost({
    files: {
      '/proc/sys/vm/swappiness': `${swappiness}\n`,
      '/proc/sys/vm/zone_reclaim_mode': '0\n',
      '/proc/sys/kernel/numa_balancing': '1\n',
      '/etc/sysctl.d/README': '',
    },
    ...options,
  });

/** Runs a play's YAML on fake hosts, by way of the real parser, modules and journal. */
async function play(yaml: string, { check = false, hosts = { h1: swappy() }, vars = {} }: Options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-run-'));
  const file = join(folder, 'site.yml');
  writeFileSync(file, yaml);
  const { playbook } = await loadPlaybook(file, { moduleNames: [...moduleNames(), ...controlNames()] });
  const journal = await openJournal(folder, 'r1');
  const events: Event[] = [];
  const status = await run({
    runId: 'r1',
    mode: check ? 'check' : 'run',
    version: '0',
    git: null,
    playbooks: [playbook],
    hostsOf: () => Object.keys(hosts),
    variablesOf: (host) => ({
      group: new Map(),
      host: new Map(Object.entries(vars[host] ?? {}).map(([name, data]) => [name, { data }])),
      magic: new Map<string, unknown>([['inventory_hostname', host]]),
    }),
    extra: new Map(),
    dial: async (name) => {
      const host = hosts[name];
      if (!host || host === 'down') throw new Unreachable('ConnectionRefused', `${name}: connection refused`);
      return host;
    },
    check,
    diff: false,
    maxImpact: 'reboot',
    forceHandlers: false,
    forks: 10,
    flags: { become: false },
    detailedExitCode: check,
    journal: check ? undefined : journal,
    emit: (event) => events.push(event),
  });
  await journal.close();
  const results = events.flatMap((event) => (event.event === 'task_result' ? [event.result] : []));
  const end = events.find((event) => event.event === 'run_end');
  return { status, results, events, end, records: await readJournal(folder, 'r1') };
}

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

    expect(records.map((record) => record.is)).toEqual(['intent', 'done']);
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
