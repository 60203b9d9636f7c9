import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/engine/events.ts';
import { fakeHost } from '../support/fake-host.ts';
import { play } from './play.ts';

/** Files of a host's that the tasks below read and write, each in states that occur. */
const KNOBS = {
  '/proc/sys/vm/swappiness': fc.constantFrom('60', '10', '0', '100'),
  '/proc/sys/vm/zone_reclaim_mode': fc.constantFrom('0', '1'),
  '/proc/sys/vm/dirty_ratio': fc.constantFrom('20', '40', '0'),
  '/proc/sys/vm/dirty_bytes': fc.constantFrom('0', '1048576'),
  '/proc/sys/kernel/numa_balancing': fc.constantFrom('0', '1'),
  '/sys/kernel/mm/ksm/run': fc.constantFrom('0', '1', '2'),
  '/sys/kernel/mm/ksm/pages_sharing': fc.constant('0'),
  '/sys/kernel/mm/ksm/pages_shared': fc.constant('0'),
  '/sys/kernel/mm/ksm/pages_to_scan': fc.constantFrom('100', '4000'),
  '/sys/kernel/mm/ksm/sleep_millisecs': fc.constantFrom('20', '200'),
  '/sys/kernel/mm/transparent_hugepage/enabled': fc.constantFrom(
    '[always] madvise never',
    'always [madvise] never',
    'always madvise [never]',
  ),
  '/sys/kernel/mm/transparent_hugepage/defrag': fc.constantFrom(
    'always defer defer+madvise [madvise] never',
    'always defer [defer+madvise] madvise never',
  ),
};
const CONFIGS = {
  '/etc/sysctl.d/90-kvmplay.conf': fc.constantFrom(
    'vm.swappiness = 10\n',
    '# ours\nvm.swappiness=60\nvm.dirty_ratio = 20\n',
  ),
  '/etc/sysctl.d/99-local.conf': fc.constantFrom('vm.swappiness = 60\n', 'kernel.numa_balancing = 0\n', '# nothing\n'),
};
const host = fc.record(
  {
    ...Object.fromEntries(Object.entries(KNOBS).map(([path, text]) => [path, text.map((one) => `${one}\n`)])),
    ...CONFIGS,
  },
  { requiredKeys: Object.keys(KNOBS) as never[] },
);

const sysctl = (key: string, values: readonly number[]) =>
  fc.record({ sysctl: fc.record({ name: fc.constant(key), value: fc.constantFrom(...values) }) });
const task = fc.oneof(
  sysctl('vm.swappiness', [10, 60, 1]),
  sysctl('vm.zone_reclaim_mode', [0, 1]),
  sysctl('vm.dirty_ratio', [20, 10]),
  sysctl('vm.dirty_bytes', [1048576, 4096]),
  sysctl('kernel.numa_balancing', [0, 1]),
  sysctl('kernel.not_there', [1]),
  fc.record({
    ksm: fc.record(
      { state: fc.constantFrom('on', 'off'), pages_to_scan: fc.constantFrom(100, 1000) },
      { requiredKeys: ['state'] },
    ),
  }),
  fc.record({
    thp: fc.record(
      { enabled: fc.constantFrom('always', 'madvise', 'never'), defrag: fc.constantFrom('madvise', 'defer+madvise') },
      { requiredKeys: ['enabled'] },
    ),
  }),
);

const told = (results: readonly Result[]) =>
  results.map(
    ({ status, changes }) =>
      `${status}: ${changes.map(({ plane, target, after }) => `${plane} ${target} ${after}`).join(', ')}`,
  );

describe('check mode', () => {
  it('foretells what a run does, task by task, on any host, or says that it cannot know', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(host, fc.array(task, { minLength: 1, maxLength: 6 }), async (files, tasks) => {
        // A failed task would end the play; what is compared is each task on what the others left.
        const yaml = JSON.stringify([{ hosts: 'all', tasks: tasks.map((one) => ({ ...one, ignore_errors: true })) }]);
        const made = () => fakeHost({ files: files as Record<string, string> });

        const checked = made();
        const foretold = await play(yaml, { hosts: { h1: checked }, check: true });
        const done = await play(yaml, { hosts: { h1: made() } });

        expect(checked.actions).toEqual([]);
        for (const [index, said] of told(foretold.results).entries()) {
          if (foretold.results[index]?.status === 'unknown') continue;
          compared += 1;
          expect(said).toBe(told(done.results)[index]);
        }
      }),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(150);
  });

  it('foretells nothing firm of what a task may have changed that may not be done at all', async () => {
    const perhaps = fc.constantFrom(
      {},
      { when: 'said.stdout == "10"' },
      { loop: '{{ said.stdout_lines }}' },
      { loop: [1], when: 'said.stdout != "10"' },
    );
    const unsure = fc.record({ task, perhaps }).map(({ task: one, perhaps: more }) => ({ ...one, ...more }));
    const ask = { command: { argv: ['ask'] }, register: 'said' };
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(host, fc.array(unsure, { minLength: 2, maxLength: 6 }), async (files, tasks) => {
        const all = tasks.map((one) => ({ ...one, ignore_errors: true }));
        const yaml = JSON.stringify([{ hosts: 'all', tasks: [ask, ...all] }]);
        const made = (stdout: string) =>
          fakeHost({ files: files as Record<string, string>, commands: { ask: stdout } });

        const foretold = await play(yaml, { hosts: { h1: made('') }, check: true });
        const runs = [await play(yaml, { hosts: { h1: made('') } }), await play(yaml, { hosts: { h1: made('10\n') } })];

        for (const [index, said] of told(foretold.results).entries()) {
          if (foretold.results[index]?.status === 'unknown') continue;
          compared += 1;
          for (const done of runs) expect(told(done.results)[index]).toBe(said);
        }
      }),
      { numRuns: 80 },
    );
    expect(compared).toBeGreaterThan(10);
  });

  it('finds nothing to do where a run has been, and the run has proved it', async () => {
    await fc.assert(
      fc.asyncProperty(host, task, async (files, one) => {
        const yaml = JSON.stringify([{ hosts: 'all', tasks: [one] }]);
        const machine = fakeHost({ files: files as Record<string, string> });

        const first = await play(yaml, { hosts: { h1: machine } });
        machine.reconnect();
        const again = await play(yaml, { hosts: { h1: machine }, check: true });

        fc.pre(first.status === 0);
        expect(again.results.filter(({ status }) => status === 'changed' || status === 'unknown')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('is not kept from foretelling one disk by what another task does to another', async () => {
    const disk = (name: string) => ({
      [`/sys/block/${name}/queue/scheduler`]: '[mq-deadline] kyber bfq none\n',
      [`/sys/block/${name}/queue/nr_requests`]: '64\n',
      [`/sys/block/${name}/queue/iosched/fifo_batch`]: '16\n',
    });
    const files = { ...disk('sda'), ...disk('sdb'), ...disk('vda') };
    const tasks = [
      { io_scheduler: { devices: 'sda', scheduler: 'bfq', nr_requests: 128 } },
      { io_scheduler: { devices: 'sdb', scheduler: 'kyber' } },
      { io_scheduler: { devices: 'vda', scheduler: 'none' } },
    ];
    const yaml = JSON.stringify([{ hosts: 'all', tasks }]);

    const foretold = await play(yaml, { hosts: { h1: fakeHost({ files }) }, check: true });
    const done = await play(yaml, { hosts: { h1: fakeHost({ files }) } });

    expect(foretold.results.map(({ status }) => status)).toEqual(['changed', 'changed', 'changed']);
    expect(told(foretold.results)).toEqual(told(done.results));
  });
});
