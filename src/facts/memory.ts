import { z } from 'zod';
import { file, glob, type Seen } from '../contract/index.ts';
import { defineFact, numberIn } from './fact.ts';

const MEMINFO = file('/proc/meminfo');
const POOLS = '/sys/kernel/mm/hugepages/hugepages-*';
const NODE_POOLS = '/sys/devices/system/node/node[0-9]*/hugepages/hugepages-*';

/** KiB of a line of /proc/meminfo; null where this kernel has none. */
const kibOf = (meminfo: string, name: string): number | null =>
  numberIn(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(meminfo)?.[1]);

const kib = (what: string) => z.int().nullable().describe(`KiB ${what}`);

export const memory = defineFact({
  name: 'memory',
  summary: 'Memory and swap, from `/proc/meminfo`.',
  schema: z.object({
    total_kib: kib('that the kernel has, itself and firmware not counted'),
    free_kib: kib('that nobody uses'),
    available_kib: kib('that programs could have without swapping'),
    cached_kib: kib('of files'),
    huge_kib: kib('set aside for huge pages, of all sizes'),
    swap_total_kib: kib('of swap'),
    swap_free_kib: kib('of swap that nobody uses'),
  }),
  probes: {
    meminfo: MEMINFO,
    pools: glob(`${POOLS}/free_hugepages`),
    resized: glob(`${POOLS}/nr_hugepages_mempolicy`),
  },
  // What is set aside for huge pages is taken from these, also where it can be told how many pages there will be.
  doubtful: {
    parts: ['free_kib', 'available_kib', 'cached_kib', 'huge_kib'],
    from: (seen) => [seen.files('pools'), seen.files('resized')],
  },
  read(seen) {
    const meminfo = seen.text('meminfo') ?? '';
    return {
      total_kib: kibOf(meminfo, 'MemTotal'),
      free_kib: kibOf(meminfo, 'MemFree'),
      available_kib: kibOf(meminfo, 'MemAvailable'),
      cached_kib: kibOf(meminfo, 'Cached'),
      huge_kib: kibOf(meminfo, 'Hugetlb'),
      swap_total_kib: kibOf(meminfo, 'SwapTotal'),
      swap_free_kib: kibOf(meminfo, 'SwapFree'),
    };
  },
});

const pages = (what: string) => z.int().describe(what);

export const hugepages = defineFact({
  name: 'hugepages',
  summary: 'Pools of huge pages.',
  schema: z.object({
    default_size_kib: z.int().nullable().describe('The size that is meant where none is named'),
    pools: z
      .record(
        z.string(),
        z.object({
          total: pages('Pages in the pool'),
          free: pages('Of these, how many nobody uses'),
          reserved: pages('Of the free ones, how many are promised'),
          surplus: pages('How many are there beyond what was asked for'),
        }),
      )
      .describe('Of the whole host, by the size of the pages in KiB: `facts.hugepages.pools["2048"].total`'),
    nodes: z
      .record(
        z.string(),
        z.record(
          z.string(),
          z.object({
            total: pages('Pages in the pool of the node'),
            free: pages('Of these, how many nobody uses'),
            surplus: pages('How many are there beyond what was asked for'),
          }),
        ),
      )
      .describe('By the number of the node and the size of the pages: `facts.hugepages.nodes["0"]["2048"].free`'),
  }),
  probes: {
    meminfo: MEMINFO,
    pools: glob(`${POOLS}/[nfrs]*_hugepages`),
    nodes: glob(`${NODE_POOLS}/[nfs]*_hugepages`),
  },
  read(seen) {
    const pools: Record<string, Pool & { reserved: number }> = {};
    for (const { size, field, pages } of figuresIn(seen, 'pools'))
      pools[size] = { ...(pools[size] ?? { ...EMPTY, reserved: 0 }), [field]: pages };
    const nodes: Record<string, Record<string, Pool>> = {};
    for (const { node, size, field, pages } of figuresIn(seen, 'nodes'))
      nodes[node] = { ...nodes[node], [size]: { ...(nodes[node]?.[size] ?? EMPTY), [field]: pages } };
    return { default_size_kib: kibOf(seen.text('meminfo') ?? '', 'Hugepagesize'), pools, nodes };
  },
});

interface Pool {
  readonly total: number;
  readonly free: number;
  readonly surplus: number;
}

const EMPTY: Pool = { total: 0, free: 0, surplus: 0 };
const FIELDS: Readonly<Record<string, string>> = { nr: 'total', free: 'free', resv: 'reserved', surplus: 'surplus' };

/** Each file of a pool: `…/node0/hugepages/hugepages-2048kB/nr_hugepages`. */
function figuresIn(seen: Seen, probe: string) {
  return [...seen.files(probe)].flatMap(([path, content]) => {
    const [, size = '', name = ''] = /hugepages-(\d+)kB\/(nr|free|resv|surplus)_hugepages$/.exec(path) ?? [];
    const field = FIELDS[name];
    const node = /\/node(\d+)\//.exec(path)?.[1] ?? '';
    return field === undefined ? [] : [{ node, size, field, pages: numberIn(content) ?? 0 }];
  });
}
