import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Outcome } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { type Machine, startMachine } from './machine.ts';

const address = inject('docker');

const SLEEPS = '[Service]\nExecStart=/bin/sleep infinity\n';
const BOOTS = '[Install]\nWantedBy=multi-user.target\n';
/** Units such as a hypervisor has, and some that make trouble. */
const UNITS: Readonly<Record<string, string>> = {
  'libvirtd.service': `${SLEEPS}ExecReload=/bin/sh -c "echo reload >>/run/reloads"\n${BOOTS}`,
  'irqbalance.service': SLEEPS + BOOTS,
  // Debian's own has a condition: no container.
  'fstrim.timer': '[Timer]\nOnCalendar=weekly\n[Install]\nWantedBy=timers.target\n',
  'wrong.service': '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo no licence found >&2; exit 7"\n',
  'dies.service': '[Service]\nExecStart=/bin/sh -c "sleep 0.3; echo out of breath >&2; exit 9"\n',
  'knocked.socket': '[Socket]\nListenStream=127.0.0.1:16509\n[Install]\nWantedBy=sockets.target\n',
  'knocked.service':
    '[Service]\nExecStart=/usr/bin/python3 -c "import socket; s = socket.socket(fileno=3); [s.accept() for _ in iter(int, 1)]"\n',
  'deaf.socket': '[Socket]\nListenStream=127.0.0.1:16510\n',
  'deaf.service': SLEEPS,
  'many@.service': SLEEPS + BOOTS,
};

describe.skipIf(address === undefined).sequential('service, with a real systemd', () => {
  let machine: Machine;
  const ok = (outcome: Outcome): Outcome => {
    expect(outcome.words).toBe('');
    expect(outcome.status).toBe(0);
    return outcome;
  };
  const run = (params: object) => machine.kvmplay.run([{ service: params }]);
  /** What systemctl says of a unit: whether it runs, and whether it is started at boot. */
  const state = (unit: string) =>
    machine.sh(`systemctl is-active ${unit}; systemctl is-enabled ${unit} 2>&1`).stdout.trim().split('\n').join(' ');

  const connect = (port: number) => `python3 -c 'import socket; socket.create_connection(("127.0.0.1", ${port}), 5)'`;

  beforeAll(async () => {
    if (!address) return;
    machine = await startMachine(address, 'services');
    for (const [name, text] of Object.entries(UNITS)) machine.read(`cat >/usr/lib/systemd/system/${name}`, text);
    machine.read('systemctl daemon-reload; systemctl enable -q --now irqbalance fstrim.timer');
  });
  test('one run starts, stops, enables, disables and masks; a second changes nothing; a rollback puts all of it back', () => {
    const tasks = [
      { service: { name: 'libvirtd', state: 'started', enabled: true, daemon_reload: true } },
      { service: { name: 'irqbalance', state: 'stopped', masked: true } },
      { service: { name: 'fstrim.timer', state: 'stopped', enabled: false } },
      { service: { name: 'knocked.socket', state: 'started', enabled: true } },
      { service: { name: 'many@a', state: 'started', enabled: true } },
    ];
    const units = ['libvirtd', 'irqbalance', 'fstrim.timer', 'knocked.socket', 'many@a'];
    const states = () => units.map(state);
    expect(states()).toEqual([
      ...['inactive disabled', 'active enabled', 'active enabled', 'inactive disabled', 'inactive disabled'],
    ]);

    const audit = machine.kvmplay.audit(tasks);
    const changed = ok(machine.kvmplay.run(tasks));

    expect([audit.status, audit.targets], audit.words).toEqual([3, changed.targets]);
    expectProven('container', 'service', changed, ['service']);
    expect(states()).toEqual([
      ...['active enabled', 'inactive masked', 'inactive disabled', 'active enabled', 'active enabled'],
    ]);
    const again = ok(machine.kvmplay.run(tasks));
    expect([again.targets, again.roundTrips]).toEqual([[], 1]);

    ok(machine.kvmplay.rollback(changed.id));

    expect(states()).toEqual([
      ...['inactive disabled', 'active enabled', 'active enabled', 'inactive disabled', 'inactive disabled'],
    ]);
  });

  test('restarts each time, reloads what runs, and starts what does not', () => {
    const pid = () => machine.read('systemctl show --value -p MainPID libvirtd');
    const reloaded = { name: 'libvirtd', state: 'reloaded' };
    machine.read('systemctl stop libvirtd; rm -f /run/reloads');

    ok(run(reloaded));
    const first = pid();
    ok(machine.kvmplay.run([{ service: reloaded }, { service: { name: 'libvirtd', state: 'restarted' } }]));

    expect(machine.read('cat /run/reloads')).toBe('reload');
    expect(pid()).not.toBe(first);
    expect(Number(pid())).toBeGreaterThan(0);
  });

  test('has systemd read a unit again that has changed on disk, once', () => {
    // systemd does not call this a change: the directory is new.
    machine.read(
      'cd /etc/systemd/system; mkdir irqbalance.service.d; cat >irqbalance.service.d/nice.conf',
      '[Service]\nNice=7\n',
    );
    const task = { name: 'irqbalance', daemon_reload: true };
    expect(machine.read('systemctl show --value -p Nice irqbalance')).toBe('0');

    const first = ok(run(task));
    const second = ok(run({ daemon_reload: true }));

    expect(first.targets).toHaveLength(1);
    expect(second.targets).toEqual([]);
    expect(machine.read('systemctl show --value -p Nice irqbalance')).toBe('7');
  });

  test('knows a unit by its file that a task of the same play brings', () => {
    const tasks = [
      { copy: { dest: '/etc/systemd/system/brought.service', content: SLEEPS + BOOTS } },
      { service: { name: 'brought', state: 'started', enabled: true, daemon_reload: true } },
    ];

    const audit = machine.kvmplay.audit(tasks);
    ok(machine.kvmplay.run(tasks));

    expect([audit.status, audit.results.map(({ status }) => status)], audit.words).toEqual([3, ['changed', 'changed']]);
    expect(state('brought')).toBe('active enabled');
    expect(ok(machine.kvmplay.run(tasks)).targets).toEqual([]);
  });

  test('shows the state and the last words of a unit that does not start', () => {
    const { status, words } = run({ name: 'wrong', state: 'started' });

    expect(status).toBe(2);
    expect(words).toMatch(/^ActionFailed: .*wrong\.service/);
    expect(words).toContain('code=exited, status=7');
    expect(words).toContain('no licence found');
  });

  test.each([
    ['a unit that is nowhere', { name: 'nosuch', state: 'started' }, /^NoUnit: .*nosuch\.service/],
    ['a unit that is masked', { name: 'getty@tty1', state: 'started' }, /^Masked: /],
  ])('says what is wrong with %s, and does nothing', (_, params, expected) => {
    const { status, words, targets } = run(params);

    expect([status, targets]).toEqual([2, []]);
    expect(words).toMatch(expected);
  });

  test('names the socket that has started a service again as soon as it was stopped', () => {
    machine.read(`systemctl start deaf.socket && ${connect(16510)}; sleep 0.5; systemctl is-active deaf`);

    const [result] = run({ name: 'deaf', state: 'stopped' }).results;

    expect(result?.error).toMatchObject({ code: 'DidNotConverge', hint: expect.stringContaining('deaf.socket') });
    machine.read('systemctl stop deaf.socket deaf');
  });

  test('says which socket wakes a service that is stopped', () => {
    machine.read(`systemctl start knocked.socket && ${connect(16509)}; sleep 0.5; systemctl is-active knocked`);

    const stopped = ok(run({ name: 'knocked', state: 'stopped' }));

    expect(JSON.stringify(stopped.results)).toContain('knocked.socket is active, and starts knocked.service again');
    expect(state('knocked')).toBe('inactive static');
    machine.read(`${connect(16509)}; sleep 0.5; systemctl is-active knocked`);
    ok(
      machine.kvmplay.run([
        { service: { name: 'knocked.socket', state: 'stopped' } },
        { service: { name: 'knocked', state: 'stopped' } },
      ]),
    );
    expect(machine.sh(connect(16509)).stderr).toContain('ConnectionRefusedError');
  });
});
