import { z } from 'zod';
import { dropInFile, flag, integer, planes } from '../src/contract/fields.ts';
import {
  defineModule,
  file,
  type Knob,
  knobProbes,
  knobsHere,
  persistKnobs,
  planOf,
  type Seen,
  sameKnob,
  setKnobs,
  tmpfilesProbes,
} from '../src/contract/index.ts';

const ZSWAP = '/sys/module/zswap/parameters';
const ENABLED = `${ZSWAP}/enabled`;
const SWAPS = '/proc/swaps';

const Word = z.string().regex(/^[a-z0-9_-]+$/, 'expected one word, such as zstd');

/** In the order of writing: what pages are put into, before they are. Source: Documentation/admin-guide/mm/zswap.rst. */
const Tunables = z.object({
  compressor: Word.describe('Compression algorithm: `lzo`, `lz4`, `zstd` … The kernel loads its module.'),
  zpool: Word.describe('Allocator of compressed pages: `zbud`, `z3fold` or `zsmalloc`. Kernels before 6.18.'),
  max_pool_percent: integer(1, 100).describe('Most memory the pool may take, in percent. Kernel default: 20.'),
  accept_threshold_percent: integer(1, 100).describe(
    'How full, in percent of its limit, a pool that was full may be to take pages again. Kernel default: 90.',
  ),
  shrinker_enabled: flag().describe('Whether cold pages go to disk under memory pressure. Kernel 6.8 and later.'),
  enabled: flag().describe('Whether pages are compressed on their way to swap. What is in the pool stays until used.'),
});

const Asked = Tunables.partial();
const Params = z
  .strictObject({ ...Asked.shape, file: dropInFile('tmpfiles.d', 'kvmplay-zswap'), ...planes })
  .refine((params) => knobsOf(params).length > 0, 'expected a setting such as `enabled`');

/** The kernel prints booleans as Y and N. */
const printed = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? 'Y' : 'N') : String(value);

/** Kernels without the algorithm or the allocator refuse its name. */
const NOT_BUILT = 'this kernel has no such module: see /proc/crypto and `modprobe --show-depends NAME`';
const HINTS = { ENOENT: NOT_BUILT, EINVAL: NOT_BUILT };

function knobsOf(params: z.infer<typeof Asked>): Knob[] {
  return Tunables.keyof().options.flatMap((name) => {
    const value = params[name];
    if (value === undefined) return [];
    const named = typeof value === 'string' ? { hints: HINTS } : {};
    return [{ path: `${ZSWAP}/${name}`, label: `zswap.${name}`, value: printed(value), ...named }];
  });
}

export const zswap = defineModule({
  name: 'zswap',
  summary: 'Compress pages in memory on their way to swap.',
  notes: `
For hosts that are overcommitted and swap: a compressed page is back in microseconds, one on a disk in milliseconds. It
does nothing where there is no swap, and takes memory that guests could have: not for hosts whose guests are all backed by huge pages.`,
  params: Params,
  reads: (params) => ({
    ...(params.live && { ...knobProbes([ENABLED, ...knobsOf(params).map(({ path }) => path)]), [SWAPS]: file(SWAPS) }),
    ...(params.persistent && tmpfilesProbes(params.file)),
  }),
  plan(params, seen) {
    if (params.live && seen.text(ENABLED) === undefined)
      return { changes: [], na: 'this kernel is built without zswap (CONFIG_ZSWAP)' };
    const asked = knobsOf(params);
    const { here, notes } = params.live ? knobsHere(seen, asked) : { here: asked, notes: [] };
    const live = params.live ? setKnobs(seen, here) : [];
    const boot = params.persistent ? persistKnobs(seen, params.file, here) : { changes: [], pending: [] };
    if (params.live && params.enabled && !swaps(seen))
      notes.push('no swap is in use on this host: zswap has nothing to do');
    return planOf([...live, ...boot.changes], boot.pending, notes);
  },
  same: (_, a, b) => sameKnob(a, b),
  examples: [
    {
      title: 'On, with a compressor that is worth its time',
      params: {
        enabled: true,
        compressor: 'zstd',
        zpool: 'zsmalloc',
        max_pool_percent: 30,
        accept_threshold_percent: 85,
        shrinker_enabled: true,
      },
      host: {
        [ENABLED]: 'N\n',
        [`${ZSWAP}/compressor`]: 'lzo\n',
        [`${ZSWAP}/zpool`]: 'zbud\n',
        [`${ZSWAP}/max_pool_percent`]: '20\n',
        [`${ZSWAP}/accept_threshold_percent`]: '90\n',
        [`${ZSWAP}/shrinker_enabled`]: 'N\n',
        [SWAPS]: 'Filename Type Size Used Priority\n/dev/dm-1 partition 8388604 0 -2\n',
      },
    },
    {
      title: 'From the next boot on, with a smaller pool',
      params: { enabled: true, max_pool_percent: 10, live: false },
      host: { '/etc/tmpfiles.d/kvmplay-zswap.conf': `# ours\nw ${ZSWAP}/max_pool_percent - - - - 20\n` },
    },
    {
      title: 'Off, where guests have all their memory in huge pages',
      params: { enabled: false },
      host: { [ENABLED]: 'Y\n', '/etc/tmpfiles.d/kvmplay-zswap.conf': `w ${ENABLED} - - - - Y\n` },
    },
  ],
});

/** Whether a line stands below the heading. */
const swaps = (seen: Seen): boolean => (seen.text(SWAPS) ?? '').trim().split('\n').length > 1;
