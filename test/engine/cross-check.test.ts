import { describe, expect, it } from 'vitest';
import { printReserve, RESERVE_FILE, Unreachable } from '../../src/contract/index.ts';
import { makeHost } from '../../src/engine/host.ts';
import { FAKE_COMMANDS } from '../support/fake-commands.ts';
import { fakeHost } from '../support/fake-host.ts';
import { irqMachine } from '../support/irq-machine.ts';
import { play } from './play.ts';

const hypervisor = (more: Record<string, string> = {}) =>
  fakeHost({
    files: irqMachine({ nics: [{ name: 'eth0' }], more: { '/proc/sys/vm/swappiness': '60\n', ...more } }),
    commands: FAKE_COMMANDS,
  });

const RESERVE = { name: 'reserve', host_reserve: { cpus: '0-1' } };
const TUNE = { name: 'tune', sysctl: { name: 'vm.swappiness', value: 10 } };
const OTHERWISE = { name: 'steer', irq_affinity: { cpus: '4-5' } };

async function walk(tasks: readonly object[], more: Record<string, string> = {}, check = false) {
  const h1 = hypervisor(more);
  const before = h1.files.snapshot();
  const { results, status, records, end } = await play(JSON.stringify([{ hosts: 'all', tasks }]), {
    hosts: { h1 },
    check,
  });
  return {
    h1,
    status,
    results,
    told: results.map((one) => `${one.status} ${one.error?.code ?? ''}`.trim()),
    untouched: JSON.stringify(h1.files.snapshot()) === JSON.stringify(before),
    intents: records.filter(({ is }) => is === 'intent'),
    trips: end?.round_trips.h1,
  };
}

describe('tasks that contradict each other', () => {
  it.each([
    ['one and a later one', [RESERVE, TUNE, OTHERWISE]],
    ['one and an earlier one', [OTHERWISE, TUNE, RESERVE]],
    ['one in a block, and one of a role-like section before', [RESERVE, { block: [TUNE, OTHERWISE] }]],
    ['one turn of a loop', [RESERVE, TUNE, { name: 'steer', irq_affinity: { cpus: '{{ item }}' }, loop: ['0', '4'] }]],
  ])('fail a host before anything is done there: %s', async (_, tasks) => {
    const { told, status, untouched, intents, results, h1 } = await walk(tasks);

    expect([told, status]).toEqual([['failed ReservedOtherwise'], 2]);
    expect(results[0]?.error?.message).toMatch(
      /host_reserve has 4(-5)? as the guests'\. Nothing of this play was done$/,
    );
    expect([untouched, intents, h1.actions]).toEqual([true, [], []]);
  });

  it('fail it by what was said on the host before, too', async () => {
    const file = { [RESERVE_FILE]: printReserve({ host: [0], guests: [1, 2, 3, 4, 5, 6, 7] }) };

    const { told, untouched } = await walk([TUNE, OTHERWISE], file);

    expect([told, untouched]).toEqual([['failed ReservedOtherwise'], true]);
  });

  it.each([[[RESERVE, TUNE, OTHERWISE]], [[OTHERWISE, TUNE, RESERVE]]])(
    'are told by check mode as a run tells them, in one round trip: %j',
    async (tasks) => {
      const run = await walk(tasks);
      const check = await walk(tasks, {}, true);

      expect(check.results.map(({ ms: _, ...one }) => one)).toEqual(run.results.map(({ ms: _, ...one }) => one));
      expect([run.trips, check.trips]).toEqual([1, 1]);
    },
  );

  it('leave other hosts alone', async () => {
    const h1 = hypervisor();
    const h2 = hypervisor();
    const yaml = JSON.stringify([
      { hosts: 'all', tasks: [RESERVE, TUNE, { irq_affinity: { cpus: '{{ nic_cpus }}', persistent: false } }] },
    ]);

    const { results } = await play(yaml, {
      hosts: { h1, h2 },
      vars: { h1: { nic_cpus: '0' }, h2: { nic_cpus: '4' } },
    });

    const of = (name: string) => results.filter(({ host }) => host === name).map(({ status }) => status);
    expect([of('h1'), of('h2'), h2.actions]).toEqual([['changed', 'changed', 'changed'], ['failed'], []]);
  });
});

describe('tasks that agree, or may', () => {
  it('take no round trip more', async () => {
    const { told, trips } = await walk([RESERVE, TUNE, { irq_affinity: { persistent: false } }]);

    expect([told, trips]).toEqual([['changed', 'changed', 'changed'], 4]);
  });

  it.each([
    ['is not done', { ...OTHERWISE, when: 'false' }, ['changed', 'changed', 'skipped']],
    ['may not be done', { ...OTHERWISE, when: 'reserved.changed' }, ['changed', 'changed', 'failed ReservedOtherwise']],
    ['may fail', { ...OTHERWISE, ignore_errors: true }, ['changed', 'changed', 'ignored ReservedOtherwise']],
    [
      'is rescued',
      { block: [OTHERWISE], rescue: [{ debug: { msg: 'so be it' } }] },
      ['changed', 'changed', 'rescued ReservedOtherwise', 'ok'],
    ],
    [
      'comes after a way out',
      { block: [{ meta: 'end_host', when: 'reserved.changed' }, OTHERWISE] },
      ['changed', 'changed'],
    ],
  ])('are judged in their own turn where one %s', async (_, task, expected) => {
    const { told } = await walk([{ ...RESERVE, register: 'reserved' }, TUNE, task]);

    expect(told).toEqual(expected);
  });

  it('are not held against a task that may be done, and would make it right', async () => {
    const file = { [RESERVE_FILE]: printReserve({ host: [0], guests: [1, 2, 3, 4, 5, 6, 7] }) };
    const right = { host_reserve: { cpus: '0,4-5' }, when: 'tuned.changed' };

    const { told } = await walk([{ ...TUNE, register: 'tuned' }, right, OTHERWISE], file);

    expect(told).toEqual(['changed', 'changed', 'changed']);
  });
});

describe('tasks that tune CPUs', () => {
  it('are foretold beside one that moves memory, and beside each other', async () => {
    const pool = '/sys/devices/system/node/node0/hugepages/hugepages-2048kB';
    const whole = '/sys/kernel/mm/hugepages/hugepages-2048kB';
    const counts = [pool, whole].flatMap((dir) =>
      ['nr', 'free', 'surplus'].map((name) => [`${dir}/${name}_hugepages`, '0\n']),
    );
    const tasks = [
      { hugepages: { nodes: { 0: 4 } } },
      RESERVE,
      { irq_affinity: { devices: 'eth0' } },
      { irq_affinity: { devices: 'eth0', rps_cpus: 'cpus' } },
    ];

    const check = await walk(tasks, Object.fromEntries(counts), true);
    const run = await walk(tasks, Object.fromEntries(counts));

    expect(check.told).toEqual(['changed', 'changed', 'changed', 'changed']);
    expect(check.results.map(({ changes }) => changes)).toEqual(run.results.map(({ changes }) => changes));
  });
});

describe('a host that cannot be reached', () => {
  it('is not dialled for the cross-check and again for its first task', async () => {
    let dialled = 0;
    const host = makeHost('h1', async () => {
      dialled += 1;
      throw new Unreachable('ConnectionRefused', 'connection refused');
    });
    const root = { user: 'root', method: 'sudo' };

    await expect(host.imagine().eyes(root, [])).rejects.toThrow('refused');
    await expect(host.eyes(root)).rejects.toThrow('refused');
    expect(dialled).toBe(1);

    await expect(host.eyes(root)).rejects.toThrow('refused');
    expect(dialled).toBe(2);
  });
});
