import { z } from 'zod';
import { cpuList, dropInFile, flag, planes, words } from '../src/contract/fields.ts';
import {
  Conflict,
  type CpuSet,
  cpusFor,
  defineModule,
  differenceOf,
  file,
  formatCpuMask,
  formatCpuSet,
  guestPins,
  intersectionOf,
  isWithin,
  type Knob,
  noSliceCpus,
  numadNotes,
  numadProbes,
  Problem,
  parseCpuMask,
  parseCpuSet,
  persistKnobs,
  persistSlice,
  pinProbes,
  planOf,
  pokeKnob,
  reserveProbes,
  type Seen,
  type SliceCpus,
  sameCpus,
  sameSlices,
  setSlices,
  sliceProbes,
  tmpfilesProbes,
  unionOf,
} from '../src/contract/index.ts';

const ONLINE = '/sys/devices/system/cpu/online';
const WORKQUEUES = '/sys/devices/virtual/workqueue/cpumask';
const MACHINES = 'machine.slice';

const Params = z
  .strictObject({
    host: cpuList().optional().describe("The host's own CPUs, as `0-1,8`. Default: what `host_reserve` says."),
    guests: cpuList().optional().describe("The guests' CPUs. Default: what `host_reserve` says."),
    slices: words()
      .refine((all) => all.every((one) => /^[\w:.@\\-]+\.(slice|scope|service)$/.test(one)), {
        message: 'expected units such as system.slice',
      })
      .refine((all) => !all.includes(MACHINES), `${MACHINES} is set by \`machines\``)
      .prefault(['system.slice', 'user.slice', 'init.scope'])
      .describe("Units that keep to the host's CPUs, with all that is in them."),
    machines: z
      .enum(['guests', 'all', 'keep'])
      .prefault('guests')
      .describe(
        "CPUs of `machine.slice`, where guests run: the guests' only; the host's too (`all`), for emulator threads that are pinned there; or as they are.",
      ),
    workqueues: flag()
      .prefault(false)
      .describe("Whether the kernel's own work that is bound to no CPU keeps to the host's CPUs too."),
    file: dropInFile('tmpfiles.d', 'kvmplay-cpu_isolation'),
    ...planes,
  })
  .refine(({ host = [], guests = [] }) => intersectionOf(host, guests).length === 0, {
    path: ['guests'],
    message: "a CPU is either the host's or the guests'",
  });
type Params = z.infer<typeof Params>;

const unitsOf = ({ slices, machines }: Params): string[] => [...slices, ...(machines === 'keep' ? [] : [MACHINES])];

export const cpu_isolation = defineModule({
  name: 'cpu_isolation',
  summary: "Keep the host's services on the host's CPUs, and guests on theirs, by systemd's slices.",
  notes: `
At once and without a reboot, and taken back as easily: what \`isolcpus\` cannot. Needs cgroup v2 and systemd 244; n/a elsewhere. Interrupts are
moved by \`irq_affinity\`; threads of the kernel that are bound to a CPU stay there, and only \`nohz_full\` and \`isolcpus\` keep the scheduler's
tick and balancing away (\`kernel_cmdline\`).

A guest's thread that is pinned outside of \`machine.slice\` cannot be started, and one that runs so would run anywhere in it: such a
guest is named, and nothing is done. With \`emulatorpin\` on the host's CPUs set \`machines: all\`.`,
  crossChecked: true,
  params: Params,
  reads: (params) => ({
    ...reserveProbes,
    ...sliceProbes(unitsOf(params)),
    ...pinProbes,
    ...numadProbes,
    ...(params.workqueues && { [WORKQUEUES]: file(WORKQUEUES) }),
    ...(params.workqueues && params.persistent && tmpfilesProbes(params.file)),
  }),
  plan(params, seen) {
    const host = cpusFor(seen, 'host', params.host);
    const guests = params.machines === 'keep' ? [] : cpusFor(seen, 'guests', params.guests);
    check(host, guests, seen);
    const na = params.live ? noSliceCpus(seen, unitsOf(params)) : undefined;
    if (na !== undefined) return { changes: [], na };
    const wanted = slicesOf(params, host, guests, seen);
    const live = params.live ? setSlices(seen, wanted) : [];
    const boot = params.persistent ? wanted.flatMap((one) => persistSlice(seen, one, params.live) ?? []) : [];
    const queues = params.workqueues ? workqueues(params, host, seen) : { changes: [], pending: [], notes: [] };
    return planOf([...live, ...boot, ...queues.changes], queues.pending, [...queues.notes, ...numadNotes(seen)]);
  },
  same(probe, a, b) {
    if (probe.kind === 'command') return sameSlices(a, b);
    if (probe.kind !== 'file') return false;
    if (probe.path === WORKQUEUES) return sameCpus(parseCpuMask(a), parseCpuMask(b));
    return probe.path.endsWith('/cpuset.cpus') && sameCpus(parseCpuSet(a), parseCpuSet(b));
  },
  examples: [
    {
      title: 'As host_reserve has it',
      params: { workqueues: true },
      host: {
        ...machine(),
        '/etc/kvmplay/host_reserve': { text: 'host=0-1\nguests=2-7\n', mode: '0644' },
        [WORKQUEUES]: { text: 'ff\n', mode: '0644' },
      },
    },
    {
      title: "The CPUs named, and machines that may use the host's too",
      params: { host: '0,4', guests: '1-3,5-7', machines: 'all', slices: ['system.slice', 'user.slice'] },
      host: machine({
        '/sys/fs/cgroup/machine.slice/machine-qemu\\x2d1\\x2ddb.scope/libvirt/vcpu0/cpuset.cpus': '1\n',
        '/sys/fs/cgroup/machine.slice/machine-qemu\\x2d1\\x2ddb.scope/libvirt/emulator/cpuset.cpus': '0,4\n',
      }),
    },
    {
      title: 'From the next boot on',
      params: { host: '0-3', machines: 'keep', live: false },
      host: machine({
        '/etc/systemd/system/system.slice.d/90-kvmplay-cpus.conf': '[Slice]\nAllowedCPUs=0-1\n',
      }),
    },
  ],
});

/** Throws `Problem` for CPUs that cannot be given away here. */
function check(host: CpuSet, guests: CpuSet, seen: Seen): void {
  const both = intersectionOf(host, guests);
  if (both.length > 0)
    throw new Conflict('ReservedTwice', `CPU ${formatCpuSet(both)} is asked for as the host's and as the guests'`);
  const online = parseCpuSet(seen.text(ONLINE) ?? '');
  const absent = online.length === 0 ? [] : differenceOf(unionOf(host, guests), online);
  if (absent.length > 0)
    throw new Problem(
      'CpuOffline',
      `CPU ${formatCpuSet(absent)} is not online here`,
      `these are online: ${formatCpuSet(online)}`,
    );
}

function slicesOf({ slices, machines, live }: Params, host: CpuSet, guests: CpuSet, seen: Seen): SliceCpus[] {
  const own = slices.map((unit): SliceCpus => ({ unit, cpus: host, impact: 'none' }));
  if (machines === 'keep') return own;
  const cpus = machines === 'all' ? unionOf(host, guests) : guests;
  if (live) requirePinsWithin(cpus, seen);
  return [...own, { unit: MACHINES, cpus, impact: 'moves-vcpus' }];
}

/** Threads that were given all CPUs there are were given none of their own. */
function requirePinsWithin(cpus: CpuSet, seen: Seen): void {
  const online = parseCpuSet(seen.text(ONLINE) ?? '');
  const outside = guestPins(seen).filter((pin) => !isWithin(pin.cpus, cpus) && !isWithin(online, pin.cpus));
  const [first] = outside;
  if (first === undefined) return;
  const each = outside.map((pin) => `${pin.thread} of ${pin.guest} to ${formatCpuSet(pin.cpus)}`);
  const emulators = outside.every(({ thread }) => !thread.startsWith('vcpu'));
  throw new Problem(
    'PinnedOutside',
    `${MACHINES} would keep to CPUs ${formatCpuSet(cpus)}, and running guests have threads pinned elsewhere: ${each.join(', ')}`,
    emulators ? 'set `machines: all`, or pin them to CPUs of the guests' : 'pin them to CPUs of the guests first',
  );
}

function workqueues({ live, persistent, file: ours }: Params, host: CpuSet, seen: Seen) {
  const now = seen.text(WORKQUEUES);
  if (live && now === undefined)
    return { changes: [], pending: [], notes: [`workqueues: n/a, this kernel has no ${WORKQUEUES}`] };
  const value = formatCpuMask(host);
  const knob: Knob = { path: WORKQUEUES, label: 'CPUs of workqueues', value };
  const differs = live && now !== undefined && !sameCpus(parseCpuMask(now), host);
  const poke = differs
    ? [
        pokeKnob({
          path: WORKQUEUES,
          before: seen.raw(WORKQUEUES),
          value,
          summary: `CPUs of workqueues: ${formatCpuSet(parseCpuMask(now))} → ${formatCpuSet(host)}`,
        }),
      ]
    : [];
  const boot = persistent ? persistKnobs(seen, ours, [knob]) : { changes: [], pending: [] };
  return { changes: [...poke, ...boot.changes], pending: boot.pending, notes: [] };
}

/** An example's machine, with cgroup v2. */
function machine(more: Record<string, string> = {}): Record<string, string> {
  return {
    '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n',
    '/sys/fs/cgroup/system.slice/cgroup.procs': '',
    '/sys/fs/cgroup/user.slice/cgroup.procs': '',
    '/sys/fs/cgroup/init.scope/cgroup.procs': '1\n',
    [ONLINE]: '0-7\n',
    ...more,
  };
}
