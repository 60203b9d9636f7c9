import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Kvmplay, Outcome } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

const TASKS = [{ tuned_profile: { profile: 'virtual-host' } }];
/** Two knobs that the profile sets, too, and one that it sets on other machines only. */
const RIVALS = [
  { sysctl: { values: { 'vm.dirty_ratio': 30, 'kernel.numa_balancing': 1 } } },
  { io_scheduler: { devices: 'vdb', read_ahead_kb: 256, persistent: false } },
];
const SHOWN = 'sysctl -n vm.swappiness vm.dirty_ratio vm.dirty_background_ratio';

const notesOf = ({ results }: Outcome) => results.flatMap(({ notes = [] }) => notes);

describe.skipIf(vm === undefined).sequential('what tunes a host by itself', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  const state = () =>
    host.read(`${SHOWN}; systemctl is-active tuned; systemctl is-enabled tuned; cat /etc/tuned/active_profile`);

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
  });

  describe('tuned', () => {
    let before: string;
    let run: Outcome;
    let rivals: Outcome;
    beforeAll(() => {
      before = host.ssh(SHOWN).stdout;
    });
    afterAll(() => {
      host.ssh('tuned-adm off; systemctl disable --now tuned; rm -f /etc/sysctl.d/90-kvmplay.conf');
    });

    test('is started with a profile, which an audit has foretold', () => {
      const audit = kvmplay.audit(TASKS);
      expect(audit.status, audit.words).toBe(3);
      expect(host.ssh('systemctl is-active tuned').stdout).toBe('inactive\n');

      run = kvmplay.run(TASKS);

      expect(run.status, run.words).toBe(0);
      expect(run.targets).toEqual(audit.targets);
      expectProven('vm', 'tuned', run, ['tuned_profile']);
      expect(host.read('tuned-adm active')).toContain('Current active profile: virtual-host');
      expect(state()).toBe('10\n40\n5\nactive\nenabled\nvirtual-host');
    });

    test('is left alone by a second run, in one round trip', () => {
      const again = kvmplay.run(TASKS);

      expect([again.status, again.targets, again.roundTrips], again.words).toEqual([0, [], 1]);
    });

    test('is named as the master of what tasks set too, with the line that says so, and of nothing else', () => {
      rivals = kvmplay.run(RIVALS);

      expect(rivals.status, rivals.words).toBe(0);
      const notes = notesOf(rivals).filter((note) => note.includes('tuned'));
      expect(notes).toEqual([
        expect.stringMatching(
          /^vm\.dirty_ratio: tuned sets it too whenever it starts, to 40 \(profile virtual-host, \/usr\/lib\/tuned\/throughput-performance\/tuned\.conf:\d+\); files in sysctl\.d have the last word$/,
        ),
        expect.stringMatching(
          /^read_ahead_kb: tuned sets it too whenever it starts, to >4096 \(profile virtual-host, /,
        ),
      ]);
    });

    test('has the last word when it starts, but over sysctl.d, as was said', async () => {
      host.read('systemctl restart tuned');
      for (let tries = 0; tries < 60; tries++) {
        if (host.ssh('cat /sys/block/vdb/queue/read_ahead_kb').stdout === '4096\n') break;
        await sleep(1000);
      }

      expect(host.read(`cat /sys/block/vdb/queue/read_ahead_kb; ${SHOWN}`)).toBe('4096\n10\n30\n5');
    });

    test('has set nothing once all is taken back', () => {
      host.read('echo 256 >/sys/block/vdb/queue/read_ahead_kb');
      expect(kvmplay.rollback(rivals.id).status).toBe(0);

      const back = kvmplay.rollback(run.id);

      expect(back.status, back.words).toBe(0);
      expect(host.ssh(SHOWN).stdout).toBe(before);
      expect(host.ssh('systemctl is-active tuned; systemctl is-enabled tuned').stdout).toBe('inactive\ndisabled\n');
    });
  });

  describe('numad, irqbalance and ksmtuned', () => {
    const TASKS = [
      { host_reserve: { cpus: '0-1,4-5' } },
      { sysctl: { name: 'kernel.numa_balancing', value: 1, persistent: false } },
      { irq_affinity: { devices: 'en*', irqbalance: 'keep' } },
      { ksm: { state: 'on' } },
    ];
    const UNIT = '/usr/lib/systemd/system/ksmtuned.service';
    beforeAll(() => {
      // Debian has no ksmtuned: a unit of its name.
      host.read(`printf '[Service]\\nExecStart=sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' >${UNIT}
        systemctl daemon-reload && systemctl enable -q --now ksmtuned && systemctl start numad irqbalance`);
    });
    afterAll(() => {
      host.ssh(`systemctl unmask ksmtuned; systemctl disable --now ksmtuned; systemctl stop numad irqbalance
        rm ${UNIT}; systemctl daemon-reload; echo 2 >/sys/kernel/mm/ksm/run; rm -f /etc/tmpfiles.d/kvmplay-ksm.conf`);
    });

    test('are told, each where it undoes what is asked', () => {
      const audit = kvmplay.audit(TASKS);

      expect(notesOf(audit)).toEqual(
        expect.arrayContaining([
          expect.stringContaining('numad.service runs: it moves processes, guests too'),
          expect.stringContaining('kernel.numa_balancing: numad.service runs'),
          expect.stringContaining('irqbalance.service is active or enabled and moves interrupts by itself'),
        ]),
      );
      const [summary] = audit.results.at(-1)?.changes.filter(({ target }) => target.includes('ksmtuned')) ?? [];
      expect(summary).toMatchObject({ summary: expect.stringContaining('ksmtuned.service is active or enabled') });
    });

    test('ksmtuned is masked where that is asked, and comes back', () => {
      const states = () => host.ssh('systemctl is-active ksmtuned; systemctl is-enabled ksmtuned').stdout;
      const run = kvmplay.run([{ ksm: { state: 'on', services: 'mask' } }]);

      expect([run.status, states()], run.words).toEqual([0, 'inactive\nmasked\n']);
      const back = kvmplay.rollback(run.id);
      expect([back.status, states()], back.words).toEqual([0, 'active\nenabled\n']);
    });
  });
});
