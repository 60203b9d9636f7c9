import { z } from 'zod';
import { cpuList } from '../src/contract/fields.ts';
import { type CpuSet, formatCpuSet, type Probes, Problem, parseCpuSet } from '../src/contract/index.ts';
import {
  defineGuestModule,
  exampleGuest,
  type Field,
  type Guest,
  ioThreadsOf,
  sameList,
  valueAt,
  vcpusOf,
} from '../src/domain-xml/index.ts';
import type { GuestPlace } from '../src/topology/index.ts';
import { checkCpus, cpuProbes, doubtsOf, type HostCpus, hostCpus } from './parts/cpu_pin_cpus.ts';
import { placeGuests, placementProbes } from './parts/cpu_pin_placement.ts';
import { farEmulator, nodeProbes } from './parts/far_emulator.ts';

const CPU = '/sys/devices/system/cpu';
const ONLINE = `${CPU}/online`;
const PRESENT = `${CPU}/present`;

const threads = (what: string) => z.record(z.string().regex(/^[\d,\s^-]+$/, `expected numbers of ${what}`), cpuList());

const params = {
  policy: z
    .enum(['cache', 'node', 'isolate'])
    .optional()
    .describe(
      'Let the planner find the CPUs. `cache`: each vCPU on a CPU of its own, in as few caches as will do; `isolate`: and nobody else on its core; `node`: all vCPUs float over what is free of one node.',
    ),
  vcpus: threads('vCPUs')
    .optional()
    .describe(
      'CPUs by the numbers of vCPUs: `{ 0: 2, 1: 3 }`; `{ 0-3: 4-7 }` lets each of four vCPUs run on any of four CPUs.',
    ),
  emulator: cpuList()
    .optional()
    .describe(
      'CPUs of the emulator’s own threads, which carry devices without an IO thread; vhost’s threads follow them.',
    ),
  iothreads: threads('IO threads').optional().describe('CPUs by the numbers of IO threads.'),
  cpuset: cpuList()
    .optional()
    .describe('Where threads that are not pinned may run: `<vcpu cpuset>`. Taken at the next start of the guest.'),
};
type Params = z.infer<z.ZodObject<typeof params>>;

const HINTS = {
  EINVAL: 'the CPUs are offline, or outside of what machine.slice allows (AllowedCPUs of systemd)',
  EACCES: 'cgroup v1 keeps CPUs out that were offline: write them to cpuset.cpus of machine.slice, from the top down',
};

export const cpu_pin = defineGuestModule({
  name: 'cpu_pin',
  summary: "Which CPUs guests' vCPUs, emulator and IO threads run on: at once, and at every start.",
  notes: `
libvirt takes pins of vCPUs that a guest does not have and drops them, and CPUs that a host does not have, and fails when the guest is started:
here both are mistakes. On CPUs that the kernel was told to isolate (\`isolcpus\`) nothing is balanced: a vCPU that may run on several of them stays on one, so
give each vCPU a CPU of its own there.

With a \`policy\` the guests that the task is about are placed together: by caches, cores and nodes, on CPUs that are not the host's (\`host_reserve\`, else
CPU 0's core and its like), beside all other guests of the host, which stay where they are pinned. A guest that is well placed stays; \`kvmplay place\` shows the
same without doing it. Emulator and IO threads go to the host's CPUs. Guests that start later are placed by the next run. What is not asked for stays pinned as it is. Taking a pin back while the guest runs pins to all CPUs, as libvirt has no other way.`,
  params,
  asks: ['policy', 'vcpus', 'emulator', 'iothreads', 'cpuset'],
  check: ({ policy, vcpus, iothreads, cpuset }) =>
    policy && (vcpus ?? iothreads ?? cpuset) !== undefined
      ? 'a policy finds the CPUs by itself: leave out vcpus, iothreads and cpuset'
      : undefined,
  reads: ({ policy }): Probes => ({ ...cpuProbes, ...nodeProbes(), ...(policy && placementProbes()) }),
  cautions: farEmulator,
  owns: ['vcpu', 'cputune'],
  together: ({ policy }, chosen, all, seen) => policy && placeGuests(policy, chosen, all, seen),
  wants(given, guest, seen, places) {
    const host = hostCpus(seen);
    const place = places?.of.get(guest.name);
    const asked = place ? placed(place, given, guest) : given;
    const doubts = doubtsOf(guest.name, Object.values(asked.vcpus ?? {}), host, seen);
    const notes = [...(places?.notes ?? []), ...doubts];
    return { fields: fieldsOf(asked, guest, host, notes), notes };
  },
  examples: [
    {
      title: 'Each vCPU on a CPU of its own, at once and at every start',
      params: { guests: 'web1', vcpus: { 0: 2, 1: 3 }, emulator: '0-1', iothreads: { 1: '0-1' } },
      host: {
        [ONLINE]: '0-7\n',
        [PRESENT]: '0-7\n',
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'vCPUs that float over one socket',
      params: { guests: 'web*', vcpus: { '0-1': '4-7' }, cpuset: '4-7' },
      host: {
        [ONLINE]: '0-7\n',
        [PRESENT]: '0-7\n',
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          "\n  <cputune>\n    <vcpupin vcpu='0' cpuset='1'/>\n    <emulatorpin cpuset='0'/>\n  </cputune>",
        ),
      },
    },
    {
      title: 'CPUs of their own that share a cache, found by the planner',
      params: { guests: 'all', policy: 'cache' },
      host: {
        ...exampleCpus(),
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'At the next start only',
      params: { guests: 'all', vcpus: { 0: 1 }, live: false },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
  ],
});

/** What the planner says, as if somebody had asked for it. */
function placed({ vcpus, emulator, ioThreads }: GuestPlace, given: Params, { domain }: Guest): Params {
  const ids = ioThreadsOf(domain);
  const others = given.emulator ?? (emulator.length > 0 ? emulator : undefined);
  return {
    vcpus: Object.fromEntries(vcpus.map((cpus, vcpu) => [`${vcpu}`, cpus])),
    iothreads: Object.fromEntries(ids.flatMap((id, at) => (ioThreads[at]?.length ? [[`${id}`, ioThreads[at]]] : []))),
    ...(others && { emulator: others }),
  };
}

function fieldsOf(given: Params, guest: Guest, host: HostCpus, notes: string[]): Field[] {
  const { domain } = guest;
  const anywhere = valueAt(domain, 'vcpu/@cpuset') ?? (host.online && formatCpuSet(host.online));
  const pin = (label: string, path: string, cpus: CpuSet, command: string, before: readonly string[]): Field => {
    checkCpus(cpus, guest.name, label, host, notes);
    return {
      label,
      at: domain,
      path: `cputune/${path}/@cpuset`,
      value: formatCpuSet(cpus),
      absent: anywhere,
      same: sameList,
      live: { command, argv: (value) => [...before, value], impact: 'moves-vcpus', hints: HINTS },
    };
  };
  const vcpus = Array.from({ length: vcpusOf(domain) }, (_, vcpu) => vcpu);
  const fields = [
    ...pairs(given.vcpus, vcpus, guest, 'vCPU').map(([vcpu, cpus]) =>
      pin(`vCPU ${vcpu}`, `vcpupin[vcpu=${vcpu}]`, cpus, 'vcpupin', [`${vcpu}`]),
    ),
    ...pairs(given.iothreads, ioThreadsOf(domain), guest, 'IO thread').map(([id, cpus]) =>
      pin(`IO thread ${id}`, `iothreadpin[iothread=${id}]`, cpus, 'iothreadpin', [`${id}`]),
    ),
  ];
  if (given.emulator !== undefined) fields.push(pin('emulator', 'emulatorpin', given.emulator, 'emulatorpin', []));
  if (given.cpuset !== undefined) {
    checkCpus(given.cpuset, guest.name, 'vcpu cpuset', host, []);
    fields.push(
      {
        label: 'vcpu cpuset',
        at: domain,
        path: 'vcpu/@cpuset',
        value: formatCpuSet(given.cpuset),
        absent: 'all',
        same: sameList,
        // A <vcpu> that says no number is none that libvirt takes.
        ...(!valueAt(domain, 'vcpu') && { also: [{ path: 'vcpu', value: String(vcpusOf(domain)) }] }),
      },
      { label: 'vcpu placement', at: domain, path: 'vcpu/@placement', value: 'static', absent: 'static' },
    );
  }
  return fields;
}

/** Each thread with its CPUs. Throws `Problem` for one that the guest, as it is defined, does not have. */
function pairs(
  map: Readonly<Record<string, CpuSet>> | undefined,
  has: readonly number[],
  { name, plane }: Guest,
  kind: string,
): (readonly [number, CpuSet])[] {
  const asked = Object.entries(map ?? {}).flatMap(([list, cpus]) => parseCpuSet(list).map((id) => [id, cpus] as const));
  const strange = asked.find(([id]) => !has.includes(id));
  if (strange && plane === 'config')
    throw new Problem(
      kind === 'vCPU' ? 'NoSuchVcpu' : 'NoSuchIothread',
      `${name} has no ${kind} ${strange[0]}`,
      has.length === 0 ? `it has none` : `it has ${formatCpuSet([...has].sort((a, b) => a - b))}`,
    );
  return asked.filter(([id]) => has.includes(id));
}

/** One socket of four cores with two threads each. */
function exampleCpus(): Record<string, string> {
  const cpus = [0, 1, 2, 3, 4, 5, 6, 7];
  const siblings = (cpu: number) => `${cpu % 4},${(cpu % 4) + 4}\n`;
  return {
    [ONLINE]: '0-7\n',
    [PRESENT]: '0-7\n',
    ...Object.fromEntries(cpus.map((cpu) => [`${CPU}/cpu${cpu}/topology/thread_siblings_list`, siblings(cpu)])),
    ...Object.fromEntries(cpus.map((cpu) => [`${CPU}/cpu${cpu}/topology/package_cpus_list`, '0-7\n'])),
    '/sys/devices/system/node/node0/cpulist': '0-7\n',
    '/sys/devices/system/node/node0/meminfo':
      'Node 0 MemTotal:       33554432 kB\nNode 0 MemFree:        30000000 kB\n',
  };
}
