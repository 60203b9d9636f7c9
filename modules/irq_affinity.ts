import { z } from 'zod';
import { cpuList, flag, planes, words } from '../src/contract/fields.ts';
import {
  type Action,
  type Change,
  type CpuSet,
  cpusFor,
  defineModule,
  differenceOf,
  file,
  formatCpuSet,
  glob,
  intersectionOf,
  isWithin,
  Problem,
  parseCpuMask,
  parseCpuSet,
  planOf,
  pokeKnob,
  printReserve,
  RESERVE_FILE,
  reserveProbes,
  type Seen,
  sameCpus,
  sameUnit,
  type TunedSetting,
  tunedNotes,
  tunedProbes,
  unionOf,
} from '../src/contract/index.ts';
import { irqbalanceProbes, settleIrqbalance } from '../src/contract/irq-affinity/irqbalance.ts';
import { queueChanges, queueProbes, setMask } from '../src/contract/irq-affinity/queues.ts';
import { refusable, refusedBefore, refusedProbes } from '../src/contract/irq-affinity/refused.ts';
import { persistTable, type TableLine, tableCpus, tableProbes } from '../src/contract/irq-affinity/table.ts';
import {
  buildTopology,
  type Chosen,
  cpuProbes,
  interruptProbes,
  isManaged,
  linkProbes,
  type NicChoice,
  type Steered,
  steer,
} from '../src/topology/index.ts';

const DEFAULT = '/proc/irq/default_smp_affinity';
const EFFECTIVE = '/proc/irq/[0-9]*/effective_affinity_list';

const Queues = z
  .union([z.enum(['none', 'cpus']), cpuList()], { error: 'expected CPUs such as "0-3", `cpus` or `none`' })
  .optional();

const Params = z.strictObject({
  cpus: cpuList()
    .optional()
    .describe("Where interrupts go, as `0-1,8`. Default: the host's CPUs, as `host_reserve` says."),
  devices: words()
    .optional()
    .describe(
      'NICs by name or shell pattern; bonds, bridges and VLANs stand for the NICs under them. Default: all NICs.',
    ),
  driver: words().optional().describe('Only NICs of these drivers, by name or shell pattern: `ixgbe`, `mlx5*`.'),
  pattern: words()
    .optional()
    .describe(
      'Only interrupts of these names in `/proc/interrupts`: `*-TxRx-*`. Without `devices` and `driver`, of any device.',
    ),
  irqs: cpuList().optional().describe('Only these interrupts, by number. Numbers may change with a reboot.'),
  spread: flag()
    .prefault(true)
    .describe('Whether each queue has one CPU, in turn. Otherwise each may go to all of them.'),
  rps_cpus: Queues.describe(
    'Which CPUs also work on packets that a queue received (RPS): a list, `cpus` for those of the interrupts, or `none`.',
  ),
  xps_cpus: Queues.describe('Which CPUs send by a queue (XPS): a list, `cpus` for that of its interrupt, or `none`.'),
  default_smp_affinity: flag()
    .prefault(false)
    .describe('Whether interrupts that are requested later go to these CPUs too, as long as nobody says otherwise.'),
  irqbalance: z
    .enum(['ban', 'mask', 'keep'])
    .prefault('ban')
    .describe(
      'What becomes of irqbalance where it runs: `ban` teaches it to leave these interrupts alone and to use these CPUs alone for others, `mask` stops it for good.',
    ),
  ...planes,
});
type Params = z.infer<typeof Params>;

export const irq_affinity = defineModule({
  name: 'irq_affinity',
  summary: "Keep interrupts of NICs on the host's CPUs, each queue on one, so that guests' CPUs are left alone.",
  notes: `
An interrupt goes to a CPU on the NUMA node of its NIC where \`cpus\` has any there. Each queue has one CPU, by the number in its name;
receive and transmit of one queue share it. It moves when it comes next, so \`effective_affinity_list\` follows late.

What the kernel manages by itself (queues of NVMe and of virtio disks) cannot be moved: n/a. Interrupts of a NIC that is down do not
exist yet: they are sent where they belong when it comes up. For the next boots a unit, \`kvmplay-irq_affinity.service\`, does the same by
the table in \`/etc/kvmplay/irq_affinity\`; udev has it run again when a NIC or a CPU comes.

With \`irqbalance: ban\`, irqbalance is told by a policy script, \`/etc/kvmplay/irqbalance_policy.sh\`, to leave these interrupts alone, and
keeps all others on the CPUs that are left to it. Where it has a policy script already, that stays, and it may move these
interrupts among those CPUs.`,
  crossChecked: true,
  params: Params,
  reads: (params, seen) => ({
    ...reserveProbes,
    ...cpuProbes(),
    ...interruptProbes(seen),
    ...linkProbes,
    ...irqbalanceProbes,
    ...refusedProbes,
    ...tunedProbes,
    ...tableProbes,
    [EFFECTIVE]: glob(EFFECTIVE),
    ...(params.default_smp_affinity && { [DEFAULT]: file(DEFAULT) }),
    ...queueProbes(params),
  }),
  plan(params, seen) {
    const asked = cpusFor(seen, 'host', params.cpus);
    const topology = buildTopology(seen);
    const { online, offline } = topology.cpus;
    const cpus = usable(asked, online, offline);
    const chosen = chosenBy(params, cpus);
    const { irqs, nics, devices } = steer(topology, seen, chosen);
    if (irqs.length === 0 && nics.length === 0) return { changes: [], na: 'no such interrupt here' };
    const lines = linesOf(params, { ...chosen, cpus: asked, devices });
    const taught = unionOf(params.persistent ? tableCpus(seen, lines) : [], cpus);
    const balancing = settleIrqbalance(seen, params.persistent ? params.irqbalance : 'keep', {
      cpus: taught,
      all: unionOf(online, offline),
    });
    const fixed = irqs.filter(({ irq, name }) => isManaged(name) || refusedBefore(seen, irq, name));
    const wrong = irqs.filter((one) => {
      const { allowed, to } = one;
      if (allowed.length === 0 || fixed.includes(one)) return false;
      return balancing.roams ? !isWithin(allowed, taught) : !sameCpus(allowed, to);
    });
    const right = balancing.roams ? [] : irqs.filter((one) => one.nic && !fixed.includes(one) && !wrong.includes(one));
    const changes = [
      // irqbalance asks as it starts.
      ...(params.persistent ? persistTable(seen, lines, params, balancing.askAgain) : []),
      ...(params.live ? heldMeanwhile(balancing.changes, right) : balancing.changes),
      ...(params.live
        ? [
            ...wrong.map((one) => move(one, seen)),
            ...queueChanges(params, nics, seen),
            ...setDefault(params, cpus, seen),
          ]
        : []),
    ];
    const notes = [...notesOn(irqs, fixed, nics, seen), ...balancing.notes, ...tunedNotes(seen, tunedName)];
    return planOf(changes, [], notes);
  },
  same(probe, a, b) {
    if (probe.kind === 'command') return sameUnit(a, b);
    if (probe.kind !== 'file') return false;
    const read = /_list$/.test(probe.path)
      ? parseCpuSet
      : /(_cpus|_affinity)$/.test(probe.path)
        ? parseCpuMask
        : undefined;
    try {
      return read !== undefined && sameCpus(read(a), read(b));
    } catch {
      return false;
    }
  },
  examples: [
    {
      title: "All NICs, on the host's CPUs",
      params: {},
      host: { ...machine(), [RESERVE_FILE]: printReserve({ host: [0, 1, 4], guests: [2, 3, 5] }) },
    },
    {
      title: 'One bond, with packets spread further and irqbalance stopped',
      params: {
        devices: ['bond0'],
        driver: 'ixgbe',
        cpus: '0-1',
        rps_cpus: 'cpus',
        xps_cpus: 'cpus',
        default_smp_affinity: true,
        irqbalance: 'mask',
      },
      host: {
        ...machine(),
        '/sys/class/net/bond0': { link: '../../devices/virtual/net/bond0' },
        '/sys/devices/virtual/net/bond0/bonding/slaves': 'eth0\n',
        [DEFAULT]: '3f\n',
        '/usr/lib/systemd/system/irqbalance.service': '[Service]\n',
        '/etc/systemd/system/multi-user.target.wants/irqbalance.service': {
          link: '/usr/lib/systemd/system/irqbalance.service',
        },
        '/sys/fs/cgroup/system.slice/irqbalance.service/cgroup.procs': '512\n',
      },
    },
    {
      title: 'Interrupts by name and number, wherever on two CPUs, beside irqbalance',
      params: { pattern: 'ahci*, nvme*', irqs: '40-49', cpus: '0-1', spread: false, irqbalance: 'ban' },
      host: {
        ...machine(),
        '/usr/lib/systemd/system/irqbalance.service': '[Service]\n',
        '/etc/systemd/system/multi-user.target.wants/irqbalance.service': {
          link: '/usr/lib/systemd/system/irqbalance.service',
        },
        '/etc/default/irqbalance': '# Configuration\nIRQBALANCE_ARGS=\n#IRQBALANCE_BANNED_CPULIST=\n',
      },
    },
  ],
});

function chosenBy({ devices = [], driver = [], pattern = [], irqs = [], spread }: Params, cpus: CpuSet): Chosen {
  return { devices, drivers: driver, names: pattern, irqs, cpus, spread };
}

/** Throws `Problem` where none of the CPUs is there to take an interrupt. */
function usable(cpus: CpuSet, online: CpuSet, offline: CpuSet): CpuSet {
  const unknown = differenceOf(cpus, unionOf(online, offline));
  if (unknown.length > 0)
    throw new Problem(
      'NoSuchCpu',
      `this host has no CPU ${formatCpuSet(unknown)}`,
      `these are online: ${formatCpuSet(online)}`,
    );
  const here = intersectionOf(cpus, online);
  if (here.length === 0)
    throw new Problem(
      'CpuOffline',
      `CPUs ${formatCpuSet(cpus)} are offline`,
      `these are online: ${formatCpuSet(online)}`,
    );
  return here;
}

function linesOf(params: Params, chosen: Chosen): TableLine[] {
  const queues = (value: Params['rps_cpus']) =>
    value === undefined ? '-' : typeof value === 'string' ? value : formatCpuSet(value);
  const line = { ...chosen, rps: queues(params.rps_cpus), xps: queues(params.xps_cpus) };
  const late = { devices: ['default'], drivers: [], names: [], irqs: [], cpus: chosen.cpus, spread: false };
  return [line, ...(params.default_smp_affinity ? [{ ...late, rps: '-', xps: '-' }] : [])];
}

/** Until irqbalance has been told, it may move what is right now: that is put back with the last word to it. */
function heldMeanwhile(changes: readonly Change[], right: readonly Steered[]): readonly Change[] {
  const pokes = right
    .filter(({ allowed }) => allowed.length > 0)
    .map(({ irq, to }) => poke(`/proc/irq/${irq}/smp_affinity_list`, formatCpuSet(to)));
  return changes.map((change, at) => (at < changes.length - 1 ? change : { ...change, do: [...change.do, ...pokes] }));
}

const poke = (path: string, value: string): Action => ({ do: 'poke', path, value });

function move({ irq, name, nic, to }: Steered, seen: Seen): Change {
  const path = `/proc/irq/${irq}/smp_affinity_list`;
  const change = pokeKnob({
    path,
    before: seen.at(path),
    value: formatCpuSet(to),
    summary: `IRQ ${irq} (${name}): CPU ${seen.textAt(path)?.trim()} → ${formatCpuSet(to)}`,
    impact: nic === undefined ? 'none' : 'network-blip',
    disturbs: [file(`/proc/irq/${irq}/effective_affinity_list`)],
    hints: {
      EIO: 'the kernel manages this interrupt by itself: leave it out, or boot with isolcpus=managed_irq,…',
      EINVAL: 'the CPU went offline',
      DidNotConverge: "somebody else moves interrupts here: irqbalance, tuned, or a script of the NIC's vendor",
    },
  });
  // A NIC's can be moved. Whether others can shows when it is tried, for which a host has to run commands.
  return nic === undefined && seen.raw('irqbalance.service').is === 'output' ? refusable(change, irq, name) : change;
}

function setDefault({ default_smp_affinity: asked }: Params, cpus: CpuSet, seen: Seen): Change[] {
  const mask = asked ? seen.textAt(DEFAULT) : undefined;
  return mask === undefined ? [] : setMask(DEFAULT, 'default_smp_affinity', mask, cpus, seen);
}

/** Where an interrupt still comes; empty where that is not known. */
function effective(irq: number, seen: Seen): CpuSet {
  const all = seen.raw(EFFECTIVE);
  const own = all.is === 'files' ? all.files[`/proc/irq/${irq}/effective_affinity_list`] : undefined;
  return own?.is === 'text' ? parseCpuSet(own.text) : [];
}

const tunedName = ({ plugin, key }: TunedSetting): string | undefined =>
  plugin === 'irqbalance' || plugin === 'irq' || (plugin === 'scheduler' && /irq|isolated_cores/.test(key))
    ? 'where interrupts go'
    : undefined;

function notesOn(
  irqs: readonly Steered[],
  fixed: readonly Steered[],
  nics: readonly NicChoice[],
  seen: Seen,
): string[] {
  const late = irqs.filter(({ irq, to, allowed }) => sameCpus(allowed, to) && !isWithin(effective(irq, seen), to));
  return [
    ...fixed.map(({ irq, name }) => `IRQ ${irq} (${name}): n/a, the kernel manages it by itself`),
    ...nics
      .filter(({ idle }) => idle.length > 0)
      .map(
        ({ nic, idle }) => `${nic.name}: ${idle.length} of its interrupts are not requested, as of a NIC that is down`,
      ),
    ...(late.length > 0
      ? [`${late.length} interrupts move when they come next: ${late.map(({ irq }) => irq).join(', ')}`]
      : []),
  ];
}

/** An example's machine: six CPUs on two nodes, a NIC of four queues on the second. */
function machine(): Record<string, string | { link: string }> {
  const cpu = '/sys/devices/system/cpu';
  const nic = '/sys/devices/pci0000:80/0000:81:00.0';
  const names = new Map([
    [40, 'ahci[0000:00:1f.2]'],
    [41, 'nvme0q1'],
    ...[0, 1, 2, 3].map((queue) => [50 + queue, `eth0-TxRx-${queue}`] as const),
  ]);
  return {
    [`${cpu}/online`]: '0-5\n',
    [`${cpu}/present`]: '0-5\n',
    ...Object.fromEntries([0, 1, 2, 3, 4, 5].map((id) => [`${cpu}/cpu${id}/topology/thread_siblings_list`, `${id}\n`])),
    '/sys/devices/system/node/node0/cpulist': '0-2\n',
    '/sys/devices/system/node/node1/cpulist': '3-5\n',
    '/sys/class/net/eth0': { link: `../../..${nic}/net/eth0` },
    [`${nic}/net/eth0/queues/rx-0/rps_cpus`]: '00\n',
    [`${nic}/net/eth0/queues/tx-0/xps_cpus`]: '3f\n',
    [`${nic}/uevent`]: 'DRIVER=ixgbe\n',
    [`${nic}/numa_node`]: '1\n',
    ...Object.fromEntries([50, 51, 52, 53].map((irq) => [`${nic}/msi_irqs/${irq}`, 'msix\n'])),
    ...Object.fromEntries([...names].map(([irq, name]) => [`/sys/kernel/irq/${irq}/actions`, `${name}\n`])),
    ...Object.fromEntries([...names.keys()].map((irq) => [`/proc/irq/${irq}/smp_affinity_list`, '0-5\n'])),
    ...Object.fromEntries([...names.keys()].map((irq) => [`/proc/irq/${irq}/effective_affinity_list`, '0\n'])),
  };
}
