import { z } from 'zod';
import { dropInFile, flag, integer, planes } from '../src/contract/fields.ts';
import {
  defineModule,
  file,
  glob,
  type Knob,
  knobProbes,
  knobsHere,
  type Pending,
  parseKib,
  persistKnobs,
  planOf,
  type Seen,
  sameKnob,
  selectedOf,
  setKnobs,
  type TunedSetting,
  text,
  tmpfilesProbes,
  tunedNotes,
  tunedProbes,
} from '../src/contract/index.ts';

const THP = '/sys/kernel/mm/transparent_hugepage';
const RHEL6 = '/sys/kernel/mm/redhat_transparent_hugepage';
/** By size, kernel 6.8 and later: `inherit` takes what `enabled` says, anything else has the last word for that size. */
const SIZES = `${THP}/hugepages-*kB/enabled`;
const PMD_SIZE = `${THP}/hpage_pmd_size`;

const Choice = z.string().regex(/^[a-z_+]+$/, 'expected one word, such as madvise');

/** Source: Documentation/admin-guide/mm/transhuge.rst. What a kernel offers is taken from its own files. */
const Settings = z.strictObject({
  enabled: Choice.optional().describe('`always`, `madvise` (QEMU asks for guest memory) or `never`.'),
  defrag: Choice.optional().describe(
    'Whether a fault waits for a huge page: `always`, `defer`, `defer+madvise`, `madvise` or `never`; older kernels offer fewer.',
  ),
  shmem_enabled: Choice.optional().describe(
    'For shared memory: `always`, `within_size`, `advise`, `never`, `deny` or `force`.',
  ),
  sizes: z
    .record(
      z.string().regex(/^\d+\s*[kmg](i?b)?$/i, 'expected a size such as 64k'),
      z.enum(['always', 'inherit', 'madvise', 'never']),
    )
    .prefault({})
    .describe('By size, `{64k: madvise, 2M: inherit}`; `inherit` takes what `enabled` says. Kernel 6.8 and later.'),
  shrink_underused: flag()
    .optional()
    .describe('Whether huge pages that are mostly zero are split when memory is short. Kernel 6.12 and later.'),
  use_zero_page: flag().optional().describe('Whether a read of untouched memory is given the huge zero page.'),
  khugepaged: z
    .strictObject({
      defrag: flag().optional().describe('Whether khugepaged compacts memory. The kernel takes 0 and 1 only.'),
      pages_to_scan: integer().optional().describe('Pages to scan at each pass. Kernel default: 4096.'),
      scan_sleep_millisecs: integer(0, 2 ** 32 - 1)
        .optional()
        .describe('Milliseconds between passes. Kernel default: 10000.'),
      alloc_sleep_millisecs: integer(0, 2 ** 32 - 1)
        .optional()
        .describe('Milliseconds to wait after no huge page was to be had. Kernel default: 60000.'),
      max_ptes_none: integer(0, 511)
        .optional()
        .describe('Untouched small pages that may be filled in. Kernel default: 511.'),
      max_ptes_swap: integer(0, 511).optional().describe('Pages that may be read from swap. Kernel default: 64.'),
      max_ptes_shared: integer(0, 511)
        .optional()
        .describe('Pages that may be shared by processes. Kernel default: 256.'),
    })
    .prefault({})
    .describe('The kernel thread that puts small pages together.'),
});
const Params = Settings.extend({ file: dropInFile('tmpfiles.d', 'kvmplay-thp'), ...planes }).refine(
  (params) => knobsOf(params, THP).length > 0,
  'expected a setting such as `enabled`',
);

function knobsOf(params: z.infer<typeof Settings>, base: string): Knob[] {
  const { enabled, defrag, shmem_enabled, sizes, shrink_underused, use_zero_page, khugepaged } = params;
  const inside = Object.entries(khugepaged).map(([name, value]) => [`khugepaged/${name}`, value] as const);
  const bySize = Object.entries(sizes).map(
    ([size, choice]) => [`hugepages-${parseKib(size)}kB/enabled`, choice] as const,
  );
  const whole = { enabled, defrag, shmem_enabled, shrink_underused, use_zero_page };
  const all = [...Object.entries(whole), ...bySize, ...inside];
  return all.flatMap(([name, value]) => {
    if (value === undefined) return [];
    const wanted = String(typeof value === 'boolean' ? Number(value) : value);
    // What is chosen decides on the next faults of running guests.
    const impact = typeof value === 'string' ? 'guest-latency' : 'none';
    return [{ path: `${base}/${name}`, label: `thp.${name}`, value: wanted, impact } as const];
  });
}

export const thp = defineModule({
  name: 'thp',
  summary: 'Set transparent huge pages, and the thread that makes them.',
  notes: `
For hosts of guests: \`enabled: madvise\` or \`always\` (QEMU asks for huge pages for guest memory), \`defrag: defer+madvise\`.
\`khugepaged/defrag\` takes 0 and 1, not the words of \`defrag\`. RHEL 6 has its own directory, which is used where it is there.`,
  params: Params,
  reads(params, seen) {
    const old = seen.has(`${THP}/enabled`) && seen.raw(`${THP}/enabled`).is === 'absent';
    return {
      ...(params.live && {
        ...knobProbes([`${THP}/enabled`, PMD_SIZE, ...knobsOf(params, THP).map(({ path }) => path)]),
        sizes: glob(SIZES),
        ...tunedProbes,
      }),
      ...(params.live && old && knobProbes([`${RHEL6}/enabled`, ...knobsOf(params, RHEL6).map(({ path }) => path)])),
      ...(params.persistent && tmpfilesProbes(params.file)),
    };
  },
  plan(params, seen) {
    const base = params.live ? [THP, RHEL6].find((path) => seen.text(`${path}/enabled`) !== undefined) : THP;
    if (base === undefined) return { changes: [], na: 'this kernel is built without transparent huge pages' };
    const asked = knobsOf(params, base);
    const { here, notes } = params.live ? knobsHere(seen, asked) : { here: asked, notes: [] };
    const live = params.live ? setKnobs(seen, here) : [];
    const boot = params.persistent ? persistKnobs(seen, params.file, here) : { changes: [], pending: [] };
    if (params.live) notes.push(...tunedNotes(seen, (one) => alsoSets(here, one)));
    const overridden = params.live ? sizeOverride(params, seen) : [];
    return planOf([...live, ...boot.changes], [...overridden, ...boot.pending], notes);
  },
  same: (_, a, b) => sameKnob(a, b),
  examples: [
    {
      title: 'For guests whose memory QEMU marks as worth it',
      params: {
        enabled: 'madvise',
        defrag: 'defer+madvise',
        sizes: { '64k': 'madvise' },
        shrink_underused: false,
        khugepaged: { defrag: true },
      },
      host: {
        [`${THP}/enabled`]: '[always] madvise never\n',
        [`${THP}/defrag`]: 'always defer defer+madvise [madvise] never\n',
        [`${THP}/khugepaged/defrag`]: '1\n',
        [`${THP}/hugepages-2048kB/enabled`]: 'always [inherit] madvise never\n',
        [`${THP}/hugepages-64kB/enabled`]: 'always inherit madvise [never]\n',
        [`${THP}/shrink_underused`]: '1\n',
        [PMD_SIZE]: '2097152\n',
      },
    },
    {
      title: 'Never, for hosts that reserve their huge pages',
      params: { enabled: 'never', shmem_enabled: 'never', use_zero_page: false },
      host: {
        [`${THP}/enabled`]: 'always [madvise] never\n',
        [`${THP}/shmem_enabled`]: 'always within_size advise [never] deny force\n',
        [`${THP}/use_zero_page`]: '1\n',
        '/etc/tmpfiles.d/kvmplay-thp.conf': `w ${THP}/enabled - - - - never\n`,
      },
    },
    {
      title: 'Eager, on a kernel that has its own directory for it (RHEL 6)',
      params: {
        enabled: 'always',
        khugepaged: {
          pages_to_scan: 8192,
          scan_sleep_millisecs: 1000,
          alloc_sleep_millisecs: 10000,
          max_ptes_none: 64,
          max_ptes_swap: 0,
          max_ptes_shared: 0,
        },
      },
      host: {
        [`${RHEL6}/enabled`]: 'always [madvise] never\n',
        [`${RHEL6}/khugepaged/pages_to_scan`]: '4096\n',
        [`${RHEL6}/khugepaged/scan_sleep_millisecs`]: '10000\n',
        [`${RHEL6}/khugepaged/alloc_sleep_millisecs`]: '60000\n',
        [`${RHEL6}/khugepaged/max_ptes_none`]: '511\n',
        [`${RHEL6}/khugepaged/max_ptes_swap`]: '64\n',
        [`${RHEL6}/khugepaged/max_ptes_shared`]: '256\n',
      },
    },
  ],
});

/** What of this a profile of tuned sets. */
function alsoSets(knobs: readonly Knob[], { plugin, key }: TunedSetting): string | undefined {
  const path =
    plugin === 'vm' && /^transparent_huge_?pages?$/.test(key) ? `${THP}/enabled` : plugin === 'sysfs' ? key : '';
  return knobs.find((knob) => knob.path === path)?.label;
}

/** The size that guests get when they get a huge page may have been told otherwise. */
function sizeOverride({ enabled, sizes }: z.infer<typeof Settings>, seen: Seen): Pending[] {
  const kib = Number(seen.text(PMD_SIZE) ?? 0) / 1024;
  if (Object.keys(sizes).some((size) => parseKib(size) === kib)) return [];
  const path = `${THP}/hugepages-${kib}kB/enabled`;
  const said = seen.files('sizes').get(path);
  if (enabled === undefined || said === undefined || ['inherit', enabled].includes(selectedOf(said))) return [];
  return [
    {
      target: file(path),
      plane: 'live',
      summary: `thp.enabled: ${path} says ${selectedOf(said)}, which has the last word for that size: write inherit to it`,
      before: text(said),
      after: text('inherit\n'),
      needs: 'manual',
    },
  ];
}
