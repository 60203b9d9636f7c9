import { z } from 'zod';
import { dropInFile, flag, integer, kibibytes, planes } from '../src/contract/fields.ts';
import {
  type Action,
  bootProbes,
  defineModule,
  file,
  formatKib,
  GRUB_DROP_IN,
  glob,
  hugetlbMountProbes,
  type Knob,
  knobProbes,
  mountHugetlb,
  Problem,
  persistKnobs,
  planOf,
  printNodes,
  type Seen,
  sameBoot,
  sameKnob,
  sameUnit,
  setBootArguments,
  setHugePages,
  setKnob,
  tmpfilesProbes,
} from '../src/contract/index.ts';
import { foretellPools, type Pool, type Resize } from './parts/hugepages_foretell.ts';

const NODES = '/sys/devices/system/node';
const COMPACT = '/proc/sys/vm/compact_memory';
const DROP = '/proc/sys/vm/drop_caches';
const BUDDY = '/proc/buddyinfo';

const Params = z
  .strictObject({
    size: kibibytes()
      .prefault('2M')
      .describe('Size of the pages: `2M`, `1G`; on other architectures what the kernel has.'),
    total: integer()
      .optional()
      .describe('Pages on the whole host, spread evenly by the kernel. Either this or `nodes`.'),
    nodes: z
      .record(z.string().regex(/^\d+$/, "expected a NUMA node's number"), integer())
      .optional()
      .describe(
        'Pages on each NUMA node by its number, `{0: 512, 1: 512}`. Nodes that are not named are left as they are.',
      ),
    overcommit: integer().optional().describe('Pages that may be taken beyond those when they run out (surplus).'),
    drop_caches: flag()
      .prefault(false)
      .describe(
        'Whether clean caches are thrown away first when free memory is too scattered. Slows the host down for a while.',
      ),
    at_boot: z
      .enum(['tmpfiles', 'cmdline'])
      .prefault('tmpfiles')
      .describe(
        'Who reserves them at boot: systemd-tmpfiles, or the kernel by its command line, before memory is scattered. For 1G use `cmdline`.',
      ),
    mount: z
      .string()
      .regex(/^\/[\w./-]+$/, 'expected an absolute path')
      .optional()
      .describe('Where a hugetlbfs of this page size is mounted, now and at boot: `/dev/hugepages1G`.'),
    file: dropInFile('tmpfiles.d', 'kvmplay-hugepages'),
    ...planes,
  })
  .refine(({ total, nodes }) => total === undefined || nodes === undefined, 'expected `total` or `nodes`, not both')
  .refine(
    ({ total, nodes, overcommit, mount }) => [total, nodes, overcommit, mount].some((one) => one !== undefined),
    'expected `nodes`, `total`, `overcommit` or `mount`',
  )
  .refine(({ mount, persistent }) => mount === undefined || persistent, {
    path: ['mount'],
    message: 'a mount is kept by a systemd unit: leave `persistent` on',
  });
type Params = z.infer<typeof Params>;

const poolOf = (kib: number) => `/sys/kernel/mm/hugepages/hugepages-${kib}kB`;
const nodePoolOf = (node: string, kib: number) => `${NODES}/node${node}/hugepages/hugepages-${kib}kB`;

export const hugepages = defineModule({
  name: 'hugepages',
  summary: 'Reserve huge pages, on the host or by NUMA node.',
  notes: `
Set per node wherever guests are bound to nodes: a \`total\` makes the kernel spread the pages anew and loses every node's own count.
A short grant is no error to the kernel: what it gave is read again and compared. Where memory is too scattered, it is compacted first.
1G pages are seldom to be had on a host that has been running: reserve those at boot by \`at_boot: cmdline\`, which \`kernel_cmdline\` says more
of, and with \`live: false\` wait for a reboot instead of trying. By node that needs kernel 5.17, and nodes that are not named get none.

Pages that guests use are never taken away. libvirtd needs no restart for another count, only for a new mount: give \`mount\` a task of its own,
and \`notify\` a handler from that one.`,
  params: Params,
  reads: (params) => ({
    ...knobProbes(
      ['nr', 'free', 'surplus', 'resv', 'nr_overcommit'].map((name) => `${poolOf(params.size)}/${name}_hugepages`),
    ),
    counts: glob(`${NODES}/node*/hugepages/hugepages-${params.size}kB/*_hugepages`),
    memory: glob(`${NODES}/node*/meminfo`),
    ...knobProbes([BUDDY]),
    ...(params.persistent && tmpfilesProbes(params.file)),
    ...(params.mount !== undefined && hugetlbMountProbes(params.mount, params.size)),
    ...(atBoot(params) && bootProbes(GRUB_DROP_IN)),
  }),
  plan(params, seen) {
    const { size, total, nodes, overcommit } = params;
    if (params.live && seen.textAt(`${poolOf(size)}/nr_hugepages`) === undefined)
      return { changes: [], na: `this kernel has no huge pages of ${formatKib(size)}` };
    const all = nodesOf(seen, size);
    const pools: Pool[] = [
      ...(total === undefined ? [] : [wholePool(total, size, all)]),
      ...Object.entries(nodes ?? {}).map(([node, count]) => nodePool(node, count, size, all, params)),
    ];
    const extra: Knob[] =
      overcommit === undefined
        ? []
        : [
            {
              path: `${poolOf(size)}/nr_overcommit_hugepages`,
              label: `hugepages ${formatKib(size)} overcommit`,
              value: String(overcommit),
            },
          ];
    const live = !params.live
      ? []
      : [
          ...foretellPools(
            pools.flatMap((pool) => resize(pool, params, seen) ?? []),
            poolOf(size),
            (node) => nodePoolOf(node, size),
            seen,
          ),
          ...extra.flatMap((knob) => setKnob(seen, knob) ?? []),
        ];
    const mount = params.mount === undefined ? [] : mountHugetlb(seen, params.mount, size, params);
    if (!params.persistent) return planOf(live);
    const byKernel = atBoot(params) ? reserveAtBoot(params, pools, seen) : { changes: [], pending: [] };
    // A count of the whole host and counts of nodes undo each other at boot.
    const other = total === undefined ? [poolOf(size)] : all.map((node) => nodePoolOf(node, size));
    const own = atBoot(params) ? pools.map(({ dir }) => dir) : [];
    const gone = pools.length === 0 ? [] : [...own, ...other].map((pool) => `${pool}/nr_hugepages`);
    const boot = persistKnobs(seen, params.file, atBoot(params) ? extra : [...pools, ...extra], gone);
    return planOf([...live, ...boot.changes, ...byKernel.changes, ...mount], [...boot.pending, ...byKernel.pending]);
  },
  same: (probe, a, b) => (probe.kind === 'command' ? sameUnit(a, b) : sameBoot(probe, a, b) || sameKnob(a, b)),
  examples: [
    {
      title: '2M pages by node',
      params: { nodes: { 0: 200, 1: 100 }, overcommit: 16 },
      host: twoNodes(2048, [40, 100], [10, 100]),
    },
    {
      title: '1G pages on the whole host, with a mount for them',
      params: { size: '1G', total: 8, at_boot: 'cmdline', mount: '/dev/hugepages1G', drop_caches: true },
      host: {
        '/boot/loader/entries/arch.conf': 'linux /vmlinuz-linux\noptions root=UUID=1 rw hugepagesz=1G hugepages=2\n',
        ...twoNodes(1048576, [2, 1], [2, 1]),
        '/proc/mounts': 'hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\n',
        '/etc/tmpfiles.d/kvmplay-hugepages.conf': `w ${nodePoolOf('0', 1048576)}/nr_hugepages - - - - 2\n`,
      },
    },
    {
      title: 'None on node 1, where nobody uses them',
      params: { nodes: { 1: 0 } },
      host: twoNodes(2048, [512, 512], [0, 512]),
    },
  ],
});

/** Whether the kernel is told by its command line. */
const atBoot = ({ at_boot, persistent, total, nodes }: Params): boolean =>
  at_boot === 'cmdline' && persistent && (total !== undefined || nodes !== undefined);

/** What is there already waits for no reboot. */
function reserveAtBoot({ size, total, nodes }: Params, pools: readonly Pool[], seen: Seen) {
  const { changes, pending, na } = setBootArguments(seen, GRUB_DROP_IN, [
    setHugePages(size, nodes ? printNodes(nodes) : String(total)),
  ]);
  if (na !== undefined) throw new Problem('NoBootloader', na, 'use `at_boot: tmpfiles`');
  const there = pools.every(({ path, value }) => seen.textAt(path)?.trim() === value);
  return { changes, pending: pending.filter(({ needs }) => needs !== 'reboot' || !there) };
}

function nodesOf(seen: Seen, kib: number): string[] {
  const paths = [...seen.files('counts').keys()].filter((path) => path.endsWith(`hugepages-${kib}kB/nr_hugepages`));
  return paths.map((path) => /\/node(\d+)\//.exec(path)?.[1] ?? '');
}

function wholePool(total: number, kib: number, nodes: readonly string[]): Pool {
  const dir = poolOf(kib);
  return { dir, path: `${dir}/nr_hugepages`, label: `hugepages ${formatKib(kib)}`, value: String(total), nodes };
}

function nodePool(node: string, count: number, kib: number, all: readonly string[], { live }: Params): Pool {
  if (live && !all.includes(node))
    throw new Problem(
      'UnknownNode',
      `there is no NUMA node ${node} here`,
      `this host has: ${all.join(', ') || 'no NUMA nodes'}`,
    );
  const dir = nodePoolOf(node, kib);
  return {
    dir,
    path: `${dir}/nr_hugepages`,
    label: `hugepages ${formatKib(kib)} of node ${node}`,
    value: String(count),
    nodes: [node],
  };
}

function resize(pool: Pool, { size, drop_caches }: Params, seen: Seen): Resize | undefined {
  const count = (name: string) => Number(seen.textAt(`${pool.dir}/${name}_hugepages`) ?? 0);
  const wanted = Number(pool.value);
  const now = count('nr') - count('surplus');
  const used = count('nr') - count('free');
  if (wanted === now) return undefined;
  if (wanted < now && wanted < used)
    throw new Problem(
      'PagesInUse',
      `${pool.label}: ${used} pages are in use, so it cannot go down to ${wanted}`,
      'stop or move guests that have them first',
    );
  checkRoom(pool, wanted * size, seen);
  const scattered = wanted - now > freeBlocks(pool.nodes, size, seen);
  const tidy: Action[] = [...(drop_caches ? [poke(DROP, '3')] : []), poke(COMPACT, '1')];
  const change = setKnob(seen, {
    ...pool,
    impact: scattered ? 'guest-latency' : 'none',
    hints: { DidNotConverge: 'memory is too scattered or too short there: free some, or reserve the pages at boot' },
  });
  if (!change) return undefined;
  const counts = [...seen.files('counts').keys()].filter((path) =>
    pool.nodes.some((node) => path.includes(`/node${node}/`)),
  );
  const own = [...counts, ...['nr', 'free', 'surplus'].map((name) => `${poolOf(size)}/${name}_hugepages`)];
  return {
    pool,
    change: {
      ...change,
      do: [...(scattered ? tidy : []), ...change.do],
      undo:
        pool.nodes.length > 1
          ? pool.nodes.map((node) =>
              poke(
                `${nodePoolOf(node, size)}/nr_hugepages`,
                (seen.textAt(`${nodePoolOf(node, size)}/nr_hugepages`) ?? '0').trim(),
              ),
            )
          : change.undo,
      disturbs: own.filter((path) => path !== pool.path).map(file),
    },
  };
}

const poke = (path: string, value: string) => ({ do: 'poke', path, value }) as const;

/** Refuses what no tidying can make room for. */
function checkRoom(pool: Pool, kib: number, seen: Seen): void {
  const memory = pool.nodes.map(
    (node) => /MemTotal:\s+(\d+) kB/.exec(seen.textAt(`${NODES}/node${node}/meminfo`) ?? '')?.[1],
  );
  const all = memory.reduce((sum, one) => sum + Number(one ?? Number.POSITIVE_INFINITY), 0);
  if (pool.nodes.length > 0 && kib > all)
    throw new Problem(
      'NotEnoughMemory',
      `${pool.label}: ${pool.value} pages are ${formatKib(kib)}, and there are ${formatKib(all)} in all`,
      'ask for fewer',
    );
}

/** Free blocks of at least a page's size, by the buddy allocator. What it does not tell is taken for enough. */
function freeBlocks(nodes: readonly string[], kib: number, seen: Seen): number {
  const order = Math.log2(kib / 4);
  const lines = (seen.textAt(BUDDY) ?? '').split('\n').flatMap((line) => {
    const [, node, counts] = /^Node (\d+), zone\s+\S+\s+(.*)$/.exec(line) ?? [];
    return node === undefined || counts === undefined || !nodes.includes(node)
      ? []
      : [counts.trim().split(/\s+/).map(Number)];
  });
  if (lines.length === 0) return Number.POSITIVE_INFINITY;
  return lines
    .flatMap((counts) => counts.slice(order).map((blocks, at) => blocks * 2 ** at))
    .reduce((sum, one) => sum + one, 0);
}

/** An example's host. */
function twoNodes(kib: number, counts: readonly number[], free: readonly number[]): Record<string, string> {
  const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
  const pool = (dir: string, nr: number, unused: number) => [
    [`${dir}/nr_hugepages`, `${nr}\n`],
    [`${dir}/free_hugepages`, `${unused}\n`],
    [`${dir}/surplus_hugepages`, '0\n'],
  ];
  return Object.fromEntries([
    ...pool(poolOf(kib), sum(counts), sum(free)),
    [`${poolOf(kib)}/nr_overcommit_hugepages`, '0\n'],
    [`${poolOf(kib)}/resv_hugepages`, '0\n'],
    ...counts.flatMap((nr, node) => pool(nodePoolOf(String(node), kib), nr, free[node] ?? 0)),
    ...counts.map((_, node) => [`${NODES}/node${node}/meminfo`, `Node ${node} MemTotal:       16777216 kB\n`]),
    [COMPACT, '0\n'],
    [DROP, '0\n'],
    [BUDDY, 'Node 0, zone   Normal   10 9 8 7 6 5 4 3 2 1 0\nNode 1, zone   Normal   10 9 8 7 6 5 4 3 2 100 50\n'],
  ]);
}
