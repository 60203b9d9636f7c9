import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Kvmplay, kvmplayOn, type Outcome } from '../support/kvmplay.ts';
import { attach, besideOf, type Libvirt } from './daemon.ts';
import { define, start } from './guests.ts';

const address = inject('libvirt');

describe.skipIf(address === undefined)("guests' hardware, on a real libvirt", () => {
  let libvirt: Libvirt;
  let kvmplay: Kvmplay;
  let folder: string;

  beforeAll(() => {
    if (!address) return;
    libvirt = attach(address);
    folder = join(libvirt.directory, 'kvmplay-hardware');
    kvmplay = kvmplayOn({ folder, vars: { ansible_connection: 'local' }, beside: besideOf(libvirt) });
  });

  const ok = (outcome: Outcome): Outcome => {
    expect(outcome.words).toBe('');
    expect(outcome.status).toBe(0);
    return outcome;
  };
  const again = (tasks: readonly object[]): Outcome => {
    const outcome = ok(kvmplay.run(tasks));
    expect(outcome.targets).toEqual([]);
    expect(outcome.roundTrips).toBe(1);
    return outcome;
  };
  const argv = (name: string) => libvirt.read(`tr '\\0' '\\n' </proc/$(cat /run/libvirt/qemu/${name}.pid)/cmdline`);
  const restart = (name: string) => libvirt.read(`virsh -q destroy ${name} && virsh -q start ${name}`);
  const NET = `<interface type='ethernet'><mac address='52:54:00:00:00:07'/><model type='virtio'/></interface>`;

  test('a guest is made as asked, as QEMU is started, and nothing is left to do', () => {
    define(libvirt, { name: 'hardware', devices: NET });
    const guests = 'hardware';
    const tasks = [
      { vcpu_topology: { guests, vcpus: 4, current: 2, sockets: 1, cores: 2, threads: 2 } },
      { cpu_model: { guests, mode: 'maximum', features: { x2apic: 'require' } } },
      { iothreads: { guests, count: 2 } },
      { memory_backing: { guests, nosharepages: true, source: 'memfd', access: 'shared', allocation: 'immediate' } },
      { disk_cache: { guests, cache: 'none', iothread: 2 } },
      {
        domain_xml: {
          guests,
          set: [{ path: 'features/acpi', value: '' }],
          add: [{ to: 'devices', xml: "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>" }],
        },
      },
    ];

    const run = ok(kvmplay.run(tasks));
    start(libvirt, 'hardware');

    const line = argv('hardware');
    expect(line).toMatch(/^2,maxcpus=4,sockets=1,dies=1,(clusters=1,)?cores=2,threads=2$/m);
    expect(line).toMatch(/^max(,.*)?x2apic=on/m);
    expect(line).toContain('"qom-type":"iothread","id":"iothread2"');
    expect(line).toContain('"iothread":"iothread2"');
    expect(line).toContain('mem-merge=off');
    expect(line).toMatch(/"qom-type":"memory-backend-memfd".*"share":true/);
    expect(line).toContain('"driver":"virtio-rng-pci"');
    again(tasks);

    libvirt.read('virsh -q destroy hardware');
    ok(kvmplay.rollback(run.id));
    start(libvirt, 'hardware');

    expect(argv('hardware')).not.toMatch(/maxcpus=4|memfd|iothread2|virtio-rng/);
  });

  test('IO threads come to a guest that runs, and go again by a rollback', () => {
    define(libvirt, { name: 'threads' });
    start(libvirt, 'threads');

    const run = ok(kvmplay.run([{ iothreads: { guests: 'threads', count: 2 } }]));

    expect(run.targets).toEqual(['threads (live)', 'threads (config)']);
    expect(libvirt.read('virsh -q iothreadinfo threads | wc -l')).toBe('2');
    again([{ iothreads: { guests: 'threads', count: 2 } }]);

    ok(kvmplay.rollback(run.id));

    expect(libvirt.read('virsh -q dumpxml threads; virsh -q dumpxml --inactive threads')).not.toContain('iothread');
  });

  test("the kernel carries a guest's packets from its next start on", () => {
    const task = { vhost_net: { guests: 'net', driver: 'vhost', queues: 2, rx_queue_size: 512 } };
    define(libvirt, { name: 'net', devices: NET });
    start(libvirt, 'net');

    const run = ok(kvmplay.run([task]));

    expect(run.results[0]).toMatchObject({ status: 'changed', pending: 'guest-restart' });
    expect(argv('net')).not.toContain('"mq":true');

    restart('net');

    expect(argv('net')).toMatch(/"driver":"virtio-net-pci".*"mq":true.*"rx_queue_size":512/);
    // Only guests under KVM are given vhost; what libvirt would give them is in the XML.
    expect(libvirt.read('virsh -q dumpxml net')).toContain("<driver name='vhost' queues='2' rx_queue_size='512'/>");
    expect(ok(kvmplay.audit([task])).targets).toEqual([]);
  });

  describe('domain', () => {
    const xml = `<domain type='qemu'>
      <memory unit='MiB'>32</memory>
      <os><type arch='x86_64' machine='pc'>hvm</type></os>
      <devices>${NET.replace("<mac address='52:54:00:00:00:07'/>", '')}<memballoon model='none'/></devices>
    </domain>`;
    const identity = () =>
      libvirt.read('virsh -q dumpxml --inactive made').match(/<uuid>.*<\/uuid>|<mac address='[^']*'\/>/g);

    test('defines and starts what is described, and is content with what libvirt makes of it', () => {
      const task = { domain: { name: 'made', xml, state: 'running', autostart: true } };

      ok(kvmplay.run([task]));

      expect(libvirt.read('virsh -q domstate made')).toBe('running');
      expect(libvirt.read('virsh -q list --autostart --name')).toBe('made');
      again([task]);
    });

    test('changes it without changing who it is, and says that it waits', () => {
      const before = identity();
      const more = { domain: { name: 'made', xml: xml.replace('>32<', '>48<') } };

      const run = ok(kvmplay.run([more]));

      expect(run.results[0]).toMatchObject({ status: 'changed', pending: 'guest-restart' });
      expect(identity()).toEqual(before);
      expect(before).toHaveLength(2);
      expect(libvirt.read('virsh -q dumpxml made')).toContain("<memory unit='KiB'>32768");

      restart('made');

      expect(ok(kvmplay.audit([more])).targets).toEqual([]);
    });

    test("is filled in from a template with the planner's places, safe for XML", () => {
      // Guests of other tests may have been left pinned to all that the host does not keep for itself.
      libvirt.read(`for guest in $(virsh -q list --all --name); do
        [ "$guest" = made ] || { virsh -q destroy "$guest" 2>/dev/null; virsh -q undefine "$guest"; }
      done`);
      mkdirSync(join(folder, 'templates'), { recursive: true });
      writeFileSync(
        join(folder, 'templates/filled.xml.hbs'),
        `<domain type='qemu'>
          <title>{{ title }}</title>
          <memory unit='MiB'>32</memory>
          <cputune>
            {{#each plan.guests.filled.vcpus as |cpu vcpu|}}
            <vcpupin vcpu='{{ vcpu }}' cpuset='{{ cpu }}'/>
            {{/each}}
          </cputune>
          <os><type arch='x86_64'>hvm</type></os>
        </domain>`,
      );
      const tasks = [
        { placement: { guests: [{ name: 'filled', vcpus: 1, memory: '32M' }] }, register: 'plan' },
        { domain: { name: 'filled', template: 'filled.xml.hbs' }, vars: { title: `<a> & 'b' "c"` } },
      ];

      expect(kvmplay.audit(tasks).targets).toEqual(['filled (config)']);
      ok(kvmplay.run(tasks));

      expect(libvirt.read('virsh -q desc --title filled')).toBe(`<a> & 'b' "c"`);
      expect(libvirt.read('virsh -q dumpxml filled')).toMatch(/<vcpupin vcpu='0' cpuset='[01]'\/>/);
      expect(ok(kvmplay.run(tasks)).targets).toEqual([]);
    });

    test("is held against libvirt's schema, which libvirt itself would not do", () => {
      const odd = xml.replace('<devices>', '<bogus/><devices>');

      const [result] = kvmplay.run([{ domain: { name: 'odd', xml: odd } }]).results;

      expect(result?.error?.message).toMatch(/schema/);
      expect(libvirt.read('virsh -q list --all --name')).not.toContain('odd');
    });

    test('removes it only when it is off, and is told twice', () => {
      const gone = { domain: { name: 'made', state: 'undefined', confirm: 'made' } };

      expect(kvmplay.run([gone]).results[0]?.error?.code).toBe('GuestRuns');

      ok(kvmplay.run([{ domain: { name: 'made', state: 'destroyed' } }, gone]));

      expect(libvirt.read('virsh -q list --all --name')).not.toContain('made');
    });
  });
});
