import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { irq_affinity } from '../../../modules/irq_affinity.ts';
import { type Plan, parseCpuSet, printReserve, RESERVE_FILE } from '../../../src/contract/index.ts';
import type { Content } from '../../support/fake-files.ts';
import { type FakeNic, irqMachine } from '../../support/irq-machine.ts';
import { mistakesIn, planOn, problemOn, summaryOf } from '../../support/plan.ts';
import { sharedFixtures } from '../../support/shared.ts';

const live = { persistent: false };
const boot = { live: false };

/** Interrupts that are moved, by name. */
function moved(plan: Plan): Record<string, string> {
  const moves = plan.changes.flatMap(({ summary }) => {
    const [, name, to] = /^IRQ \d+ \((.*)\): CPU .* → (.*)$/.exec(summary) ?? [];
    return name === undefined || to === undefined ? [] : [[name, to]];
  });
  return Object.fromEntries(moves);
}

const movedOn = async (params: object, files: Record<string, Content>) =>
  moved(await planOn(irq_affinity, { ...live, ...params }, files));

const reserved = (host: string, guests: string) => ({
  [RESERVE_FILE]: printReserve({ host: parseCpuSet(host), guests: parseCpuSet(guests) }),
});

/** irqbalance as it is installed: it runs and will, or will only at the next boot. */
const irqbalance = (config: string, { running = true, file = '/etc/default/irqbalance' } = {}) => ({
  '/usr/lib/systemd/system/irqbalance.service': '[Service]\n',
  '/etc/systemd/system/multi-user.target.wants/irqbalance.service': {
    link: '/usr/lib/systemd/system/irqbalance.service',
  },
  ...(running && { '/sys/fs/cgroup/system.slice/irqbalance.service/cgroup.procs': '512\n' }),
  [file]: config,
});

describe('irq_affinity', () => {
  it("sends each queue to one of the host's CPUs on the NIC's own node, in turn", async () => {
    const files = irqMachine({ nics: [{ name: 'eth0', node: 1, queues: 5 }], more: reserved('0-1,4-5', '2-3,6-7') });

    expect(await movedOn({}, files)).toEqual({
      'eth0-TxRx-0': '4',
      'eth0-TxRx-1': '5',
      'eth0-TxRx-2': '4',
      'eth0-TxRx-3': '5',
      'eth0-TxRx-4': '4',
    });
  });

  it('goes to another node where no CPU is on that of the NIC, or the NIC has none', async () => {
    const nics = [
      { name: 'eth0', node: 1 },
      { name: 'eth1', node: -1 },
    ];

    expect(await movedOn({ cpus: '0-1' }, irqMachine({ nics }))).toEqual({
      'eth0-TxRx-0': '0',
      'eth0-TxRx-1': '1',
      'eth1-TxRx-0': '1',
      'eth1-TxRx-1': '0',
    });
  });

  it('begins at another CPU with each NIC, so that those of one queue do not share one', async () => {
    const nics = ['eth0', 'eth1', 'eth2'].map((name) => ({ name, queues: 1 }));

    expect(await movedOn({ cpus: '0-2' }, irqMachine({ nics }))).toEqual({
      'eth0-TxRx-0': '0',
      'eth1-TxRx-0': '1',
      'eth2-TxRx-0': '2',
    });
  });

  it('leaves queues to all of the CPUs where they are not to be spread', async () => {
    expect(await movedOn({ cpus: '0-1', spread: false }, irqMachine({ nics: [{ name: 'eth0', queues: 1 }] }))).toEqual({
      'eth0-TxRx-0': '0-1',
    });
  });

  it.each<[string, FakeNic, Record<string, string>]>([
    [
      "virtio, whose interrupts are the PCI function's above it",
      { name: 'eth0', kind: 'virtio', names: (n) => [`virtio0-input.${n}`, `virtio0-output.${n}`] },
      { 'virtio0-input.0': '0', 'virtio0-output.0': '0', 'virtio0-input.1': '1', 'virtio0-output.1': '1' },
    ],
    [
      'mlx5, whose names end with the address of the device',
      { name: 'eth0', names: (n) => [`mlx5_comp${n}@pci:0000:3b:00.0`] },
      { 'mlx5_comp0@pci:0000:3b:00.0': '0', 'mlx5_comp1@pci:0000:3b:00.0': '1' },
    ],
    ['one without MSI, found by its name', { name: 'eth0', kind: 'line' }, { eth0: '0' }],
  ])('knows the queues of %s', async (_, nic, expected) => {
    expect(await movedOn({ cpus: '0-3' }, irqMachine({ nics: [nic] }))).toEqual(expected);
  });

  const NICS: readonly FakeNic[] = [
    { name: 'ens1f0', queues: 1 },
    { name: 'ens1f0v0', queues: 1, of: 'ens1f0', driver: 'iavf' },
    { name: 'ens2', queues: 1, driver: 'mlx5_core' },
    { name: 'ens3', queues: 1, driver: 'e1000e' },
  ];
  const virtual = (name: string, inside: Record<string, Content>) => ({
    [`/sys/class/net/${name}`]: { link: `../../devices/virtual/net/${name}` },
    ...Object.fromEntries(
      Object.entries(inside).map(([path, content]) => [`/sys/devices/virtual/net/${name}/${path}`, content]),
    ),
  });
  const LINKS = {
    ...virtual('bond0', { 'bonding/slaves': 'ens2 ens3\n', flags: '0x1003\n', ifindex: '7\n' }),
    ...virtual('br0', { 'lower_bond0.5': { link: '../bond0.5' }, 'brif/vnet3/port_no': '0x1\n' }),
    ...virtual('bond0.5', { lower_bond0: { link: '../bond0' }, ifindex: '8\n' }),
    ...virtual('vnet3', { ifindex: '9\n' }),
    '/sys/class/net/bonding_masters': 'bond0\n',
  };

  it.each([
    [{}, 'ens1f0 ens1f0v0 ens2 ens3'],
    [{ devices: 'ens[12]*' }, 'ens1f0 ens1f0v0 ens2'],
    [{ devices: 'ens1f0' }, 'ens1f0 ens1f0v0'],
    [{ devices: 'ens1f0v0' }, 'ens1f0v0'],
    [{ devices: 'bond0' }, 'ens2 ens3'],
    [{ devices: ['br0'] }, 'ens2 ens3'],
    [{ devices: 'br0', driver: 'mlx5*' }, 'ens2'],
    [{ driver: ['e1000e', 'iavf'] }, 'ens1f0v0 ens3'],
    [{ pattern: 'ens3-*' }, 'ens3'],
    [{ devices: 'ens*', pattern: '*f0*' }, 'ens1f0 ens1f0v0'],
    [{ irqs: '60,80' }, 'ens1f0v0 ens2'],
  ])('%j chooses %s', async (params, expected) => {
    const found = await movedOn({ cpus: '0-1', ...params }, irqMachine({ nics: NICS, more: LINKS }));

    expect(Object.keys(found).map((name) => name.replace('-TxRx-0', ''))).toEqual(expected.split(' '));
  });

  it('finds the same on a kernel that tells names in /proc/interrupts alone, by one frame more', async () => {
    const shape = { nics: NICS, others: ['i801_smbus, eth9'], more: LINKS };
    const params = { cpus: '0-1', ...live };

    expect(await movedOn(params, irqMachine({ ...shape, old: true }))).toEqual(
      await movedOn(params, irqMachine(shape)),
    );
  });

  it('says which device there is not', async () => {
    expect(await problemOn(irq_affinity, { devices: 'ens22', cpus: '0' }, irqMachine({ nics: NICS }))).toBe(
      'UnknownDevice: there is no network device ens22 here (did you mean ens2?)',
    );
  });

  it.each([
    [{}, "NoReserve: nobody says which CPUs are the host's"],
    [{ cpus: '99' }, 'NoSuchCpu: this host has no CPU 99'],
    [{ cpus: '7' }, 'CpuOffline: CPUs 7 are offline (these are online: 0-6)'],
  ])('%j cannot be had where CPU 7 is offline', async (params, problem) => {
    expect(await problemOn(irq_affinity, params, irqMachine({ nics: NICS, offline: [7] }))).toContain(problem);
  });

  it("refuses CPUs that are the guests'", async () => {
    const files = irqMachine({ nics: NICS, more: reserved('0-1', '2-7') });

    expect(await problemOn(irq_affinity, { cpus: '1-2' }, files)).toContain('ReservedOtherwise');
  });

  it.each([
    [{ pattern: 'none*', cpus: '0' }, irqMachine({ nics: NICS })],
    [{ cpus: '0' }, irqMachine({})],
  ])('%j is not applicable where there is nothing of the kind', async (params, files) => {
    expect((await planOn(irq_affinity, params, files)).na).toBe('no such interrupt here');
  });

  it('leaves to the kernel what it manages by itself, and says so', async () => {
    const others = ['nvme0q0', 'nvme0q1', 'virtio3-request', 'megasas0-msix12', 'ahci[0000:00:1f.2]'];
    const refused = { '/run/kvmplay/irq_refused': '24 ahci[0000:00:1f.2]\n20 other\n' };

    const plan = await planOn(
      irq_affinity,
      { irqs: '20-24', cpus: '0', ...live },
      irqMachine({ others, more: refused }),
    );

    expect(moved(plan)).toEqual({ nvme0q0: '0' });
    expect(plan.notes).toEqual([
      'IRQ 21 (nvme0q1): n/a, the kernel manages it by itself',
      'IRQ 22 (virtio3-request): n/a, the kernel manages it by itself',
      'IRQ 23 (megasas0-msix12): n/a, the kernel manages it by itself',
      'IRQ 24 (ahci[0000:00:1f.2]): n/a, the kernel manages it by itself',
    ]);
  });

  it('says of a NIC that is down that its interrupts are not there yet, and makes ready for them', async () => {
    const plan = await planOn(
      irq_affinity,
      { devices: 'eth0', cpus: '0-1', ...boot },
      irqMachine({ nics: [{ name: 'eth0', down: true }] }),
    );

    expect(plan.notes).toEqual(['eth0: 2 of its interrupts are not requested, as of a NIC that is down']);
    expect(summaryOf(plan)).toEqual([
      'persistent /etc/kvmplay/irq_affinity: NICs eth0 → CPUs 0-1, each queue on one',
      'persistent /etc/kvmplay/irq_affinity.sh: carries out /etc/kvmplay/irq_affinity',
      'persistent /etc/systemd/system/kvmplay-irq_affinity.service: a unit of kvmplay',
      'persistent kvmplay-irq_affinity.service: not enabled → enabled',
      'persistent /etc/udev/rules.d/66-kvmplay-irq_affinity.rules: again when a device or a CPU comes',
    ]);
  });

  it('tells which have been moved and have not come since', async () => {
    const files = irqMachine({
      nics: [{ name: 'eth0', queues: 1 }],
      more: { '/proc/irq/40/smp_affinity_list': '1\n' },
    });

    expect((await planOn(irq_affinity, { cpus: '1', ...live }, files)).notes).toEqual([
      '1 interrupts move when they come next: 40',
    ]);
  });

  it('sets RPS, XPS and what later interrupts get, where it is asked to', async () => {
    const files = irqMachine({ cpus: 40, nodes: 1, nics: [{ name: 'eth0' }] });
    const params = { cpus: '0,39', rps_cpus: 'cpus', xps_cpus: 'cpus', default_smp_affinity: true, ...live };

    const plan = await planOn(irq_affinity, params, files);

    expect(plan.changes.filter(({ summary }) => !summary.startsWith('IRQ')).map(({ do: [action] }) => action)).toEqual([
      { do: 'poke', path: '/sys/class/net/eth0/queues/rx-0/rps_cpus', value: '80,00000001' },
      { do: 'poke', path: '/sys/class/net/eth0/queues/rx-1/rps_cpus', value: '80,00000001' },
      { do: 'poke', path: '/sys/class/net/eth0/queues/tx-0/xps_cpus', value: '1' },
      { do: 'poke', path: '/sys/class/net/eth0/queues/tx-1/xps_cpus', value: '80,00000000' },
      { do: 'poke', path: '/proc/irq/default_smp_affinity', value: '80,00000001' },
    ]);
  });

  it('may cut a connection when it moves what a NIC has, and nothing else', async () => {
    const files = irqMachine({ nics: [{ name: 'eth0', queues: 1 }], others: ['ahci[0000:00:1f.2]'] });

    const plan = await planOn(irq_affinity, { pattern: ['ahci*'], cpus: '0', ...live }, files);
    const nic = await planOn(irq_affinity, { cpus: '0', ...live }, files);

    expect([...plan.changes, ...nic.changes].map(({ impact }) => impact)).toEqual(['none', 'network-blip']);
  });

  it.each([
    [{ cpus: '3-1' }, 'runs backwards'],
    [{ rps_cpus: 'some' }, 'expected CPUs such as "0-3", `cpus` or `none`'],
    [{ irqbalance: 'stop' }, 'ban'],
  ])('%j is a mistake', (params, message) => {
    expect(mistakesIn(irq_affinity, params).join()).toContain(message);
  });
});

const POLICY = 'IRQBALANCE_ARGS="--policyscript=/etc/kvmplay/irqbalance_policy.sh"\n';

describe('irq_affinity beside irqbalance', () => {
  const nics = [{ name: 'eth0', queues: 2 }];
  const balancing = async (params: object, more: Record<string, Content>, options = {}) => {
    const plan = await planOn(irq_affinity, { cpus: '0-1', ...params }, irqMachine({ nics, more }), options);
    return plan.changes.filter(({ summary }) => summary.startsWith('irqbalance'));
  };

  it.each([
    [
      'teaches it which CPUs are not its own',
      '# IRQBALANCE_BANNED_CPULIST\nIRQBALANCE_ARGS=\n',
      `# IRQBALANCE_BANNED_CPULIST\n${POLICY}IRQBALANCE_BANNED_CPULIST=2-7\n`,
    ],
    [
      'mends what it was taught',
      `IRQBALANCE_BANNED_CPULIST="7"\n${POLICY}`,
      `IRQBALANCE_BANNED_CPULIST=2-7\n${POLICY}`,
    ],
    [
      'adds to the arguments that it has',
      'IRQBALANCE_ARGS="--hintpolicy=exact -t 30"\nIRQBALANCE_BANNED_CPULIST=2-7\n',
      'IRQBALANCE_ARGS="--hintpolicy=exact -t 30 --policyscript=/etc/kvmplay/irqbalance_policy.sh"\nIRQBALANCE_BANNED_CPULIST=2-7\n',
    ],
    [
      'takes the mask out, which would count over the list',
      `IRQBALANCE_BANNED_CPUS=00\nIRQBALANCE_BANNED_CPULIST=2-7\n${POLICY}`,
      `IRQBALANCE_BANNED_CPULIST=2-7\n${POLICY}`,
    ],
  ])('%s', async (_, config, expected) => {
    const [change] = await balancing({}, irqbalance(config));

    expect(change?.after).toEqual({ is: 'text', text: expected });
    expect(change?.do.at(-1)).toEqual({ do: 'exec', argv: ['systemctl', 'restart', 'irqbalance.service'] });
    expect(change?.impact).toBe('service-restart');
  });

  it.each([
    ['list', `IRQBALANCE_BANNED_CPULIST="2,3,4-7"\n${POLICY}`, {}],
    ['script', `IRQBALANCE_BANNED_CPULIST=2-7\n${POLICY.replaceAll('"', '')}`, {}],
    ['nothing to teach, where it does not run and will not', 'IRQBALANCE_ARGS=\n', { gone: true }],
  ])('is content with the same %s', async (_, config, { gone = false }: { gone?: boolean }) => {
    const more = gone ? { '/etc/default/irqbalance': config } : irqbalance(config);

    expect(await balancing({}, more)).toEqual([]);
  });

  it('gives a mask to those that know no list, where Red Hat has its file', async () => {
    const options = {
      commands: {
        systemctl: (await import('../../../src/laws/fake-systemctl.ts')).fakeSystemctl,
        irqbalance: 'irqbalance version 1.0.7\n',
      },
    };

    const [change] = await balancing(
      {},
      irqbalance('IRQBALANCE_ARGS=\n', { file: '/etc/sysconfig/irqbalance', running: false }),
      options,
    );

    expect(change?.after).toEqual({ is: 'text', text: `${POLICY}IRQBALANCE_BANNED_CPUS=fc\n` });
    expect(change?.do).toHaveLength(2);
  });

  it.each(['-l /usr/libexec/ours', '-l/usr/libexec/ours', '--policyscript /usr/libexec/ours'])(
    'leaves the policy script that it has, %s, and says so',
    async (args) => {
      const files = irqMachine({ nics, more: irqbalance(`IRQBALANCE_ARGS=${args}\n`) });

      const { changes, notes } = await planOn(irq_affinity, { cpus: '0-1' }, files);

      const config = changes.find(({ summary }) => summary.startsWith('irqbalance'));
      expect(config?.after).toEqual({ is: 'text', text: `IRQBALANCE_ARGS=${args}\nIRQBALANCE_BANNED_CPULIST=2-7\n` });
      expect(changes.map(({ summary }) => summary)).not.toContainEqual(expect.stringContaining('irqbalance_policy'));
      expect(notes).toContainEqual(expect.stringContaining('/usr/libexec/ours: interrupts may be on any of CPUs 0-1'));
    },
  );

  it('has it ask again when other interrupts are ours, also on the way back', async () => {
    const files = irqMachine({ nics, more: irqbalance(`IRQBALANCE_BANNED_CPULIST=2-7\n${POLICY}`) });

    const { changes } = await planOn(irq_affinity, { cpus: '0-1' }, files);

    const restart = { do: 'exec', argv: ['systemctl', 'restart', 'irqbalance.service'] };
    const table = changes.find(({ summary }) => summary.startsWith('/etc/kvmplay/irq_affinity:'));
    expect([table?.do, table?.undo, table?.impact]).toEqual([
      expect.arrayContaining([restart]),
      expect.arrayContaining([restart]),
      'service-restart',
    ]);
  });

  it('lets one with a policy of its own move interrupts among the CPUs that it is left with, and no further', async () => {
    const files = irqMachine({
      nics,
      more: {
        ...irqbalance('IRQBALANCE_BANNED_CPULIST=2-7\nIRQBALANCE_ARGS=-l /usr/libexec/ours\n'),
        '/proc/irq/40/smp_affinity_list': '1\n',
        '/proc/irq/41/smp_affinity_list': '2\n',
      },
    });

    expect(moved(await planOn(irq_affinity, { cpus: '0-1' }, files))).toEqual({ 'eth0-TxRx-1': '1' });
    expect(moved(await planOn(irq_affinity, { cpus: '0-1', irqbalance: 'keep' }, files))).toEqual({
      'eth0-TxRx-0': '0',
      'eth0-TxRx-1': '1',
    });
  });

  it('leaves it the CPUs of other tasks too, so that two do not teach it in turn', async () => {
    const table = { '/etc/kvmplay/irq_affinity': 'eth9 - - - 4-5 spread - -\ndefault - - - 6 together - -\n' };

    const [change] = await balancing({}, { ...irqbalance(''), ...table });

    expect(change?.after).toEqual({ is: 'text', text: `IRQBALANCE_BANNED_CPULIST=2-3,7\n${POLICY}` });
  });

  it('stops it for good, or says that it is there', async () => {
    const files = irqMachine({ nics, more: irqbalance('') });

    const masked = await planOn(irq_affinity, { cpus: '0-1', irqbalance: 'mask' }, files);
    const kept = await planOn(irq_affinity, { cpus: '0-1', irqbalance: 'keep' }, files);

    expect(summaryOf(masked)).toContain('persistent irqbalance.service: active, enabled → stopped and masked');
    expect(kept.notes).toContainEqual(expect.stringContaining('irqbalance.service is active or enabled'));
  });
});

/** What another tool makes of other people's servers: rss-ladder spreads the queues of one NIC over the CPUs of its node. */
const ladders = sharedFixtures('interrupts/rss-ladder.tests');
const ladder = ladders ? join(ladders, 'igb.E5606') : '';

describe.skipIf(!existsSync(ladder))('on a captured server', () => {
  it('spreads the queues of a NIC as rss-ladder does', async () => {
    const table = readFileSync(join(ladder, 'interrupts'), 'utf8');
    const expected = [...readFileSync(join(ladder, 'expected'), 'utf8').matchAll(/queue (\S+) .* bound to CPU(\d+)/g)];
    const irqs = [...table.matchAll(/^\s*(\d+):/gm)].map(([, irq]) => irq);
    const files = {
      ...irqMachine({ cpus: 4, nodes: 1, nics: [{ name: 'eth0', kind: 'line' }], old: true }),
      ...Object.fromEntries(irqs.map((irq) => [`/proc/irq/${irq}/smp_affinity_list`, '0-3\n'])),
      '/proc/interrupts': table,
    };

    const found = await movedOn({ devices: 'eth0', pattern: 'eth0-*', cpus: '0-3' }, files);

    expect(expected).toHaveLength(8);
    expect(found).toEqual(Object.fromEntries(expected.map(([, name, cpu]) => [name, cpu])));
  });
});
