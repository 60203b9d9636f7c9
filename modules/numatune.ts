import { z } from 'zod';
import { cpuList } from '../src/contract/fields.ts';
import {
  type CpuSet,
  cpuSet,
  differenceOf,
  formatCpuSet,
  intersectionOf,
  numadNotes,
  numadProbes,
  type Probes,
  Problem,
  parseCpuSet,
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
  pinsOf,
  sameList,
  valueAt,
} from '../src/domain-xml/index.ts';
import { farEmulator, nodeProbes, nodesOf } from './parts/far_emulator.ts';

const params = {
  mode: z
    .enum(['strict', 'preferred', 'interleave', 'restrictive'])
    .prefault('strict')
    .describe('How firmly: see above. Taken at the next start of the guest.'),
  nodeset: z
    .union([z.literal('auto'), cpuList()], { error: 'expected auto, or nodes of the host such as 0-1' })
    .prefault('auto')
    .describe('Nodes of the host that the memory comes from; `auto`: those of the CPUs that the vCPUs are pinned to.'),
  memnodes: z
    .union([z.literal('auto'), z.record(z.string().regex(/^\d+$/, 'expected the number of a cell'), cpuList())])
    .optional()
    .describe('The same by the guest’s own NUMA cells: `{ 0: 0, 1: 1 }`, or `auto` by the pins of each cell’s vCPUs.'),
};
type Params = z.infer<z.ZodObject<typeof params>>;

export const numatune = defineGuestModule({
  name: 'numatune',
  summary: "Which of the host's NUMA nodes guests' memory comes from.",
  notes: `
| mode | where the nodes are full | for |
|---|---|---|
| \`strict\` | the guest does not start, or QEMU is killed | memory that must be near: huge pages above all |
| \`preferred\` | other nodes are taken, and nobody is told | where near is merely better |
| \`interleave\` | page by page from each node in turn | guests larger than a node, without cells of their own |
| \`restrictive\` | as the kernel likes, inside these nodes | guests whose memory shall move while they run |

The mode of a running guest cannot be changed, and its nodes only where it was started \`restrictive\`: then its memory is moved at once. All else is
pending until the guest has been shut down and started again. libvirt would take new nodes for a guest that was started without any and bind it
hard, whatever the mode: kvmplay does not. \`auto\` reads the pins in the guest's XML, so put \`cpu_pin\` before it.`,
  params,
  reads: (): Probes => ({ ...nodeProbes(), ...numadProbes }),
  owns: ['numatune'],
  cautions: farEmulator,
  wants(given, guest, seen) {
    const nodes = nodesOf(seen);
    const set = given.nodeset === 'auto' ? nodesUnder(guest, allVcpus(guest), nodes) : given.nodeset;
    const cells = cellsOf(given, guest, nodes);
    if (guest.plane === 'config') checkModes(given.mode, cells, guest);
    if (guest.plane === 'config') for (const one of [set, ...cells.values()]) checkNodes(one, guest, nodes);
    const spills =
      given.mode === 'preferred' && guest.plane === 'config'
        ? [`${guest.name}: preferred is a wish: where the nodes are full, memory comes from others without a word`]
        : [];
    return { fields: fieldsOf(given.mode, set, cells, guest), notes: [...spills, ...numadNotes(seen)] };
  },
  examples: [
    {
      title: 'Memory where the vCPUs are pinned, or no start',
      params: { guests: 'all', mode: 'strict', nodeset: 'auto' },
      host: {
        ...exampleNodes(),
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config', pinned(4)),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live', pinned(4)),
      },
    },
    {
      title: 'Memory that can be moved while the guest runs',
      params: { guests: 'web1', mode: 'restrictive', nodeset: 1 },
      host: {
        ...exampleNodes(),
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config', restricted(0)),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live', restricted(0)),
      },
    },
    {
      title: 'Each cell of the guest on a node of its own',
      params: { guests: 'all', nodeset: '0-1', memnodes: { 0: 0, 1: 1 } },
      host: {
        ...exampleNodes(),
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config').replace(
          '  <clock',
          "  <cpu>\n    <numa>\n      <cell id='0' cpus='0' memory='524288' unit='KiB'/>\n      <cell id='1' cpus='1' memory='524288' unit='KiB'/>\n    </numa>\n  </cpu>\n  <clock",
        ),
      },
    },
  ],
});

/** CPUs by the number of their node, those without CPUs too. */
type Nodes = ReadonlyMap<number, CpuSet>;

const allVcpus = ({ domain }: Guest): CpuSet => [...pinsOf(domain).keys()];

/** The nodes of the CPUs that these vCPUs are pinned to. Throws `Problem` NotPinned. */
function nodesUnder({ name, domain }: Guest, vcpus: CpuSet, nodes: Nodes): CpuSet {
  const pins = pinsOf(domain);
  const cpus = vcpus.flatMap((vcpu) => pins.get(vcpu) ?? []);
  if (nodes.size === 0) throw new Problem('NoNodes', 'this host does not tell its NUMA nodes', 'say `nodeset: 0`');
  if (cpus.length === 0)
    throw new Problem(
      'NotPinned',
      `${name}: auto takes the nodes of the CPUs that vCPUs are pinned to, and they are not pinned`,
      'put `cpu_pin` before it, or say which nodes',
    );
  return cpuSet([...nodes].filter(([, own]) => intersectionOf(own, cpus).length > 0).map(([node]) => node));
}

/** The nodes of each of the guest's cells that is asked for. Throws `Problem` NoSuchCell. */
function cellsOf({ memnodes }: Params, guest: Guest, nodes: Nodes): ReadonlyMap<number, CpuSet> {
  if (memnodes === undefined) return new Map();
  const cells = new Map(numaCells(guest.domain).map((cell, at) => [Number(attributeOf(cell, 'id') ?? at), cell]));
  if (memnodes === 'auto')
    return new Map(
      [...cells].map(([id, cell]) => [id, nodesUnder(guest, parseCpuSet(attributeOf(cell, 'cpus') ?? ''), nodes)]),
    );
  const asked = Object.entries(memnodes).map(([id, set]) => [Number(id), set] as const);
  const strange = asked.find(([id]) => !cells.has(id));
  if (strange && guest.plane === 'config')
    throw new Problem(
      'NoSuchCell',
      `${guest.name} has no NUMA cell ${strange[0]}`,
      cells.size === 0 ? 'it has none: <cpu><numa>' : `it has ${[...cells.keys()].join(', ')}`,
    );
  return new Map(asked.filter(([id]) => cells.has(id)));
}

function numaCells(domain: Element): readonly Element[] {
  const numa = childOf(childOf(domain, 'cpu'), 'numa');
  return numa ? childrenOf(numa, 'cell') : [];
}

function checkNodes(set: CpuSet, { name }: Guest, nodes: Nodes): void {
  const missing = nodes.size === 0 ? [] : differenceOf(set, [...nodes.keys()]);
  if (missing.length > 0)
    throw new Problem(
      'NoSuchNode',
      `${name}: this host has no NUMA node ${formatCpuSet(missing)}`,
      `it has ${formatCpuSet(cpuSet(nodes.keys()))}`,
    );
}

/** libvirt does not define a guest whose memory is restrictive, and that of a cell is not. */
function checkModes(mode: string, asked: ReadonlyMap<number, CpuSet>, { name, domain }: Guest): void {
  const others = childrenOf(childOf(domain, 'numatune') ?? domain, 'memnode').filter((one) => {
    const now = attributeOf(one, 'mode') ?? 'strict';
    const isAsked = asked.has(Number(attributeOf(one, 'cellid')));
    return mode === 'restrictive' && now !== mode && !isAsked;
  });
  const [first] = others;
  if (first)
    throw new Problem(
      'MixedModes',
      `${name}: the memory of cell ${attributeOf(first, 'cellid')} is ${attributeOf(first, 'mode') ?? 'strict'}, and beside ${mode} libvirt does not take that`,
      'ask for its cells, too: `memnodes: auto`, or by their numbers',
    );
}

function fieldsOf(mode: string, set: CpuSet, cells: ReadonlyMap<number, CpuSet>, { domain }: Guest): Field[] {
  const moves = mode === 'restrictive' && valueAt(domain, 'numatune/memory/@mode') === 'restrictive';
  const nodeset = formatCpuSet(set);
  return [
    { label: 'memory mode', at: domain, path: 'numatune/memory/@mode', value: mode },
    {
      label: 'memory nodes',
      at: domain,
      path: 'numatune/memory/@nodeset',
      value: nodeset,
      same: sameList,
      ...(moves && {
        live: { command: 'numatune', argv: (value: string) => ['--nodeset', value], impact: 'guest-latency' as const },
      }),
    },
    { label: 'memory placement', at: domain, path: 'numatune/memory/@placement', value: null, absent: 'static' },
    ...[...cells].flatMap(([id, nodes]): Field[] => [
      { label: `cell ${id} mode`, at: domain, path: `numatune/memnode[cellid=${id}]/@mode`, value: mode },
      {
        label: `cell ${id} nodes`,
        at: domain,
        path: `numatune/memnode[cellid=${id}]/@nodeset`,
        value: formatCpuSet(nodes),
        same: sameList,
      },
    ]),
  ];
}

function pinned(cpu: number): string {
  return `\n  <cputune>\n    <vcpupin vcpu='0' cpuset='${cpu}'/>\n    <vcpupin vcpu='1' cpuset='${cpu + 1}'/>\n  </cputune>`;
}

function restricted(node: number): string {
  return `\n  <numatune>\n    <memory mode='restrictive' nodeset='${node}'/>\n  </numatune>`;
}

function exampleNodes(): Record<string, string> {
  return {
    '/sys/devices/system/node/node0/cpulist': '0-3\n',
    '/sys/devices/system/node/node1/cpulist': '4-7\n',
  };
}
