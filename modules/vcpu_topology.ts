import { z } from 'zod';
import { integer } from '../src/contract/fields.ts';
import {
  type CpuSet,
  file,
  glob,
  type Probes,
  Problem,
  parseCpuSet,
  type Seen,
  sameCpus,
} from '../src/contract/index.ts';
import {
  attributeOf,
  childOf,
  childrenOf,
  defineGuestModule,
  type Element,
  exampleGuest,
  type Field,
  type Guest,
  strayThreads,
  valueAt,
  vcpusOf,
} from '../src/domain-xml/index.ts';

const CPU = '/sys/devices/system/cpu';
const SIBLINGS = 'sibling threads';
const PACKAGES = 'packages';
const CPUINFO = '/proc/cpuinfo';

const params = {
  vcpus: integer(1, 4096).optional().describe('How many vCPUs the guest may have at most. Default: as many as it has.'),
  current: integer(1, 4096)
    .optional()
    .describe('How many of them it is started with; the rest can be plugged in later. Default: all.'),
  layout: z
    .enum(['sockets', 'cores', 'pinning'])
    .optional()
    .describe(
      '`sockets`: each vCPU a socket of one core; `cores`: one socket; `pinning`: as the CPUs are to each other that its vCPUs are pinned to.',
    ),
  sockets: integer(1, 4096).optional().describe('Sockets, instead of `layout`.'),
  dies: integer(1, 64).optional().describe('Dies in each socket. Default: 1.'),
  cores: integer(1, 4096).optional().describe('Cores in each die.'),
  threads: integer(1, 8).optional().describe('Threads of each core. Only for vCPUs that are pinned to such threads.'),
};
type Params = z.infer<z.ZodObject<typeof params>>;

interface Shape {
  readonly sockets: number;
  readonly dies: number;
  readonly cores: number;
  readonly threads: number;
}

export const vcpu_topology = defineGuestModule({
  name: 'vcpu_topology',
  summary: 'How many vCPUs guests have, and how they are told to be sockets, cores and threads.',
  notes: `
A guest's scheduler goes by what it is told: threads of one core share its caches and get in each other's way. So threads are for vCPUs that are pinned to
sibling threads (\`layout: pinning\`, after \`cpu_pin\`), and sockets of one core for vCPUs that float. Windows clients use no more than two sockets: \`cores\`
there. On AMD, guests see threads with the feature \`topoext\` only (\`cpu_model\`). All of it is taken at the guest's next start.`,
  params,
  asks: ['vcpus', 'current', 'layout', 'sockets', 'cores', 'threads'],
  check: wrong,
  owns: ['vcpu', 'vcpus', 'cpu', 'cputune'],
  reads: ({ layout }): Probes =>
    layout === 'pinning'
      ? {
          [SIBLINGS]: glob(`${CPU}/cpu[0-9]*/topology/thread_siblings_list`),
          [PACKAGES]: glob(`${CPU}/cpu[0-9]*/topology/physical_package_id`),
          [CPUINFO]: file(CPUINFO),
        }
      : {},
  wants(given, guest, seen) {
    const vcpus = given.vcpus ?? vcpusOf(guest.domain);
    const { name, plane, domain } = guest;
    if (plane === 'config') refuse(vcpus, given, guest);
    const { shape, why } = shapeOf(given, vcpus, guest, seen);
    const notes = plane === 'config' && why !== undefined ? [`${name}: ${why}`] : [];
    if (plane === 'config' && shape && shape.threads > 1) notes.push(...amdNote(given, guest, seen));
    return { fields: [...countFields(given, vcpus, domain), ...(shape ? shapeFields(shape, domain) : [])], notes };
  },
  examples: [
    {
      title: 'Floating vCPUs, each a socket',
      params: { guests: 'all', vcpus: 4, layout: 'sockets' },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
      },
    },
    {
      title: 'As its vCPUs are pinned: two threads of one core',
      params: { guests: 'web1', layout: 'pinning' },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          "\n  <cputune>\n    <vcpupin vcpu='0' cpuset='2'/>\n    <vcpupin vcpu='1' cpuset='6'/>\n  </cputune>",
        ),
        [`${CPU}/cpu2/topology/thread_siblings_list`]: '2,6\n',
        [`${CPU}/cpu6/topology/thread_siblings_list`]: '2,6\n',
        [`${CPU}/cpu2/topology/physical_package_id`]: '0\n',
        [`${CPU}/cpu6/topology/physical_package_id`]: '0\n',
        [CPUINFO]: 'vendor_id\t: AuthenticAMD\n',
      },
    },
    {
      title: 'Eight at most, four to begin with, in two sockets of two dies',
      params: { guests: 'all', vcpus: 8, current: 4, sockets: 2, dies: 2, cores: 2, threads: 1 },
      host: { '/etc/libvirt/qemu/web1.xml': exampleGuest('config') },
    },
  ],
});

function wrong({ vcpus, current, layout, sockets, dies = 1, cores, threads }: Params): string | undefined {
  const said = [sockets, cores, threads].filter((one) => one !== undefined).length;
  if (layout !== undefined && (said > 0 || dies !== 1))
    return '`layout` stands for `sockets`, `dies`, `cores` and `threads`';
  if (said !== 0 && said !== 3) return 'say all of `sockets`, `cores` and `threads`, or a `layout`';
  const product = said === 3 ? (sockets ?? 1) * dies * (cores ?? 1) * (threads ?? 1) : undefined;
  if (product !== undefined && vcpus !== undefined && product !== vcpus)
    return `${sockets} sockets × ${dies} dies × ${cores} cores × ${threads} threads are ${product} vCPUs, not ${vcpus}`;
  if (current !== undefined && vcpus !== undefined && current > vcpus)
    return `of ${vcpus} vCPUs, ${current} cannot be there`;
  return undefined;
}

/** What libvirt would refuse, or take and lose in silence. */
function refuse(vcpus: number, given: Params, { name, domain }: Guest): void {
  const { current, sockets, dies = 1, cores, threads } = given;
  if (current !== undefined && current > vcpus)
    throw new Problem(
      'TooManyVcpus',
      `${name}: ${current} vCPUs are asked for, and it may have ${vcpus}`,
      'raise `vcpus`, too',
    );
  if (
    sockets !== undefined &&
    cores !== undefined &&
    threads !== undefined &&
    sockets * dies * cores * threads !== vcpus
  )
    throw new Problem(
      'TopologyMismatch',
      `${name}: it may have ${vcpus} vCPUs, and the topology is one of ${sockets * dies * cores * threads}`,
      'say `vcpus`, too',
    );
  const cells = childrenOf(childOf(childOf(domain, 'cpu'), 'numa') ?? domain, 'cell');
  const beyond = cells.filter((cell) => parseCpuSet(attributeOf(cell, 'cpus') ?? '').some((vcpu) => vcpu >= vcpus));
  if (beyond.length > 0)
    throw new Problem(
      'CellsBeyond',
      `${name}: its NUMA cell ${attributeOf(beyond[0] ?? domain, 'id') ?? 0} has vCPUs ${attributeOf(beyond[0] ?? domain, 'cpus')}, and it is to have ${vcpus}`,
      'change its cells first: `domain_xml`',
    );
}

function countFields({ vcpus, current }: Params, most: number, domain: Element): Field[] {
  const field = { at: domain, path: 'vcpu' };
  const fields: Field[] = [];
  if (vcpus !== undefined) fields.push({ ...field, label: 'vCPUs', value: String(vcpus), absent: '1' });
  const now = valueAt(domain, 'vcpu/@current');
  // All of them is what it means when nothing is said.
  if (current !== undefined || (now !== undefined && Number(now) > most))
    fields.push({
      ...field,
      label: 'vCPUs at the start',
      path: 'vcpu/@current',
      value: current === undefined || current === most ? null : String(current),
      absent: String(most),
    });
  fields.push(...strayThreads(domain, 'vcpu', new Set(Array.from({ length: most }, (_, vcpu) => vcpu))));
  return [...fields, ...eachFields(current, most, domain)];
}

/** `<vcpus>` tells of each vCPU whether it is there at the start, and libvirt goes by that and not by the count. */
function eachFields(current: number | undefined, most: number, domain: Element): Field[] {
  const list = childOf(domain, 'vcpus');
  if (!list) return [];
  const beyond = childrenOf(list, 'vcpu').some((one) => Number(attributeOf(one, 'id')) >= most);
  const on = childrenOf(list, 'vcpu').filter((one) => attributeOf(one, 'enabled') === 'yes').length;
  if (!beyond && (current === undefined || current === on)) return [];
  return [{ label: 'vCPUs', at: list, path: '', value: null, told: 'no list of single vCPUs' }];
}

function shapeFields({ sockets, dies, cores, threads }: Shape, domain: Element): Field[] {
  const topology = childOf(childOf(domain, 'cpu'), 'topology');
  // libvirt 10 counts the clusters inside a die, too: several there would multiply.
  const clusters = Number((topology && attributeOf(topology, 'clusters')) ?? 1);
  const field = (name: keyof Shape, value: number, absent?: string): Field => ({
    label: name,
    at: domain,
    path: `cpu/topology/@${name}`,
    value: String(value),
    ...(absent !== undefined && { absent }),
  });
  // libvirt writes one die where nobody speaks of dies; it is not to be added where it is not.
  const unsaid = dies === 1 && (!topology || attributeOf(topology, 'dies') === undefined);
  return [
    field('sockets', sockets),
    ...(unsaid ? [] : [field('dies', dies, '1')]),
    ...(clusters > 1 ? [{ label: 'clusters', at: domain, path: 'cpu/topology/@clusters', value: '1' }] : []),
    field('cores', cores),
    field('threads', threads),
  ];
}

function shapeOf(given: Params, vcpus: number, guest: Guest, seen: Seen): { shape?: Shape; why?: string } {
  const { layout, sockets, dies = 1, cores, threads } = given;
  if (sockets !== undefined && cores !== undefined && threads !== undefined)
    return { shape: { sockets, dies, cores, threads } };
  if (layout === 'sockets') return { shape: { sockets: vcpus, dies: 1, cores: 1, threads: 1 } };
  if (layout === 'cores') return { shape: { sockets: 1, dies: 1, cores: vcpus, threads: 1 } };
  if (layout === undefined) {
    const there = childOf(childOf(guest.domain, 'cpu'), 'topology');
    if (!there || given.vcpus === undefined) return {};
    const product = ['sockets', 'dies', 'clusters', 'cores', 'threads']
      .map((name) => Number(attributeOf(there, name) ?? 1))
      .reduce((all, one) => all * one);
    if (product === vcpus) return {};
    throw new Problem(
      'TopologyMismatch',
      `${guest.name}: its topology is one of ${product} vCPUs, and it is to have ${vcpus}`,
      'say a `layout`, too',
    );
  }
  return pinned(vcpus, guest, seen);
}

/** Threads where vCPUs 2k and 2k+1 are on one core, all of them; sockets where each has as many. */
function pinned(vcpus: number, { domain }: Guest, seen: Seen): { shape: Shape; why?: string } {
  const flat = { sockets: vcpus, dies: 1, cores: 1, threads: 1 };
  const pins = pinsOf(domain, vcpus);
  if (!pins) return { shape: flat, why: 'not every vCPU is pinned to one CPU: each is a socket of its own' };
  const siblings = pins.map((cpu) => listAt(seen, SIBLINGS, cpu, 'thread_siblings_list'));
  const perCore = siblings[0]?.length ?? 1;
  const whole = pins.every((cpu, vcpu) => {
    const first = vcpu - (vcpu % perCore);
    const core = pins.slice(first, first + perCore);
    return (
      core.length === perCore &&
      sameCpus(
        [...core].sort((a, b) => a - b),
        siblings[vcpu] ?? [cpu],
      )
    );
  });
  const threads = perCore > 1 && whole ? perCore : 1;
  const packages = pins.map((cpu) => seen.files(PACKAGES).get(`${CPU}/cpu${cpu}/topology/physical_package_id`)?.trim());
  const count = new Set(packages).size;
  const perSocket = vcpus / count;
  const even = packages.every((one, vcpu) => one === packages[vcpu - (vcpu % perSocket)]);
  const sockets = even && perSocket % threads === 0 ? count : 1;
  return { shape: { sockets, dies: 1, cores: vcpus / sockets / threads, threads } };
}

/** The CPU of each vCPU, undefined unless each has one of its own. */
function pinsOf(domain: Element, vcpus: number): readonly number[] | undefined {
  const found = Array.from({ length: vcpus }, (_, vcpu): CpuSet => {
    const list = valueAt(domain, `cputune/vcpupin[vcpu=${vcpu}]/@cpuset`);
    return list === undefined ? [] : parseCpuSet(list);
  });
  const cpus = found.flatMap((set) => (set.length === 1 ? set : []));
  return new Set(cpus).size === vcpus ? cpus : undefined;
}

function listAt(seen: Seen, name: string, cpu: number, leaf: string): CpuSet {
  const list = seen.files(name).get(`${CPU}/cpu${cpu}/topology/${leaf}`);
  return list === undefined ? [cpu] : parseCpuSet(list);
}

function amdNote({ layout }: Params, { name, domain }: Guest, seen: Seen): string[] {
  const amd = layout === 'pinning' && /^vendor_id\s*:\s*(AuthenticAMD|HygonGenuine)/m.test(seen.text(CPUINFO) ?? '');
  if (!amd || valueAt(domain, 'cpu/feature[name=topoext]/@policy') === 'require') return [];
  return [`${name}: on AMD a guest sees threads only with \`cpu_model\` and \`features: { topoext: require }\``];
}
