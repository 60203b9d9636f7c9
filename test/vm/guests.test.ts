import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { countedEvidence, evidenceOf } from '../support/evidence.ts';
import { argvOf, cgroupOf, hugeMemoryOf, threadsOf } from '../support/guest-commands.ts';
import { type Kvmplay, type Outcome, of } from '../support/kvmplay.ts';
import { expectProven } from '../support/proven.ts';
import { attachHost, type Host } from './host.ts';
import { kvmplayOver } from './kvmplay.ts';

const vm = inject('vm');

/** Guests under TCG that run nothing but their firmware. */
const domain = (name: string, mib: number, more: string) => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>${mib}</memory>
  <vcpu>2</vcpu>
  ${more}
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <interface type='bridge'><source bridge='br0'/><model type='virtio'/><rom enabled='no'/></interface>
    <memballoon model='none'/>
  </devices>
</domain>`;
const GUESTS = {
  db: domain('db', 64, ''),
  // Started with another mode than it shall have, which no guest that runs can be given.
  web: domain('web', 32, "<numatune><memory mode='preferred' nodeset='1'/></numatune>"),
};

const TASKS = [
  { hugepages: { nodes: { 0: 20, 1: 52 } } },
  { memory_backing: { guests: 'all', hugepages: '2M' } },
  { cpu_pin: { guests: 'db', vcpus: { 0: 6, 1: 7 }, emulator: '4-5' } },
  { numatune: { guests: 'db', mode: 'strict', nodeset: 'auto' } },
  { numatune: { guests: 'web', mode: 'restrictive', nodeset: 0 } },
  { vhost_net: { guests: 'web', driver: 'vhost', queues: 'vcpus' } },
  { cpu_pin: { guests: 'web', policy: 'cache' } },
];
const MODULES = [...new Set(TASKS.flatMap((task) => Object.keys(task)))];

const FREE = "cat /sys/devices/system/node/node[01]/hugepages/hugepages-2048kB/free_hugepages | paste -sd' '";

/** What the system's own tools print once both guests were started with all that was asked for; the planner's CPUs aside. */
const PROOF = {
  [threadsOf('db')]: 'CPU 0/TCG: 6\nCPU 1/TCG: 7\nemulator: 4-5',
  [cgroupOf('db', '{vcpu0,vcpu1,emulator}/cpuset.cpus')]:
    'vcpu0/cpuset.cpus:6\nvcpu1/cpuset.cpus:7\nemulator/cpuset.cpus:4-5',
  "virsh -q 'vcpupin db; vcpupin db --config; emulatorpin db' | tr -s ' '": '0 6\n 1 7\n 0 6\n 1 7\n4-5',
  [hugeMemoryOf('db')]: 'bind:1 N1=32 kernelpagesize_kB=2048',
  [hugeMemoryOf('web')]: 'default N0=16 kernelpagesize_kB=2048',
  [cgroupOf('web', 'emulator/cpuset.mems')]: 'emulator/cpuset.mems:0',
  [FREE]: '4 20',
  // Only guests under KVM are given vhost; what libvirt would give them is in the XML.
  "virsh -q dumpxml web | grep -c \"<driver name='vhost' queues='2'/>\"": '1',
  [`${argvOf('web')} | grep -o '"mq":true'`]: '"mq":true',
};

// One run, one reboot and two guests serve all modules.
describe.skipIf(vm === undefined).sequential('guests on a host of two nodes', () => {
  let host: Host;
  let kvmplay: Kvmplay;
  let before: string;
  let audit: Outcome;
  let run: Outcome;
  /** What `kvmplay evidence` said before anything was tuned, kept as a user keeps it. */
  let untuned: string;

  const readBack = () => {
    const shown = host.readAll(Object.keys(PROOF));
    return Object.fromEntries(Object.keys(PROOF).map((command, at) => [command, shown[at]]));
  };
  const state = () =>
    host.read(`virsh -q 'dumpxml --inactive db; dumpxml --inactive web'; ls /etc/tmpfiles.d
      cat /sys/devices/system/node/node[01]/hugepages/hugepages-2048kB/nr_hugepages`);
  const addBridge = () => host.read('ip link add br0 type bridge && ip link set br0 up');
  const start = () => host.read('virsh -q start db && virsh -q start web');
  const stop = () => host.read('virsh -q destroy db && virsh -q destroy web');
  const targets = (results: Outcome['results']) => results.map(({ changes }) => changes.map(({ target }) => target));
  /** The guests that a task says wait for their next start. */
  const waiting = ({ results }: Pick<Outcome, 'results'>) =>
    results.flatMap(({ changes }) => changes.filter(({ plane }) => plane === 'pending').map(({ target }) => target));

  beforeAll(() => {
    if (!vm) return;
    host = attachHost(vm);
    kvmplay = kvmplayOver(vm);
    addBridge();
    for (const xml of Object.values(GUESTS)) {
      const { status, stderr } = host.ssh('cat >/run/guest.xml && virsh -q define /run/guest.xml', xml);
      expect(status, stderr).toBe(0);
    }
    before = state();
    start();
  });
  afterAll(() => {
    // What other tests find is as it was, whatever failed here.
    host?.ssh(`virsh -q 'destroy db; destroy web; undefine db; undefine web'; ip link delete br0
      for pool in /sys/devices/system/node/node[01]/hugepages/hugepages-2048kB/nr_hugepages; do echo 0 >$pool; done
      rm -f /etc/tmpfiles.d/kvmplay-hugepages.conf`);
  });

  test('an audit changes nothing', () => {
    audit = kvmplay.audit(TASKS);

    expect(audit.status, audit.words).toBe(3);
    expect(state()).toBe(before);
    expect(host.read(threadsOf('db'))).toBe('CPU 0/TCG: 0-7\nCPU 1/TCG: 0-7\nemulator: 0-7');
  });

  test('evidence of guests that nobody has tuned: they may run anywhere, and no huge page is used', () => {
    const { evidence, text } = evidenceOf(kvmplay);
    const { guests, nodes } = evidence;
    untuned = join(host.directory, 'untuned.json');
    writeFileSync(untuned, text);

    expect(guests.map(({ name, hugetlbMib }) => [name, hugetlbMib])).toEqual([
      ['db', 0],
      ['web', 0],
    ]);
    expect(new Set(guests.flatMap(({ vcpus }) => vcpus.map(({ allowed }) => allowed)))).toEqual(new Set(['0-7']));
    expect(nodes.flatMap(({ hugepages }) => hugepages.map(({ used }) => used))).toEqual([0, 0, 0, 0]);
  });

  test('a run moves the threads of guests that run at once, and says what waits for their next start', () => {
    run = kvmplay.run(TASKS);

    expect(run.status, run.words).toBe(0);
    // Where the planner puts a guest hangs on huge pages that were not there yet.
    expect(audit.results.map(({ status }) => status)).toEqual(TASKS.map(() => 'changed'));
    expect(targets(run.results)).toEqual(targets(audit.results));
    expectProven('vm', 'guests', run, MODULES);
    expect(host.read(threadsOf('db'))).toBe(PROOF[threadsOf('db')]);
    expect(waiting(of(run, 'cpu_pin'))).toEqual([]);
    expect(waiting(of(run, 'memory_backing'))).toEqual(['db (live)', 'web (live)']);
    expect(waiting(of(run, 'numatune'))).toEqual(['db (live)', 'web (live)']);
    expect(waiting(of(run, 'vhost_net'))).toEqual(['web (live)']);
    expect(host.read(argvOf('web'))).toContain('"host-nodes":[1],"policy":"preferred"');
  });

  test("the planner gives a guest with two vCPUs the threads of one core, and the emulator the host's CPUs", () => {
    const threads = host.read(threadsOf('web'));
    const [, first, second, emulator] = /^CPU 0\/TCG: (\d+)\nCPU 1\/TCG: (\d+)\nemulator: (.*)$/.exec(threads) ?? [];

    expect(host.read(`cat /sys/devices/system/cpu/cpu${first}/topology/thread_siblings_list`)).toBe(
      `${first}-${second}`,
    );
    expect(emulator).toBe('0-1');
    expect(['0', '4', '6']).not.toContain(first);
  });

  test('what waited is so once they were shut down and started again', () => {
    stop();
    start();

    expect(readBack()).toEqual(PROOF);
  });

  test("evidence of both, then: where they ran and where their memory is, as the system's own tools count it", () => {
    const { guests, nodes, cpus, samples } = countedEvidence(kvmplay, host.read);
    const [db, web] = guests;

    expect(db?.vcpus.map(({ vcpu, allowed, ran }) => ({ vcpu, allowed, ran }))).toEqual([
      { vcpu: 0, allowed: '6', ran: [{ cpu: 6, times: samples }] },
      { vcpu: 1, allowed: '7', ran: [{ cpu: 7, times: samples }] },
    ]);
    expect(db?.threads).toMatchObject([{ thread: 'emulator', allowed: '4-5' }]);
    expect([db?.hugetlbMib, web?.hugetlbMib]).toEqual([64, 32]);
    // All of the guest's own memory is near; what is far is QEMU's, on the node that it was started on.
    expect(db?.remoteMib).toBe(db?.memory?.find(({ node }) => node === 0)?.mib ?? 0);
    expect(db?.memory?.find(({ node }) => node === 1)?.mib).toBeGreaterThanOrEqual(64);
    expect(nodes.map(({ hugepages }) => hugepages.find(({ kib }) => kib === 2048))).toEqual([
      { kib: 2048, total: 20, used: 16 },
      { kib: 2048, total: 52, used: 32 },
    ]);
    expect(cpus.map(({ cpu }) => cpu)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([cpus[6]?.vcpus, cpus[7]?.vcpus]).toEqual([['db/0'], ['db/1']]);
  });

  test('and what it was good for, beside what was before', () => {
    const rows = kvmplay
      .evidence('--before', untuned, '--interval', '2', '--samples', '3')
      .replaceAll(/ {2,}/g, ' | ')
      .split('\n');

    expect(rows).toEqual(
      expect.arrayContaining([
        'host | huge pages of 2048 KiB used, node 0 | 0 of 0 | 16 of 20',
        'host | huge pages of 2048 KiB used, node 1 | 0 of 0 | 32 of 52',
        'db | in huge pages, MiB | 0 | 64',
        'web | in huge pages, MiB | 0 | 32',
        expect.stringMatching(/^db \| vCPUs ran on CPUs \| [0-7,-]+ \| 6-7$/),
        expect.stringMatching(/^db \| vCPUs ran on nodes \| [01,-]+ \| 1$/),
        expect.stringMatching(/^web \| vCPUs ran on nodes \| [01,-]+ \| 0$/),
      ]),
    );
  });

  test('a second run changes nothing, in one round trip', () => {
    const again = kvmplay.run(TASKS);

    expect([again.status, again.targets, again.roundTrips], again.words).toEqual([0, [], 1]);
  });

  describe('after a reboot', () => {
    let mended: Outcome;
    beforeAll(async () => {
      await host.reboot();
      addBridge();
      start();
    });

    test('they start with the same', () => {
      expect(readBack()).toEqual(PROOF);
    });

    test('an audit names those that somebody has moved by hand, and nothing else', () => {
      host.read('virsh -q vcpupin db 0 4 --live && virsh -q numatune web --nodeset 1 --live');
      expect(host.read(hugeMemoryOf('web'))).toBe('default N1=16 kernelpagesize_kB=2048');

      const found = kvmplay.audit(TASKS);

      expect([found.status, found.targets], found.words).toEqual([3, ['db (live)', 'web (live)']]);
    });

    test('a run moves them back while they run, their memory too', () => {
      mended = kvmplay.run(TASKS);

      expect([mended.status, mended.targets], mended.words).toEqual([0, ['db (live)', 'web (live)']]);
      expect(readBack()).toEqual(PROOF);
    });

    test('a rollback of that moves them forth again', () => {
      const back = kvmplay.rollback(mended.id);

      expect(back.status, back.words).toBe(0);
      expect(host.read(threadsOf('db'))).toMatch(/^CPU 0\/TCG: 4$/m);
      expect(host.read(hugeMemoryOf('web'))).toBe('default N1=16 kernelpagesize_kB=2048');
      expect(host.read(FREE)).toBe('20 4');
    });

    test('a rollback of the first run leaves guests and pools as they were found', () => {
      stop();

      const back = kvmplay.rollback(run.id);

      expect(back.status, back.words).toBe(0);
      expect(state()).toBe(before);
    });
  });
});
