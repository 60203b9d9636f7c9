import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Unreachable } from '../../src/contract/index.ts';
import { play } from './play.ts';
import { BOOT_ID, machine } from './reboot-machine.ts';

const playOf = (tasks: readonly object[]) => JSON.stringify([{ hosts: 'all', tasks }]);
const cmdline = { debug: { msg: '{{ facts.cmdline.text }}' } };

describe('a reboot', () => {
  it('is waited for, and what was read before is read again after', async () => {
    const { connect, boots } = machine({ downMs: 500 });

    const tasks = [cmdline, { reboot: {}, register: 'came' }, cmdline, { debug: { var: 'came' } }];
    const { results, status, records } = await play(playOf(tasks), { hosts: { kvm: connect } });

    expect([status, boots()]).toEqual([0, 1]);
    expect(results.map((one) => one.status)).toEqual(['ok', 'changed', 'ok', 'ok']);
    expect([results[0]?.message, results[2]?.message]).toEqual([{ msg: 'ro quiet' }, { msg: 'ro isolcpus=2' }]);
    expect(results[3]?.message).toMatchObject({ came: { changed: true, rebooted: true, elapsed: 2 } });
    expect(records.map(({ is }) => is)).toEqual(['intent', 'done', 'left']);
  });

  it('is proved by the boot id, also where its answer was lost with the connection', async () => {
    const { connect } = machine({ losesAnswer: true });

    const { results, records } = await play(playOf([{ reboot: {} }, cmdline]), { hosts: { kvm: connect } });

    expect(results.map((one) => one.status)).toEqual(['changed', 'ok']);
    expect(records.map(({ is }) => is)).toEqual(['intent', 'done', 'left']);
  });

  it.each([
    ['that never happened', { runsOn: true }, 'NotRebooted', 'done'],
    ['that never happened, and whose answer was lost', { runsOn: true, losesAnswer: true }, 'NotRebooted', 'lost'],
    ['after which nobody answers', { downMs: 60_000 }, 'RebootTimeout', 'done'],
    [
      'after which the test fails',
      { commands: { true: { status: 1, stdout: '', stderr: 'degraded' } } },
      'TestCommandFailed',
      'done',
    ],
  ] as const)('%s fails the host when the time is over, so that a rescue can take care', async (_, how, code, last) => {
    const { connect } = machine(how);

    const block = [{ reboot: { reboot_timeout: 1, test_command: 'true' } }];
    const rescue = [{ debug: { msg: '{{ ansible_failed_result.rebooted }}' } }];
    const { results, records } = await play(playOf([{ block, rescue }]), { hosts: { kvm: connect } });

    expect(results[0]).toMatchObject({ status: 'rescued', error: { code } });
    expect(results[1]?.message).toEqual({ msg: code === 'TestCommandFailed' });
    expect(records[1]).toMatchObject({ is: last });
  });

  it('after which another host key is shown ends at once', async () => {
    const { connect } = machine({ afterwards: new Unreachable('HostKeyChanged', 'the host key has changed') });

    const { results, status } = await play(playOf([{ reboot: {} }]), { hosts: { kvm: connect } });

    expect(results[0]).toMatchObject({ status: 'unreachable', error: { code: 'HostKeyChanged' } });
    expect([status, (results[0]?.ms ?? 0) < 4000]).toEqual([4, true]);
  });

  it('is refused on the machine that kvmplay runs on, in check mode too', async () => {
    const { host, connect } = machine();
    host.files.put(BOOT_ID, readFileSync(BOOT_ID, 'utf8'));

    for (const check of [true, false]) {
      const { results } = await play(playOf([{ reboot: {} }]), { check, hosts: { kvm: connect } });
      expect(results[0]).toMatchObject({ status: 'failed', error: { code: 'OwnMachine' } });
    }
    expect(host.actions).toEqual([]);
  });

  it('waits until what was done before it is confirmed, since the timer goes down with the host', async () => {
    const { connect, guards } = machine();

    const tasks = [{ sysctl: { name: 'vm.swappiness', value: 10 } }, { reboot: {} }, cmdline];
    const confirm = { seconds: 30, from: 'none' } as const;
    const { status } = await play(playOf(tasks), { hosts: { kvm: connect }, confirm });

    expect(status).toBe(0);
    expect(guards).toEqual([
      [1, 'arm'],
      [2, 'confirm'],
    ]);
  });

  it('is done where something is pending, and not else', async () => {
    const entry = 'title Debian\nlinux /vmlinuz\noptions root=/dev/vda1 ro quiet\n';
    const tasks = [
      { kernel_cmdline: { arguments: { isolcpus: '2' }, remove: ['quiet'] }, register: 'boot' },
      { reboot: {}, when: 'boot.pending == "reboot"' },
      { kernel_cmdline: { arguments: { isolcpus: '2' }, remove: ['quiet'] } },
    ];
    const one = machine({ downMs: 100 });
    one.host.files.put('/boot/loader/entries/debian.conf', entry);

    const first = await play(playOf(tasks), { hosts: { kvm: one.connect } });
    const second = await play(playOf(tasks), { hosts: { kvm: one.connect } });

    expect(first.results.map(({ status, pending }) => [status, pending])).toEqual([
      ['changed', 'reboot'],
      ['changed', undefined],
      ['ok', undefined],
    ]);
    expect(second.results.map(({ status }) => status)).toEqual(['ok', 'skipped', 'ok']);
    expect(one.boots()).toBe(1);
  });
});

describe('a reboot in check mode', () => {
  it('leaves files as they were written, and what a boot makes anew unknown', async () => {
    const { host, connect } = machine();
    const tasks = [
      { sysctl: { name: 'vm.swappiness', value: 10 } },
      { copy: { dest: '/etc/motd', content: 'hello\n' } },
      { reboot: {} },
      { copy: { dest: '/etc/motd', content: 'hello\n' } },
      { sysctl: { name: 'vm.swappiness', value: 10 } },
      { debug: { msg: 'it is' }, when: 'facts.cmdline.text.contains("quiet")' },
      { debug: { msg: 'it is' }, when: 'facts.hostname == "x" || facts.kernel.major > 1' },
      { command: { cmd: 'true', reads_only: true } },
    ];

    const { results } = await play(playOf(tasks), { check: true, hosts: { kvm: connect } });

    expect(results.map(({ status }) => status)).toEqual([
      ...['changed', 'changed', 'changed'],
      ...['ok', 'unknown', 'unknown', 'unknown', 'unknown'],
    ]);
    expect(results[5]?.reason).toContain('reboot');
    expect(host.actions).toEqual([]);
  });
});
