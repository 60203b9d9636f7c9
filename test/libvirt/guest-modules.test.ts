import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Kvmplay, kvmplayOn, type Outcome } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { attach, besideOf, type Libvirt } from './daemon.ts';
import { define, start } from './guests.ts';

const address = inject('libvirt');

describe.skipIf(address === undefined)('modules for guests, on a real libvirt', () => {
  let libvirt: Libvirt;
  let kvmplay: Kvmplay;

  beforeAll(() => {
    if (!address) return;
    libvirt = attach(address);
    const folder = join(libvirt.directory, 'kvmplay');
    kvmplay = kvmplayOn({ folder, vars: { ansible_connection: 'local' }, beside: besideOf(libvirt) });
  });

  const ok = (outcome: Outcome): Outcome => {
    expect(outcome.words).toBe('');
    expect(outcome.status).toBe(0);
    return outcome;
  };
  const threads = (name: string): Map<string, string> =>
    new Map(
      libvirt
        .read(`grep -Hs '^Name:\\|^Cpus_allowed_list:' /proc/$(cat /run/libvirt/qemu/${name}.pid)/task/*/status`)
        .split('\n')
        .map((line) => line.split('\t')[1] ?? '')
        .flatMap((value, at, all) => (at % 2 === 0 ? [[value, all[at + 1] ?? ''] as const] : [])),
    );
  /** What the control group of a thread may run on: with cgroup v1, or v2. */
  const cgroupCpus = (name: string, thread: string): string =>
    libvirt.read(`task=$(grep -lsx '${thread}' /proc/$(cat /run/libvirt/qemu/${name}.pid)/task/*/comm)
      cgroup=$(sed -n 's/^[0-9]*:cpuset:/\\/cpuset/p' "\${task%comm}cgroup")
      [ -n "$cgroup" ] || cgroup=$(sed -n 's/^0:://p' "\${task%comm}cgroup")
      cat "/sys/fs/cgroup$cgroup/cpuset.cpus"`);
  const restart = (name: string) => libvirt.read(`virsh -q destroy ${name} && virsh -q start ${name}`);
  const SECRET = `<graphics type='vnc' port='-1' passwd='s3cr&amp;t'/>`;

  test('cpu_pin moves the threads at once, and they are there after the next start; a rollback lets them go', () => {
    define(libvirt, { name: 'pinned', vcpus: 2, more: '<iothreads>1</iothreads>', devices: SECRET });
    start(libvirt, 'pinned');
    const task = { cpu_pin: { guests: 'pinned', vcpus: { 0: 1, 1: 0 }, emulator: 0, iothreads: { 1: 1 } } };

    const run = ok(kvmplay.run([task]));

    const pins = { 'CPU 0/TCG': '1', 'CPU 1/TCG': '0', 'IO iothread1': '1', 'qemu-system-x86': '0' };
    expect(Object.fromEntries(threads('pinned'))).toMatchObject(pins);
    expect(run.targets).toEqual(['pinned (live)', 'pinned (config)']);
    expect(run.roundTrips).toBe(2);
    expect(libvirt.read('virsh -q vcpupin pinned --live')).toMatch(/0 +1\n +1 +0/);
    expect(libvirt.read('virsh -q vcpupin pinned --config')).toMatch(/0 +1\n +1 +0/);
    expect(cgroupCpus('pinned', 'CPU 0/TCG')).toBe('1');
    expect(cgroupCpus('pinned', 'IO iothread1')).toBe('1');
    expect(ok(kvmplay.audit([task])).targets).toEqual([]);

    restart('pinned');

    expect(Object.fromEntries(threads('pinned'))).toMatchObject(pins);
    expect(libvirt.read('virsh -q dumpxml --inactive --security-info pinned')).toContain("passwd='s3cr&amp;t'");

    ok(kvmplay.rollback(run.id));

    expect(threads('pinned').get('CPU 0/TCG')).toBe('0-1');
    expect(libvirt.read('virsh -q dumpxml --inactive --security-info pinned')).not.toContain('cputune');
    expect(libvirt.read('virsh -q dumpxml --inactive --security-info pinned')).toContain("passwd='s3cr&amp;t'");
  });

  test('disk_cache is pending until the guest is shut down and started again', () => {
    define(libvirt, { name: 'cached' });
    start(libvirt, 'cached');
    const task = {
      disk_cache: { guests: 'cached', cache: 'none', io: 'native', discard: 'unmap', detect_zeroes: 'unmap' },
    };
    const argv = () => libvirt.read(`tr '\\0' '\\n' </proc/$(cat /run/libvirt/qemu/cached.pid)/cmdline`);

    const run = ok(kvmplay.run([task]));

    expect(run.results[0]).toMatchObject({ status: 'changed', pending: 'guest-restart' });
    expect(argv()).not.toContain('"aio":"native"');
    const audit = kvmplay.audit([task]);
    expect(audit.results[0]).toMatchObject({ status: 'ok', pending: 'guest-restart' });
    expect(audit.status).toBe(3);
    libvirt.read('virsh -q reset cached');
    expect(kvmplay.audit([task]).status).toBe(3);

    restart('cached');

    expect(argv()).toMatch(/"aio":"native"/);
    expect(argv()).toMatch(/"cache":\{"direct":true,"no-flush":false\}/);
    expect(argv()).toMatch(/"discard":"unmap","detect-zeroes":"unmap"/);
    expect(ok(kvmplay.audit([task])).results[0]).toMatchObject({ status: 'ok', changes: [] });
  });

  test('numatune binds the memory at the next start', () => {
    define(libvirt, { name: 'bound' });
    start(libvirt, 'bound');
    const tasks = [
      { cpu_pin: { guests: 'bound', vcpus: { '0-1': 1 } } },
      { numatune: { guests: 'bound', mode: 'strict', nodeset: 'auto' } },
    ];

    const run = ok(kvmplay.run(tasks));

    expect(run.results[1]).toMatchObject({ status: 'changed', pending: 'guest-restart' });
    restart('bound');
    const argv = libvirt.read(`tr '\\0' '\\n' </proc/$(cat /run/libvirt/qemu/bound.pid)/cmdline`);
    expect(argv).toMatch(/"host-nodes":\[0\],"policy":"bind"/);
    expect(libvirt.read('cat /proc/$(cat /run/libvirt/qemu/bound.pid)/numa_maps')).toMatch(/ bind:0 /);
    expect(ok(kvmplay.audit(tasks)).targets).toEqual([]);
  });

  test('all of them at once are taken by libvirt, seen after the next start, and taken back', () => {
    define(libvirt, { name: 'whole', vcpus: 2, devices: SECRET });
    start(libvirt, 'whole');
    const guests = 'whole';
    const tasks = [
      { vcpu_topology: { guests, layout: 'sockets' } },
      { iothreads: { guests, count: 2 } },
      { memory_backing: { guests, nosharepages: true, source: 'memfd', access: 'shared' } },
      { cpu_model: { guests, mode: 'custom', model: 'Nehalem' } },
      { disk_cache: { guests, cache: 'directsync', io: 'threads', iothread: 2, queues: 2, detect_zeroes: 'on' } },
      { cpu_pin: { guests, vcpus: { '0-1': '0-1' }, emulator: 1, iothreads: { '1-2': 0 }, cpuset: '0-1' } },
      { numatune: { guests, mode: 'interleave', nodeset: 0 } },
      { domain_xml: { guests, set: [{ path: 'title', value: 'a & b' }] } },
    ];
    const xml = () => libvirt.read('virsh -q dumpxml --inactive --security-info whole');
    const before = xml();

    const run = ok(kvmplay.run(tasks));

    expectProven(
      'libvirt',
      'guest-modules',
      run,
      tasks.flatMap((task) => Object.keys(task)),
    );
    expect(ok(kvmplay.run(tasks)).results.map(({ status }) => status)).toEqual(tasks.map(() => 'ok'));
    restart('whole');
    const audit = kvmplay.audit(tasks);
    expect(audit.words).toBe('');
    expect(audit.results.map(({ status, changes }) => [status, changes])).toEqual(tasks.map(() => ['ok', []]));
    expect(audit.roundTrips).toBe(1);

    libvirt.read('virsh -q destroy whole');
    ok(kvmplay.rollback(run.id));

    expect(xml()).toBe(before);
  });

  test('thirty guests are audited in one round trip', { timeout: 240_000 }, () => {
    for (let index = 1; index <= 30; index++) define(libvirt, { name: `many${index}` });
    for (const index of [1, 2]) start(libvirt, `many${index}`);
    const tasks = [
      { disk_cache: { guests: 'many*', cache: 'writeback' } },
      { cpu_pin: { guests: 'many*', vcpus: { 0: 0, 1: 1 } } },
    ];

    const audit = kvmplay.audit(tasks);

    expect(audit.words).toBe('');
    expect(audit.status).toBe(3);
    expect(audit.roundTrips).toBe(1);
    expect(audit.results[0]?.changes.filter(({ plane }) => plane === 'persistent')).toHaveLength(30);
    expect(audit.results[1]?.changes.filter(({ plane }) => plane === 'live')).toHaveLength(2);
    expect(ok(kvmplay.run(tasks)).roundTrips).toBe(3);
    expect(
      kvmplay
        .audit(tasks)
        .results.flatMap(({ changes }) => changes)
        .every(({ plane }) => plane === 'pending'),
    ).toBe(true);
  });
});
