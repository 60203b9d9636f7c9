import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/source/diagnostic.ts';
import { fakeHost } from '../support/fake-host.ts';
import { play } from './play.ts';

const host = (files: Record<string, string> = {}, options: Parameters<typeof fakeHost>[0] = {}) =>
  fakeHost({
    files: {
      '/proc/meminfo': 'MemTotal:       65536 kB\nMemFree:  1000 kB\n',
      '/proc/sys/kernel/hostname': '{{ 7 }}\n',
      '/proc/sys/kernel/osrelease': '6.1.0\n',
      '/proc/sys/vm/swappiness': '60\n',
      '/proc/sys/vm/dirty_ratio': '20\n',
      '/etc/sysctl.d/README': '',
      ...files,
    },
    ...options,
  });

const swappiness = (value: string) => `
    - sysctl:
        persistent: false
        values: { vm.swappiness: ${value} }`;

const playOf = (tasks: string, vars = '{}') => `- hosts: all\n  vars: ${vars}\n  tasks:${tasks}\n`;

describe('facts', () => {
  it('ride in the one round trip of an audit whose conditions are about them', async () => {
    const h1 = host();

    const { results } = await play(
      playOf(`${swappiness('10')}\n      when: facts.memory.total_kib > 1000 && facts.kernel.major == 6`),
      { check: true, hosts: { h1 } },
    );

    expect(results.map(({ status }) => status)).toEqual(['changed']);
    expect(h1.roundTrips).toBe(1);
  });

  it('take no second round trip where parameters are made of them and name nothing new to read', async () => {
    const h1 = host();
    const twice = `${swappiness('10')}${swappiness('"{{ facts.kernel.major }}"')}`;

    const { results } = await play(playOf(twice), { check: true, hosts: { h1 } });

    expect(results.map(({ changes }) => changes[0]?.summary)).toEqual([
      expect.stringContaining('60 → 10'),
      expect.stringContaining('10 → 6'),
    ]);
    expect(h1.roundTrips).toBe(1);
  });

  it('take a second one for all that only they can name', async () => {
    const h1 = host();
    const task = (name: string) => `
    - sysctl:
        persistent: false
        values: { vm.${name}: "{{ facts.kernel.major }}" }`;

    await play(playOf(`${task('swappiness')}${task('dirty_ratio')}`), { check: true, hosts: { h1 } });

    expect(h1.roundTrips).toBe(2);
  });

  it('cost a run no frame of their own, and are read again with what changes', async () => {
    const h1 = host();
    const said = `
    - debug: { msg: "{{ facts.memory.free_kib }}" }
    - sysctl:
        persistent: false
        values: { vm.swappiness: 10 }
    - debug: { msg: "{{ facts.memory.free_kib }}" }`;

    const { results } = await play(playOf(said), { hosts: { h1 } });

    expect(results.map(({ message }) => message)).toEqual([{ msg: 1000 }, undefined, { msg: 1000 }]);
    expect(
      h1.frames.map(({ probes }) => probes.filter((one) => 'path' in one && one.path === '/proc/meminfo').length),
    ).toEqual([1, 1]);
  });

  it('are found behind variables, and only those that are referred to are read', async () => {
    const h1 = host();
    const vars = '{ big: "{{ size }}", size: "{{ facts.memory.total_kib }}", idle: "{{ facts.uptime.seconds }}" }';

    const { results } = await play(playOf('\n    - debug: { var: big }', vars), { check: true, hosts: { h1 } });

    expect(results[0]?.message).toEqual({ big: 65536 });
    expect(h1.frames.flatMap(({ probes }) => probes)).toEqual([
      { kind: 'file', path: '/proc/meminfo' },
      { kind: 'glob', pattern: '/sys/kernel/mm/hugepages/hugepages-*/free_hugepages' },
      { kind: 'glob', pattern: '/sys/kernel/mm/hugepages/hugepages-*/nr_hugepages_mempolicy' },
    ]);
  });

  it('are data: what a host sends is never evaluated', async () => {
    const { results } = await play(playOf('\n    - debug: { msg: "{{ facts.hostname }}" }'), { hosts: { h1: host() } });

    expect(results[0]?.message).toEqual({ msg: '{{ 7 }}' });
  });

  it('are not known in check mode behind a change that disturbs them, and are what was foretold where that is told', async () => {
    const pool = '/sys/kernel/mm/hugepages/hugepages-2048kB';
    const h1 = host({
      '/proc/meminfo': 'MemTotal:       65536 kB\nMemFree:  50000 kB\nHugepagesize:       2048 kB\n',
      [`${pool}/nr_hugepages`]: '0\n',
      [`${pool}/free_hugepages`]: '0\n',
      [`${pool}/resv_hugepages`]: '0\n',
      [`${pool}/surplus_hugepages`]: '0\n',
    });
    const tasks = `
    - hugepages: { persistent: false, total: 4 }
    - debug: { msg: never }
      when: facts.hugepages.pools["2048"].free > 4
    - debug: { msg: always }
      when: facts.hugepages.pools["2048"].free > 0 || facts.memory.total_kib == 65536
    - debug: { msg: told }
      when: facts.memory.free_kib > 1`;

    const { results } = await play(playOf(tasks), { check: true, hosts: { h1 } });

    expect(results.map(({ status }) => status)).toEqual(['changed', 'skipped', 'ok', 'unknown']);
  });

  it('are read again behind meta: clear_facts', async () => {
    const h1 = host();
    const tasks = `
    - debug: { msg: "{{ facts.memory.total_kib }}" }
    - meta: clear_facts
    - debug: { msg: "{{ facts.memory.total_kib }}" }`;

    await play(playOf(tasks), { hosts: { h1 } });

    expect(h1.roundTrips).toBe(2);
  });

  it('are read again for each try of until', async () => {
    const h1 = host();
    const grown = {
      ...h1,
      exchange: (request: Parameters<typeof h1.exchange>[0]) => {
        if (h1.frames.length === 2) h1.files.put('/proc/meminfo', 'MemTotal: 70000 kB\n');
        return h1.exchange(request);
      },
    };
    const tasks = `${swappiness('60')}
      until: facts.memory.total_kib > 65536
      retries: 5
      delay: 0`;

    const { results } = await play(playOf(tasks), { hosts: { h1: grown } });

    expect(results.map(({ status }) => status)).toEqual(['ok']);
  });

  it('say that a host is unreachable where a condition needs them', async () => {
    const { results, status } = await play(playOf('\n    - debug: {}\n      when: facts.memory.total_kib > 1'), {
      hosts: { h1: 'down' },
    });

    expect(results.map((one) => one.status)).toEqual(['unreachable']);
    expect(status).toBe(4);
  });
});

describe('names of facts', () => {
  it.each([
    ['a fact', 'facts.memroy.total_kib > 1', '"memroy"', 'did you mean "memory"?'],
    ['a part of one', 'facts.memory.totl_kib > 1', '"facts.memory" has no "totl_kib"', 'did you mean "total_kib"?'],
    [
      'a part behind a condition that is not known',
      'facts.memory.free_kib > 1 && facts.os.idd == "x"',
      '"facts.os" has no "idd"',
      'did you mean "id"?',
    ],
    ['a part of a list', 'facts.numa.nodes[0].memry_kib > 1', 'has no "memry_kib"', 'did you mean "memory_kib"?'],
    [
      'another host’s',
      'hostvars["h2"].facts.memory.totl_kib > 1',
      '"facts.memory" has no "totl_kib"',
      'did you mean "total_kib"?',
    ],
    ['Ansible’s', 'ansible_hostname == "h1"', '"ansible_hostname" is a fact of Ansible', 'write facts.hostname'],
    [
      'Ansible’s, the newer way',
      'ansible_facts["distribution"] == "Debian"',
      'is a fact of Ansible',
      'write facts.os.name, or facts.os.id',
    ],
    ['Ansible’s, unknown here', 'ansible_facts.lvm != ""', 'is a fact of Ansible', 'docs/facts.md'],
  ])('are looked at before any host is: %s', async (_, condition, message, hint) => {
    const h1 = host();

    const wrong = await play(playOf(`\n    - debug: {}\n      when: '${condition}'`), { hosts: { h1 } }).catch(
      (e) => e,
    );

    expect(wrong).toBeInstanceOf(UserError);
    expect(wrong.diagnostics).toEqual([
      expect.objectContaining({
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
        at: expect.objectContaining({ line: 5 }),
      }),
    ]);
    expect(h1.frames).toEqual([]);
  });

  it('may be Ansible’s where somebody gives them a value', async () => {
    const { results } = await play(
      playOf('\n    - debug: { msg: "{{ ansible_hostname }}" }', '{ ansible_hostname: x }'),
      { hosts: { h1: host() } },
    );

    expect(results[0]?.message).toEqual({ msg: 'x' });
  });
});
