import { z } from 'zod';
import { cpuList, flag, integer } from '../src/contract/fields.ts';
import {
  type CpuSet,
  defineModule,
  differenceOf,
  file,
  formatCpuSet,
  guestPins,
  type HostReserve,
  intersectionOf,
  isWithin,
  numadNotes,
  numadProbes,
  Problem,
  pinProbes,
  planOf,
  printReserve,
  RESERVE_FILE,
  replaceFile,
  reserveOf,
  type Seen,
  sameCpus,
  unionOf,
} from '../src/contract/index.ts';
import { autoReserve, buildTopology, cpuProbes, type Topology } from '../src/topology/index.ts';

const Params = z
  .strictObject({
    cpus: z
      .union([z.literal('auto'), cpuList()], { error: 'expected CPUs, such as "0-1,8", or `auto`' })
      .prefault('auto')
      .describe(
        "The host's own CPUs, as `0-1,8`. `auto` chooses whole cores, the first CPU's among them, near the NICs.",
      ),
    count: integer(1)
      .optional()
      .describe('How many `auto` takes, in CPUs; cores are not split. Default: 2, and 4 on hosts of 64 CPUs and more.'),
    guests: cpuList().optional().describe("The guests' CPUs. Default: all others that are online."),
    anew: flag().prefault(false).describe('Whether `auto` chooses again although what it chose before would still do.'),
  })
  .refine(({ cpus, count }) => cpus === 'auto' || count === undefined, {
    path: ['count'],
    message: 'goes with `cpus: auto` only',
  })
  .refine(({ cpus, guests }) => cpus === 'auto' || intersectionOf(cpus, guests ?? []).length === 0, {
    path: ['guests'],
    message: "a CPU is either the host's or the guests'",
  });
type Params = z.infer<typeof Params>;

export const host_reserve = defineModule({
  name: 'host_reserve',
  summary: "Say which CPUs are the host's own and which are its guests', for all who tune CPUs.",
  notes: `
It only writes it down, in \`${RESERVE_FILE}\`. Modules that set CPUs take theirs from there: \`irq_affinity\`, \`cpu_isolation\`,
\`kernel_cmdline\`, and \`kvmplay place\`. One that is told other CPUs contradicts it: the host fails before any task of the play acts.

What \`auto\` chose stays as long as those CPUs are online, whatever NICs come and go: guests are pinned by it.`,
  crossChecked: true,
  params: Params,
  reads: () => ({
    // By a name of its own, or the topology would trip over what is to be written anew.
    written: file(RESERVE_FILE),
    ...cpuProbes(),
    ...pinProbes,
    ...numadProbes,
  }),
  plan(params, seen) {
    const topology = buildTopology(seen);
    const now = written(seen);
    const host = params.cpus === 'auto' ? chosen(params, topology, now) : params.cpus;
    const guests = params.guests ?? differenceOf(topology.cpus.online, host);
    check(host, guests, topology);
    const notes = [...doubts(host, guests, topology), ...pinned(host, topology, seen), ...numadNotes(seen)];
    if (now && sameCpus(now.host, host) && sameCpus(now.guests, guests)) return planOf([], [], notes);
    const was = now ? `host ${formatCpuSet(now.host)}, guests ${formatCpuSet(now.guests)} → ` : '';
    const change = replaceFile({
      path: RESERVE_FILE,
      before: seen.raw('written'),
      content: printReserve({ host, guests }),
      summary: `CPUs reserved: ${was}host ${formatCpuSet(host)}, guests ${formatCpuSet(guests)}`,
    });
    return planOf([change], [], notes);
  },
  examples: [
    {
      title: 'Two CPUs, one whole core near the NIC',
      params: {},
      host: machine(),
    },
    {
      title: 'Four CPUs, chosen anew',
      params: { count: 4, anew: true },
      host: { ...machine(), [RESERVE_FILE]: printReserve({ host: [0, 4], guests: [1, 2, 3, 5, 6, 7] }) },
    },
    {
      title: "These, and two CPUs that are nobody's",
      params: { cpus: '0,4', guests: '2-3,6-7' },
      host: machine(),
    },
  ],
});

/** What stands there, where it can be made sense of. */
function written(seen: Seen): HostReserve | undefined {
  try {
    return reserveOf(seen);
  } catch (error) {
    if (error instanceof Problem && (error.code === 'BadHostReserve' || error.code === 'BadCpuSet')) return undefined;
    throw error;
  }
}

/** What was chosen before, while it will do. */
function chosen({ count, anew, guests = [] }: Params, topology: Topology, now: HostReserve | undefined): CpuSet {
  const { online } = topology.cpus;
  const fresh = autoReserve(topology, count);
  if (fresh.length === 0)
    throw new Problem('TooFewCpus', `CPUs ${formatCpuSet(online)} are one core: there is none to spare for the host`);
  const stays = now && !anew && isWithin(now.host, online) && (count === undefined || now.host.length === fresh.length);
  const host = stays && now.host.length > 0 && intersectionOf(now.host, guests).length === 0 ? now.host : fresh;
  const taken = intersectionOf(host, guests);
  if (taken.length > 0)
    throw new Problem(
      'ReservedTwice',
      `CPUs ${formatCpuSet(taken)} are asked for as the guests', and \`auto\` would have them for the host`,
      "name the host's CPUs in `cpus`",
    );
  return host;
}

/** Throws `Problem` for what cannot be reserved here. */
function check(host: CpuSet, guests: CpuSet, { cpus: { online, offline } }: Topology): void {
  const here = unionOf(online, offline);
  const unknown = differenceOf(unionOf(host, guests), here);
  if (unknown.length > 0)
    throw new Problem('NoSuchCpu', `this host has no CPU ${formatCpuSet(unknown)}`, `it has ${formatCpuSet(here)}`);
  const asleep = differenceOf(unionOf(host, guests), online);
  if (asleep.length > 0)
    throw new Problem(
      'CpuOffline',
      `CPU ${formatCpuSet(asleep)} is offline`,
      `these are online: ${formatCpuSet(online)}`,
    );
  if (guests.length === 0)
    throw new Problem('NothingForGuests', `all CPUs that are online (${formatCpuSet(online)}) would be the host's`);
}

/** What is allowed and seldom meant. */
function doubts(host: CpuSet, guests: CpuSet, { cores, cpus }: Topology): string[] {
  const split = cores.filter(
    (core) => intersectionOf(core.cpus, host).length > 0 && intersectionOf(core.cpus, guests).length > 0,
  );
  const [first] = cores;
  const isolated = intersectionOf(host, cpus.isolated);
  return [
    ...split.map((core) => {
      const [ours, theirs] = [intersectionOf(core.cpus, host), intersectionOf(core.cpus, guests)].map(formatCpuSet);
      return `CPU ${ours} is the host's and shares its core with ${theirs}, which is the guests': each slows the other down`;
    }),
    ...(first && intersectionOf(first.cpus, host).length === 0
      ? [`CPU ${formatCpuSet(first.cpus)} is not the host's: timers and interrupts that cannot be moved stay there`]
      : []),
    ...(isolated.length > 0
      ? [
          `CPU ${formatCpuSet(isolated)} is the host's, and the kernel was booted to keep its work away from there (isolcpus)`,
        ]
      : []),
  ];
}

/** Running guests that are pinned to what is the host's now. */
function pinned(host: CpuSet, { cpus: { online } }: Topology, seen: Seen): string[] {
  const found = new Map<string, CpuSet>();
  for (const { guest, thread, cpus } of guestPins(seen)) {
    const taken = intersectionOf(cpus, host);
    if (!thread.startsWith('vcpu') || taken.length === 0 || isWithin(online, cpus)) continue;
    found.set(guest, unionOf(found.get(guest) ?? [], taken));
  }
  return [...found].map(
    ([guest, cpus]) => `the guest ${guest} runs with vCPUs pinned to ${formatCpuSet(cpus)}, the host's`,
  );
}

/** An example's machine: a socket of four cores with two threads each, siblings four apart. */
function machine(): Record<string, string> {
  const cpu = '/sys/devices/system/cpu';
  return {
    [`${cpu}/online`]: '0-7\n',
    [`${cpu}/present`]: '0-7\n',
    ...Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6, 7].flatMap((id) => [
        [`${cpu}/cpu${id}/topology/thread_siblings_list`, `${id % 4},${(id % 4) + 4}\n`],
        [`${cpu}/cpu${id}/topology/physical_package_id`, '0\n'],
      ]),
    ),
  };
}
