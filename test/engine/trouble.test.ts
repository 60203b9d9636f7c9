import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Remote, text } from '../../src/contract/index.ts';
import type { Result } from '../../src/engine/events.ts';
import { openEyes } from '../../src/engine/eyes.ts';
import { makeOverlay } from '../../src/engine/overlay.ts';
import { humanReport } from '../../src/report/human.ts';
import { fakeHost } from '../support/fake-host.ts';
import { knob } from './knob-module.ts';
import { play, untuned } from './play.ts';

const on = (...names: string[]) => ({ hosts: Object.fromEntries(names.map((name) => [name, untuned()])) });
const said = (results: readonly Result[]) => results.map(({ host, status }) => `${host} ${status}`);

describe('a host that fails', () => {
  const yaml = `- hosts: all
  handlers:
    - name: told
      debug: { msg: handler }
  tasks:
    - sysctl: { name: vm.swappiness, value: 10 }
      notify: told
    - fail: { msg: broken }
`;

  it('runs what was notified with --force-handlers, and not without', async () => {
    const forced = await play(yaml, { ...on('h1'), forceHandlers: true });
    const plain = await play(yaml, on('h1'));

    expect(said(forced.results)).toEqual(['h1 changed', 'h1 failed', 'h1 ok']);
    expect(said(plain.results)).toEqual(['h1 changed', 'h1 failed']);
  });

  it('ends the play for all, and what is always done is done where it was begun', async () => {
    const fatal = `- hosts: all
  any_errors_fatal: true
  tasks:
    - block:
        - fail: { msg: broken }
          when: inventory_hostname == "h1"
        - debug: { msg: never }
      always:
        - debug: { msg: always }
    - block:
        - debug: { msg: never }
      always:
        - debug: { msg: never begun }
`;

    const { results } = await play(fatal, on('h1', 'h2'));

    expect(results.map(({ host, status, message }) => [host, status, message]).toSorted()).toEqual([
      ['h1', 'failed', undefined],
      ['h1', 'ok', { msg: 'always' }],
      ['h2', 'ok', { msg: 'always' }],
      ['h2', 'skipped', undefined],
    ]);
  });

  it('is rescued where the handler that fails is flushed in a block that rescues', async () => {
    const flushed = `- hosts: all
  any_errors_fatal: true
  tasks:
    - block:
        - { debug: {}, changed_when: true, notify: h }
        - meta: flush_handlers
        - debug: { msg: never }
      rescue:
        - debug: { msg: rescue }
  handlers: [{ name: h, fail: {} }]
`;

    const { results, status } = await play(flushed, on('h1'));

    expect(said(results)).toEqual(['h1 changed', 'h1 rescued', 'h1 ok']);
    expect(status).toBe(0);
  });

  it('counts a host that is lost among those that failed', async () => {
    const share = `- hosts: all
  max_fail_percentage: 50
  tasks:
    - sysctl: { name: vm.swappiness, value: 10 }
    - fail: { msg: broken }
      when: inventory_hostname == "h2"
    - debug: { msg: never }
`;

    const { results, status } = await play(share, { hosts: { ...on('h1', 'h2').hosts, h3: 'down' } });

    expect(said(results).toSorted()).toEqual(['h1 changed', 'h1 skipped', 'h2 changed', 'h2 failed', 'h3 unreachable']);
    expect(status).toBe(4);
  });

  it('stops the others where a single task says any_errors_fatal', async () => {
    const fatal = `- hosts: all
  tasks:
    - fail: { msg: broken }
      when: inventory_hostname == "h1"
      any_errors_fatal: true
    - sysctl: { name: vm.swappiness, value: 10 }
`;
    const { hosts } = on('h1', 'h2');

    const { status } = await play(fatal, { hosts });

    expect(status).toBe(2);
    expect(hosts.h2?.actions).toEqual([]);
  });
});

describe('a mistake that shows late', () => {
  it.each([
    ['notify', `    - debug: { msg: on }\n      notify: "{{ missing }}"\n`],
    ['a meta condition', `    - meta: end_host\n      when: missing == 1\n`],
  ])('in %s fails that host at its place, and leaves the others alone', async (_, task) => {
    const handlers = '  handlers:\n    - name: told\n      debug: { msg: handler }\n';
    const { status, results } = await play(`- hosts: all\n${handlers}  tasks:\n${task}`, {
      ...on('h1', 'h2'),
      vars: { h2: { missing: 'told' } },
    });

    expect(status).toBe(2);
    expect(results.find(({ host }) => host === 'h1')).toMatchObject({
      status: 'failed',
      error: { code: 'UndefinedVariable', source: expect.stringMatching(/site\.yml:\d+:\d+/) },
    });
    expect(results.some(({ host, status }) => host === 'h2' && status === 'failed')).toBe(false);
  });

  it('in a label or a delegated name does not hide what was done', async () => {
    const yaml = `- hosts: all
  tasks:
    - sysctl: { name: vm.swappiness, value: 10 }
      loop: [a]
      loop_control: { label: "{{ missing }}" }
`;
    expect(said((await play(yaml, on('h1'))).results)).toEqual(['h1 changed']);
  });

  it('in a loop is guarded by its condition', async () => {
    const yaml = `- hosts: all
  tasks:
    - debug: { msg: "{{ item }}" }
      loop: "{{ disks }}"
      when: defined(disks)
`;
    expect(said((await play(yaml, on('h1'))).results)).toEqual(['h1 skipped']);
  });
});

describe('what is seen', () => {
  afterEach(() => void vi.useRealTimers());

  it('is read again with each try of until', async () => {
    let reads = 0;
    const counting: Remote = {
      ...fakeHost(),
      exchange: async ({ actions, probes }) => ({
        results: actions.map(() => ({ ok: true })),
        readings: probes.map((probe) => {
          if (probe.kind !== 'file' || probe.path !== '/proc/sys/vm/swappiness') return { is: 'absent' };
          reads += 1;
          return text(`${60 + reads}\n`);
        }),
      }),
    };
    const yaml = `- hosts: all
  tasks:
    - sysctl: { name: vm.swappiness, value: 63, persistent: false }
      register: seen
      until: "!seen.failed"
      retries: 5
      delay: 0
`;
    const { results } = await play(yaml, { hosts: { h1: counting } });

    expect(said(results)).toEqual(['h1 ok']);
  });

  it('is not what a task with check_mode: true would have done, in a run that acts', async () => {
    const yaml = `- hosts: all
  tasks:
    - sysctl: { name: vm.swappiness, value: 10, persistent: false }
      check_mode: true
    - sysctl: { name: vm.swappiness, value: 10, persistent: false }
`;
    const { hosts } = on('h1');

    const { results } = await play(yaml, { hosts });

    expect(said(results)).toEqual(['h1 changed', 'h1 changed']);
    expect(hosts.h1?.read('/proc/sys/vm/swappiness')).toBe('10\n');
  });

  it('is read again when it is old', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const host = fakeHost({ files: { '/k': 'on\n' } });
    const eyes = openEyes(host, makeOverlay());
    const job = { module: knob, params: { path: '/k', value: 'on' } };
    await eyes.survey([job]);

    host.files.put('/k', 'off\n');
    const young = (await eyes.see(job.module, job.params)).seen.text('it');
    vi.setSystemTime(Date.now() + 31_000);
    const old = (await eyes.see(job.module, job.params)).seen.text('it');

    expect([young, old]).toEqual(['on\n', 'off\n']);
    expect(host.roundTrips).toBe(2);
  });
});

describe('the terminal', () => {
  it('never obeys what a host has sent', () => {
    let out = '';
    const report = humanReport({ write: (more) => (out += more) });
    const step = { play: 'p', name: 't', module: 'm', source: 's:1:1', handler: false };
    const error = { code: 'X', message: 'bad \u001b]0;owned\u0007 \u001b[2J' };
    report({ event: 'play_start', play: 0, name: 'p', hosts: ['h1'], steps: [step] });
    report({ event: 'batch_start', play: 0, hosts: ['h1'] });
    report({
      event: 'task_result',
      play: 0,
      spot: [0],
      step: 0,
      result: { host: 'h1', status: 'failed', changes: [], error, diff: false, ms: 0 },
    });
    report({ event: 'batch_end', play: 0 });

    expect(out).toContain('X: bad ·]0;owned· ·[2J');
    expect(out).not.toMatch(/[\u001b\u0007]/);
  });
});
