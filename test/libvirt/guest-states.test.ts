import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Kvmplay, kvmplayOn } from '../support/kvmplay.ts';
import { attach, besideOf, type Libvirt } from './daemon.ts';
import { define, domain, start } from './guests.ts';

const address = inject('libvirt');

/** A name that a shell, virsh's own commands and XML would each take apart if they were let. */
const ODD = `it's "odd" $HOME;& <x>`;
const quoted = `'${ODD.replaceAll("'", `'\\''`)}'`;

describe.skipIf(address === undefined)('guests in every state', () => {
  let libvirt: Libvirt;
  let kvmplay: Kvmplay;
  let folder: string;

  const PIN = { cpu_pin: { guests: 'state-*', vcpus: { 0: 1 } } };
  const pinOf = (name: string, plane: '--live' | '--config') =>
    libvirt.read(`virsh -q vcpupin ${name} 0 ${plane}`).replaceAll(/\s+/g, ' ');
  const stateOf = (name: string) => libvirt.read(`virsh -q domstate --reason ${name}`);

  beforeAll(() => {
    if (!address) return;
    libvirt = attach(address);
    folder = join(libvirt.directory, 'kvmplay-states');
    kvmplay = kvmplayOn({ folder, vars: { ansible_connection: 'local' }, beside: besideOf(libvirt) });
    for (const name of ['state-paused', 'state-saved', 'state-crashed']) {
      define(libvirt, { name });
      start(libvirt, name);
    }
    libvirt.read(`virsh -q suspend state-paused && virsh -q managedsave state-saved`);
    libvirt.read(`kill -9 $(cat /run/libvirt/qemu/state-crashed.pid)
      until virsh -q domstate state-crashed | grep -q off; do sleep 0.2; done`);
    libvirt.read('truncate -s 8M /var/lib/libvirt/images/state-passing.raw');
    libvirt.read('cat >/run/guest.xml && virsh -q create /run/guest.xml', domain({ name: 'state-passing' }));
  });

  test('are changed where libvirt can, each on the planes that it has', () => {
    expect(['paused', 'saved', 'crashed', 'passing'].map((name) => stateOf(`state-${name}`))).toEqual([
      'paused (user)',
      'shut off (saved)',
      'shut off (crashed)',
      'running (booted)',
    ]);

    const run = kvmplay.run([PIN]);

    expect([run.status, run.roundTrips], run.words).toEqual([0, 2]);
    expect(run.targets).toEqual([
      'state-crashed (config)',
      'state-passing (live)',
      'state-paused (live)',
      'state-paused (config)',
      'state-saved (config)',
    ]);
    expect(pinOf('state-paused', '--live')).toBe('0 1');
    expect(pinOf('state-passing', '--live')).toBe('0 1');
    expect(['paused', 'saved', 'crashed'].map((name) => pinOf(`state-${name}`, '--config'))).toEqual([
      '0 1',
      '0 1',
      '0 1',
    ]);
    expect(stateOf('state-paused')).toBe('paused (user)');
    expect(stateOf('state-saved')).toBe('shut off (saved)');
    expect(kvmplay.run([PIN]).targets).toEqual([]);
  });

  test('that go on from a saved state have what they had, and are found so', () => {
    start(libvirt, 'state-saved');
    expect(pinOf('state-saved', '--live')).not.toBe('0 1');

    const audit = kvmplay.audit([PIN]);
    expect([audit.status, audit.targets], audit.words).toEqual([3, ['state-saved (live)']]);

    expect(kvmplay.run([PIN]).status).toBe(0);
    expect(pinOf('state-saved', '--live')).toBe('0 1');
  });

  test('that nobody has defined cannot wait for a restart, and that is said', () => {
    const run = kvmplay.run([{ disk_cache: { guests: 'state-passing', cache: 'none' } }]);

    expect(run.results[0]).toMatchObject({
      status: 'ok',
      changes: [{ target: 'state-passing (live)', plane: 'pending' }],
    });
    expect(JSON.stringify(run.results[0])).toContain('not while it runs, and it is not defined so');
    expect(JSON.stringify(run.results[0])).not.toContain('"pending":"guest-restart"');
  });

  test('whose names a shell would take apart are changed like others', () => {
    libvirt.read('truncate -s 8M /var/lib/libvirt/images/odd.raw');
    const xml = domain({ name: 'odd' }).replace(
      '<name>odd<',
      `<name>${ODD.replace('&', '&amp;').replaceAll('<', '&lt;')}<`,
    );
    libvirt.read('cat >/run/guest.xml && virsh -q define /run/guest.xml', xml);
    libvirt.read(`virsh -q start ${quoted}`);
    const task = { cpu_pin: { guests: [ODD.replaceAll(/[&;]/g, '?')], vcpus: { 0: 0, 1: 1 } } };

    const run = kvmplay.run([task]);

    expect([run.status, run.targets], run.words).toEqual([0, [`${ODD} (live)`, `${ODD} (config)`]]);
    expect(pinOf(quoted, '--live')).toBe('0 0');
    expect(libvirt.read(`virsh -q dumpxml --inactive ${quoted}`)).toContain("<vcpupin vcpu='1' cpuset='1'/>");
    expect(kvmplay.rollback(run.id).status).toBe(0);
    expect(libvirt.read(`virsh -q dumpxml --inactive ${quoted}`)).not.toContain('vcpupin');
    libvirt.read(`virsh -q destroy ${quoted} && virsh -q undefine ${quoted}`);
  });

  test.each([
    ['a guest that runs', 'vcpupin', true, /^gone: .*failed to get domain/],
    ['one that is off', 'dumpxml --inactive --domain', false, /^gone: .*has changed its XML since it was read/],
  ])('%s, and goes between being read and being changed, fails the task by name', (_, command, runs, words) => {
    define(libvirt, { name: 'gone' });
    if (runs) start(libvirt, 'gone');
    const real = libvirt.read('command -v virsh');
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    // Whoever comes in between: before the first such command of kvmplay's the guest is taken away.
    const between = `${real} -q -c qemu:///system destroy gone; ${real} -q -c qemu:///system undefine gone`;
    writeFileSync(
      join(bin, 'virsh'),
      `#!/bin/sh\ncase " $* " in *' ${command} '*) { ${between}; } >/dev/null 2>&1 ;; esac\nexec ${real} "$@"\n`,
    );
    chmodSync(join(bin, 'virsh'), 0o755);
    const beside = [...besideOf(libvirt), 'env', `PATH=${bin}:/usr/sbin:/usr/bin:/sbin:/bin`];
    const disturbed = kvmplayOn({ folder: join(folder, 'gone'), vars: { ansible_connection: 'local' }, beside });

    const run = disturbed.run([{ cpu_pin: { guests: 'gone', vcpus: { 0: 1 } } }]);

    expect(run.status, run.words).toBe(2);
    expect(run.results[0]).toMatchObject({ status: 'failed' });
    expect(run.results[0]?.error?.message).toMatch(words);
    expect(libvirt.read('virsh -q list --all --name').split('\n')).not.toContain('gone');
  });

  test.each([
    ['a host with guests fails, since nobody tells of them', '/run', 2, 'failed'],
    ['a host without any goes on', '/run /etc/libvirt', 0, 'skipped'],
  ])('where no daemon answers, %s', (_, hidden, status, told) => {
    const hide = `for folder in ${hidden}; do mount -t tmpfs tmpfs $folder; done; exec "$@"`;
    const beside = [...besideOf(libvirt), 'unshare', '--mount', 'sh', '-c', hide, 'sh'];
    const silent = kvmplayOn({ folder: join(folder, 'silent'), vars: { ansible_connection: 'local' }, beside });

    const run = silent.run([{ cpu_pin: { guests: 'all', policy: 'cache' } }]);

    expect(run.status, run.words).toBe(status);
    expect(run.results[0]).toMatchObject({ status: told, ...(status > 0 && { error: { code: 'NoLibvirt' } }) });
  });
});
