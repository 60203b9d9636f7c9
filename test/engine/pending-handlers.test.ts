import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type JournalRecord, openJournal } from '../../src/engine/journal.ts';
import { pendingHandlers, pendingIn } from '../../src/engine/pending-handlers.ts';
import { play, untuned } from './play.ts';

const BROKEN = `- hosts: all
  handlers:
    - name: first
      debug: { msg: first }
    - name: second
      debug: { msg: second }
  tasks:
    - sysctl: { name: vm.swappiness, value: 10, persistent: false }
      notify: [second, first]
    - fail: {}
      when: inventory_hostname == "h1"
`;
const left = (records: readonly JournalRecord[]) =>
  pendingIn(records, 'r1').map(({ host, handler }) => [host, handler]);

describe('a handler that was notified on a host that failed', () => {
  it('is kept in the journal, and not where it was run', async () => {
    const plain = await play(BROKEN, { hosts: { h1: untuned(), h2: untuned() } });
    const forced = await play(BROKEN, { hosts: { h1: untuned() }, forceHandlers: true });

    expect(left(plain.records)).toEqual([
      ['h1', 'second'],
      ['h1', 'first'],
    ]);
    expect(plain.events).toContainEqual({
      event: 'warning',
      host: 'h1',
      message: '"first" was notified and not run: the next run does it',
    });
    expect(left(forced.records)).toEqual([]);
  });

  it('is run by the next run, once, in the order of definition, though nothing changes', async () => {
    const yaml = BROKEN.replace('    - fail: {}\n      when: inventory_hostname == "h1"\n', '');
    const pending = ['second', 'first', 'gone'].map((handler) => ({ host: 'h1', handler }));

    const { results, records, events } = await play(yaml, { hosts: { h1: untuned('10') }, pending });

    expect(results.map(({ message }) => message)).toEqual([undefined, { msg: 'first' }, { msg: 'second' }]);
    expect(left(records)).toEqual([]);
    expect(events.filter(({ event }) => event === 'warning')).toMatchObject([
      { message: '"second" was notified in run r0 and has not been run since: it runs now' },
      { message: '"first" was notified in run r0 and has not been run since: it runs now' },
      {
        message: '"gone" was notified in run r0 and has not been run since; the playbook has no such handler any more',
      },
    ]);
  });

  it('is foretold in check mode, and stays to be run', async () => {
    const { results, records } = await play(BROKEN, {
      check: true,
      hosts: { h2: untuned('10') },
      pending: [{ host: 'h2', handler: 'first' }],
    });

    expect(results.at(-1)?.message).toEqual({ msg: 'first' });
    expect(records.filter(({ is }) => is === 'settled' || is === 'notified')).toEqual([]);
  });

  it('stays to be run when it fails itself, and when nobody can say whether what notified it was done', async () => {
    const failing = BROKEN.replace('debug: { msg: first }', 'fail: {}').replace('h1"', 'h9"');
    const lost = untuned('60', { drop: { frame: 2, afterActions: 1 } });

    const failed = await play(failing, { hosts: { h1: untuned() } });
    const unknown = await play(BROKEN, { hosts: { h1: lost } });

    expect(left(failed.records).map(([, handler]) => handler)).toEqual(['second', 'first']);
    expect(left(unknown.records).map(([, handler]) => handler)).toEqual(['second', 'first']);
  });
});

describe('which run left a handler', () => {
  const cwd = '/srv/site';
  const run = (run_id: string, hosts: readonly string[], playbooks = ['site.yml']): JournalRecord => ({
    ...{ is: 'run', run_id, mode: 'run', version: '0', started: '', inventory: [] },
    ...{ playbooks, hosts, cwd },
  });
  const notified = (host: string, handler: string): JournalRecord => ({
    ...{ is: 'notified', host, playbook: `${cwd}/site.yml`, play: 'p' },
    handlers: [handler],
  });

  it('is the last one of this playbook on the host', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvmplay-pending-'));
    const write = async (id: string, records: readonly JournalRecord[]) => {
      const journal = await openJournal(folder, id);
      for (const record of records) await journal.append(record);
      await journal.close();
    };
    await write('1', [run('1', ['h1', 'h2']), notified('h1', 'old'), notified('h2', 'kept')]);
    await write('2', [run('2', ['h1']), notified('h1', 'new')]);
    await write('3', [run('3', ['h1', 'h2'], ['other.yml'])]);

    const found = await pendingHandlers(folder, [`${cwd}/site.yml`], ['h1', 'h2', 'h3']);

    expect(found.map(({ host, handler, run: id }) => [host, handler, id])).toEqual([
      ['h1', 'new', '2'],
      ['h2', 'kept', '1'],
    ]);
  });
});

describe('a handler whose name is made of a variable', () => {
  const NOTIFIES = `- hosts: all
  handlers: [{ name: restart it, debug: {} }]
  tasks:
    - debug: { msg: changed }
      changed_when: true
      notify: "restart {{ service }}"
      when: defined(service)
`;
  const notifying = (vars: Readonly<Record<string, unknown>>) =>
    play(NOTIFIES, { hosts: { h1: untuned() }, vars: { h1: vars } });

  it('runs where there is one, and is not looked for where the task is skipped', async () => {
    const [there, skipped] = [await notifying({ service: 'it' }), await notifying({})];

    expect(there.results.map(({ status }) => status)).toEqual(['changed', 'ok']);
    expect(skipped.results.map(({ status }) => status)).toEqual(['skipped']);
  });

  it('fails the task before it does anything where there is none', async () => {
    const { results } = await notifying({ service: 'that' });

    expect(results).toMatchObject([{ status: 'failed', error: { code: 'UnknownHandler' } }]);
  });
});
