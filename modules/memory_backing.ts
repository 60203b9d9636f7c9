import { z } from 'zod';
import { cpuList, flag, kibibytes } from '../src/contract/fields.ts';
import { formatCpuSet, formatKib, glob, type Probes, Problem, parseCpuSet, type Seen } from '../src/contract/index.ts';
import {
  attributeOf,
  childOf,
  childrenOf,
  defineGuestModule,
  type Element,
  exampleGuest,
  type Field,
  type Guest,
  kibAt,
  sameList,
  valueAt,
} from '../src/domain-xml/index.ts';
import { farEmulator, nodeProbes } from './parts/far_emulator.ts';

const POOLS = 'hugepages of nodes';
const POOL_FILES = '/sys/devices/system/node/node[0-9]*/hugepages/hugepages-*/free_hugepages';

const Page = z.strictObject({
  size: kibibytes().describe('Size of the pages: `2M`, `1G`.'),
  nodeset: cpuList()
    .transform(formatCpuSet)
    .optional()
    .describe('Which of the **guest’s** NUMA cells have pages of this size. Default: all.'),
});

const params = {
  hugepages: z
    .union(
      [z.literal(false), z.array(Page).min(1), kibibytes().transform((size): z.infer<typeof Page>[] => [{ size }])],
      {
        error: 'expected false, a size such as 2M, or a list of `{ size: 2M, nodeset: 0 }`',
      },
    )
    .optional()
    .describe(
      'Pages that the memory is taken from: a size such as `2M`, a list by cells, or `false` for ordinary ones.',
    ),
  nosharepages: flag().optional().describe('Whether KSM is kept from merging this guest’s pages.'),
  locked: flag()
    .optional()
    .describe('Whether the memory is never swapped out. Needs `hard_limit`: without one libvirt lifts every limit.'),
  hard_limit: z
    .union([z.literal(false), kibibytes()])
    .optional()
    .describe('Most memory that QEMU and the guest may take together, `<memtune>`. `false`: no limit.'),
  source: z
    .enum(['default', 'anonymous', 'file', 'memfd'])
    .optional()
    .describe('What backs the memory; `memfd` for vhost-user and virtiofs without huge pages.'),
  access: z
    .enum(['default', 'shared', 'private'])
    .optional()
    .describe('Whether other processes may map it: `shared` for vhost-user and virtiofs.'),
  allocation: z
    .enum(['default', 'immediate', 'ondemand'])
    .optional()
    .describe(
      'Whether all of it is taken when the guest starts, or page by page. Huge pages are always taken at the start.',
    ),
  discard: flag()
    .optional()
    .describe('Whether its content is thrown away before QEMU ends, rather than written to the file.'),
};
type Params = z.infer<z.ZodObject<typeof params>>;

export const memory_backing = defineGuestModule({
  name: 'memory_backing',
  summary: "What guests' memory is made of: huge pages, locked, shared, merged or not.",
  notes: `
Nothing of it can be changed while a guest runs: it is set for the next start, and told as pending until the guest has been shut down and
started again. Reserve the pages first, by node (\`hugepages\`); where a pool has fewer free than the guest needs, that is said, since the
start will fail. \`nodeset\` counts the guest's own cells: which of the host's nodes they come from is \`numatune\`'s.`,
  params,
  asks: ['hugepages', 'nosharepages', 'locked', 'hard_limit', 'source', 'access', 'allocation', 'discard'],
  owns: ['memoryBacking', 'memtune/hard_limit'],
  reads: (given): Probes => ({
    ...nodeProbes(),
    ...(Array.isArray(given.hugepages) && { [POOLS]: glob(POOL_FILES) }),
  }),
  cautions: farEmulator,
  wants(given, guest, seen) {
    if (guest.plane === 'config') refuse(given, guest);
    const pages = pageFields(given.hugepages, guest.domain);
    const short = guest.plane === 'config' && pages.length > 0 ? shortage(given, guest, seen) : [];
    return { fields: [...pages, ...otherFields(given, guest.domain)], notes: short };
  },
  examples: [
    {
      title: 'Huge pages of 2 MiB, never merged',
      params: { guests: 'web1', hugepages: '2M', nosharepages: true },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest('config'),
        '/run/libvirt/qemu/web1.xml': exampleGuest('live'),
        '/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages': '100\n',
      },
    },
    {
      title: 'Pages by cell, locked, within a limit',
      params: {
        guests: 'all',
        hugepages: [
          { size: '1G', nodeset: 0 },
          { size: '2M', nodeset: 1 },
        ],
        locked: true,
        hard_limit: '2G',
      },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          "\n  <memoryBacking>\n    <hugepages>\n      <page size='2048' unit='KiB' nodeset='0'/>\n    </hugepages>\n  </memoryBacking>",
        ),
      },
    },
    {
      title: 'Shared, for virtiofs',
      params: {
        guests: 'all',
        hugepages: false,
        hard_limit: false,
        source: 'memfd',
        access: 'shared',
        allocation: 'immediate',
        discard: true,
      },
      host: {
        '/etc/libvirt/qemu/web1.xml': exampleGuest(
          'config',
          '\n  <memoryBacking>\n    <hugepages/>\n  </memoryBacking>',
        ),
      },
    },
  ],
});

/** What libvirt does not define, or takes and starts a guest without any limit. */
function refuse(given: Params, { name, domain }: Guest): void {
  const { locked, hard_limit: limit } = given;
  const backing = childOf(domain, 'memoryBacking');
  const huge = given.hugepages ?? childOf(backing, 'hugepages') !== undefined;
  const wrong = [
    (given.source ?? valueAt(domain, 'memoryBacking/source/@type')) === 'anonymous' && 'source anonymous',
    (given.allocation ?? valueAt(domain, 'memoryBacking/allocation/@mode')) === 'ondemand' && 'allocation ondemand',
  ].find((one) => one !== false);
  const asks = [given.hugepages, given.source, given.allocation].some((one) => one !== undefined);
  if (huge && asks && wrong !== undefined)
    throw new Problem(
      'NotOfHugepages',
      `${name}: huge pages do not go with ${wrong}`,
      'ask for both in one task: `hugepages: false`, or the other as `default`',
    );
  const sharer = given.access === 'private' || given.access === 'default' ? sharerOf(domain) : undefined;
  if (sharer !== undefined)
    throw new Problem(
      'NeedsSharedMemory',
      `${name}: its ${sharer} is served by another process, which has to map its memory`,
      'leave it `access: shared`, or take that device out first',
    );
  const limited =
    limit === undefined ? childOf(childOf(domain, 'memtune'), 'hard_limit') !== undefined : limit !== false;
  if (locked && !limited)
    throw new Problem(
      'LockedWithoutLimit',
      `${name}: locked memory without a hard_limit lets the guest lock all memory of the host`,
      "give hard_limit: the guest's memory and about 1 GiB for QEMU",
    );
}

/** A device by virtiofs or vhost-user, where it is not cells that share their memory. */
function sharerOf(domain: Element): string | undefined {
  const cells = childrenOf(childOf(childOf(domain, 'cpu'), 'numa') ?? domain, 'cell');
  if (cells.some((cell) => attributeOf(cell, 'memAccess') === 'shared')) return undefined;
  const device = childOf(domain, 'devices')?.children.find(
    (one) => attributeOf(one, 'type') === 'vhostuser' || valueAt(one, 'driver/@type') === 'virtiofs',
  );
  return device && `${device.name} ${valueAt(device, 'target/@dev') ?? valueAt(device, 'target/@dir') ?? ''}`.trim();
}

interface Pages {
  readonly size: number;
  readonly nodeset?: string | undefined;
}

const HUGEPAGES = 'memoryBacking/hugepages';
const print = ({ size, nodeset }: Pages): string =>
  formatKib(size) + (nodeset === undefined ? '' : ` of cell ${nodeset}`);

/** The pages that are there stay where they are asked for; `<hugepages/>` alone is the host's own size. */
function pageFields(asked: Params['hugepages'], domain: Element): Field[] {
  if (asked === undefined) return [];
  const there = childOf(childOf(domain, 'memoryBacking'), 'hugepages');
  if (asked === false)
    return there ? [{ label: 'hugepages', at: there, path: '', value: null, told: 'no hugepages' }] : [];
  const now = there ? childrenOf(there, 'page') : [];
  const left = [...now];
  const missing = asked.filter((pages) => {
    const at = left.findIndex((page) => isPage(page, pages));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [
    ...missing.map((pages) => setPage(pages, left, domain)),
    ...left.map((page) => ({
      label: 'hugepages',
      at: page,
      path: '',
      value: null,
      told: `no hugepages ${toldOf(page)}`,
    })),
  ];
}

/** Pages of that size that were for other cells are these pages; otherwise there are new ones. */
function setPage(pages: Pages, left: Element[], domain: Element): Field {
  const { size, nodeset } = pages;
  const told = `hugepages ${print(pages)}`;
  const at = left.findIndex((page) => kibAt(page, 'size') === size);
  const [page] = at < 0 ? [] : left.splice(at, 1);
  if (page) return { label: 'hugepages', at: page, path: '@nodeset', value: nodeset ?? null, told };
  const path = `${HUGEPAGES}/page[size=${size}][unit=KiB]${nodeset === undefined ? '' : `[nodeset=${nodeset}]`}`;
  return { label: 'hugepages', at: domain, path, value: '', told };
}

function isPage(page: Element, { size, nodeset }: Pages): boolean {
  const now = attributeOf(page, 'nodeset');
  if (kibAt(page, 'size') !== size || (now === undefined) !== (nodeset === undefined)) return false;
  return now === undefined || nodeset === undefined || sameList(now, nodeset);
}

const toldOf = (page: Element): string =>
  print({ size: kibAt(page, 'size') ?? 0, nodeset: attributeOf(page, 'nodeset') });

function otherFields(given: Params, domain: Element): Field[] {
  const flags = (['nosharepages', 'locked', 'discard'] as const).flatMap((name): Field[] => {
    const value = given[name];
    const path = `memoryBacking/${name}`;
    if (value === undefined) return [];
    return [{ label: name, at: domain, path, value: value ? '' : null, told: value ? name : `not ${name}` }];
  });
  const choices = (['source', 'access', 'allocation'] as const).flatMap((name): Field[] => {
    const value = given[name];
    if (value === undefined) return [];
    const attribute = name === 'source' ? 'type' : 'mode';
    const path = `memoryBacking/${name}/@${attribute}`;
    if (value !== 'default') return [{ label: name, at: domain, path, value, absent: 'default' }];
    // An element that says nothing is none that libvirt's schema takes.
    const there = childOf(childOf(domain, 'memoryBacking'), name);
    const now = there && attributeOf(there, attribute);
    if (!there || now === undefined) return [];
    const told = `${name}: ${now} → default`;
    return [{ label: name, at: there, path: there.attributes.length > 1 ? `@${attribute}` : '', value: null, told }];
  });
  return [...flags, ...choices, ...limitFields(given.hard_limit, domain)];
}

function limitFields(limit: Params['hard_limit'], domain: Element): Field[] {
  if (limit === undefined) return [];
  const there = childOf(childOf(domain, 'memtune'), 'hard_limit');
  const now = there && kibAt(there);
  const field = { label: 'hard_limit', at: domain, path: 'memtune/hard_limit' };
  if (limit === false) return there ? [{ ...field, value: null, told: 'no hard_limit' }] : [];
  if (now === limit) return [];
  const told = `hard_limit: ${now === undefined ? 'none' : formatKib(now)} → ${formatKib(limit)}`;
  return [
    { ...field, value: String(limit), told },
    { ...field, path: 'memtune/hard_limit/@unit', value: 'KiB', told: 'in KiB' },
  ];
}

/** Where the host has fewer pages free than the guest will want. Its own pages count as free when it is started again. */
function shortage({ hugepages }: Params, { name, domain }: Guest, seen: Seen): string[] {
  const [only] = Array.isArray(hugepages) && hugepages.length === 1 ? hugepages : [];
  const memory = childOf(domain, 'memory');
  if (!only || !memory) return [];
  const bound = attributeOf(childOf(childOf(domain, 'numatune'), 'memory') ?? domain, 'nodeset');
  const nodes = bound === undefined ? undefined : parseCpuSet(bound);
  const need = Math.ceil((kibAt(memory) ?? 0) / only.size);
  const pools = seen.raw(POOLS);
  let free = 0;
  for (const [path, count] of Object.entries(pools.is === 'files' ? pools.files : {})) {
    const [, node, size] = /node(\d+)\/hugepages\/hugepages-(\d+)kB/.exec(path) ?? [];
    if (Number(size) !== only.size || (nodes !== undefined && !nodes.includes(Number(node)))) continue;
    // In a check, of pools that a task before this one would change.
    if (count.is !== 'text') return [];
    free += Number(count.text);
  }
  if (pools.is !== 'files' || Object.keys(pools.files).length === 0 || free >= need) return [];
  const where = bound === undefined ? 'the host has' : `node ${bound} of the host has`;
  return [`${name}: needs ${need} pages of ${formatKib(only.size)}, and ${where} ${free} free: it will not start`];
}
