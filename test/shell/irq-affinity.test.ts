import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { irq_affinity } from '../../modules/irq_affinity.ts';
import { type CpuSet, formatCpuSet, parseCpuMask, parseCpuSet } from '../../src/contract/index.ts';
import type { Machine } from '../../src/lab/machine.ts';
import { layoutOf, layTree } from '../../src/lab/tree.ts';
import { FAKE_COMMANDS } from '../support/fake-commands.ts';
import type { Content } from '../support/fake-files.ts';
import { fakeHost } from '../support/fake-host.ts';
import { type FakeNic, irqMachine } from '../support/irq-machine.ts';
import { planOn } from '../support/plan.ts';
import { scratchFolder } from '../support/scratch.ts';
import { shells } from '../support/shells.ts';

const SCRIPT = 'src/contract/irq-affinity/irq_affinity.sh';
const TABLE = '/etc/kvmplay/irq_affinity';

type Files = Readonly<Record<string, Content>>;

/** What steers interrupts, read as sets. */
function steered(read: (path: string) => string, files: Files): Record<string, unknown> {
  const paths = Object.keys(files).filter((path) => /smp_affinity|[rx]ps_cpus/.test(path));
  return Object.fromEntries(
    paths.map((path) => [path, (path.endsWith('_list') ? parseCpuSet : parseCpuMask)(read(path).trim())]),
  );
}

/**
 * What is so after the tasks' own changes, and after the script did what their table says, on a machine alike. `asked`: what it tells
 * irqbalance to leave alone, too.
 */
async function bothWays(files: Files, tasks: readonly object[], shell: readonly string[], asked = false) {
  const host = fakeHost({ files, commands: FAKE_COMMANDS });
  for (const params of tasks) {
    const now = Object.fromEntries(
      Object.entries(files).map(([path, content]) => [
        path,
        typeof content === 'string' ? (host.read(path) ?? content) : content,
      ]),
    );
    const table = host.read(TABLE);
    const plan = await planOn(irq_affinity, params, { ...now, ...(table !== undefined && { [TABLE]: table }) });
    const { results } = await host.exchange({ actions: plan.changes.flatMap((change) => change.do), probes: [] });
    expect(results.filter((result) => result.ok !== true)).toEqual([]);
  }
  const root = scratchFolder('kvmplay-irq');
  layTree(root, layoutOf({ ...(files as Machine), [TABLE]: host.read(TABLE) ?? '' }));
  const run = 'export KVMPLAY_ROOT="$1" KVMPLAY_PAUSES=; script=$2; shift 2; . "$script"';
  const script = (...args: string[]) => {
    const argv = [...shell.slice(1), '-c', run, 'sh', root, join(process.cwd(), SCRIPT), ...args];
    return spawnSync(shell[0] ?? 'sh', argv, { encoding: 'utf8' });
  };
  const numbers = Object.keys(files).flatMap((path) => /^\/proc\/irq\/(\d+)\/smp_affinity_list$/.exec(path)?.[1] ?? []);
  const banned = asked ? numbers.filter((irq) => script('/sys/devices/some', irq).stdout === 'ban=true\n') : [];
  const { stderr, status } = script();
  const byScript = steered((path) => readFileSync(join(root, path), 'utf8'), files);
  rmSync(root, { recursive: true, force: true });
  return { stderr, status, banned, byScript, byModule: steered((path) => host.read(path) ?? '', files) };
}

const NICS: readonly FakeNic[] = [
  { name: 'eth0', node: 1, queues: 4, names: (queue) => [`eth0-rx-${queue}`, `eth0-tx-${queue}`] },
  { name: 'eth1', node: 1, queues: 3, driver: 'mlx5_core', names: (queue) => [`mlx5_comp${queue}@pci:0000:00:04.0`] },
  { name: 'eth2', kind: 'virtio', queues: 2 },
  { name: 'eth3', kind: 'line' },
  { name: 'eth4', node: -1, queues: 12 },
  { name: 'eth5', down: true },
  { name: 'vf0', of: 'eth0', driver: 'ixgbevf', queues: 1 },
];

describe.each(shells())('the script that sends interrupts at boot, in $name', ({ command }) => {
  it('does what the module does', async () => {
    const files = irqMachine({
      nics: NICS,
      others: ['ahci[0000:00:1f.2]', 'PCIe PME, aerdrv', 'nvme0q0'],
      offline: [6],
    });
    const tasks = [
      { devices: 'eth*', cpus: '0-1,5-7', rps_cpus: 'cpus', xps_cpus: 'cpus', default_smp_affinity: true },
      { pattern: ['ahci[[]*', 'PCIe PME*'], cpus: '2-3' },
      { irqs: 22, cpus: '0,4', spread: false },
    ];

    const { stderr, status, banned, byModule, byScript } = await bothWays(files, tasks, command, true);

    expect([status, stderr]).toEqual([0, '']);
    expect(byScript).toEqual(byModule);
    expect(byScript['/proc/irq/40/smp_affinity_list']).not.toEqual(parseCpuSet('0-7'));
    // What it does not send anywhere is left to all CPUs, as it was.
    const sent = Object.entries(byScript).filter(
      ([path, cpus]) => path.endsWith('_list') && formatCpuSet(cpus as CpuSet) !== '0-7',
    );
    expect(banned.map((irq) => `/proc/irq/${irq}/smp_affinity_list`)).toEqual(sent.map(([path]) => path));
    expect(banned).not.toHaveLength(0);
  });
});

describe('the script and the module', () => {
  const nic = fc.record({
    driver: fc.constantFrom('ixgbe', 'vmxnet3', 'e1000e'),
    kind: fc.constantFrom('pci', 'virtio', 'line'),
    node: fc.constantFrom(-1, 0, 1, 2),
    queues: fc.integer({ min: 1, max: 9 }),
    down: fc.boolean(),
  });
  const machine = fc.record({
    cpus: fc.constantFrom(4, 8, 40),
    nodes: fc.constantFrom(1, 2),
    offline: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
    nics: fc
      .array(nic, { maxLength: 4 })
      .map((all) => all.map((one, at): FakeNic => ({ ...one, name: `eth${at * 5}` }))),
    old: fc.boolean(),
    others: fc.subarray(['timer', 'ahci[0000:00:1f.2]', 'nvme0q0', 'i801_smbus, eth5', 'PCIe PME, aerdrv', 'xhci_hcd']),
  });
  const word = fc.constantFrom('*', 'eth0', 'eth*', '*5', 'eth[01]*', '?*', 'lo*');
  const queues = fc.constantFrom('cpus', 'none', '1-2', '0,3');
  const task = fc.record(
    {
      cpus: fc.constantFrom('0', '0-1', '0,2-3', '1-3'),
      devices: fc.array(word, { minLength: 1, maxLength: 2 }),
      driver: fc.constantFrom('ixgbe', 'vmx*', 'virtio*'),
      pattern: fc.constantFrom('*-TxRx-*', '*[1-3]', 'PCIe*', '*a*', 'virtio*'),
      irqs: fc.constantFrom('20-22', '40,41,60', '45-90'),
      spread: fc.boolean(),
      rps_cpus: queues,
      xps_cpus: queues,
      default_smp_affinity: fc.boolean(),
    },
    { requiredKeys: ['cpus'] },
  );

  it('send every interrupt and queue to the same CPUs, on any machine', async () => {
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(machine, task, async (shape, params) => {
        const files = irqMachine(shape);
        if (params.devices?.includes('eth0') && shape.nics.length === 0) return;
        const { byModule, byScript } = await bothWays(files, [params], ['sh']).catch((error) => {
          if (error.code === 'CpuOffline') return { byModule: {}, byScript: {} };
          throw error;
        });
        expect(byScript).toEqual(byModule);
        if (Object.values(byModule).some((cpus) => (cpus as number[]).length < shape.cpus)) moved += 1;
      }),
      { numRuns: 40, seed: 7 },
    );
    expect(moved).toBeGreaterThan(20);
  });
});
