import { z } from 'zod';
import { dropInFile, flag, integer, planes } from '../src/contract/fields.ts';
import {
  type Change,
  defineModule,
  file,
  type Knob,
  knobProbes,
  knobsHere,
  maskUnits,
  Problem,
  persistKnobs,
  planOf,
  pokeKnob,
  rivalUnits,
  type Seen,
  sameKnob,
  sameUnit,
  setKnob,
  setKnobs,
  text,
  tmpfilesProbes,
  tunedNotes,
  tunedProbes,
  unitProbe,
} from '../src/contract/index.ts';

const KSM = '/sys/kernel/mm/ksm';
const RUN = `${KSM}/run`;
const SHARED = `${KSM}/pages_shared`;
const SHARING = `${KSM}/pages_sharing`;
const COUNTERS = [SHARED, SHARING];
const MEMINFO = '/proc/meminfo';
const DEBIAN = '/etc/default/qemu-kvm';

/** These write `run` themselves: ksm.service when it starts, ksmtuned.service all the time. */
const SERVICES = ['ksm.service', 'ksmtuned.service'];

/** The kernel refuses another value while any page is merged, and while a guest has what was merged (EBUSY). */
const UNMERGED_ONLY = ['merge_across_nodes', 'max_page_sharing'];
const BUSY = 'a guest that had pages merged still runs: stop the guests that may merge, or reboot, and run this again';

/** In the order of writing: the advisor, while it is on, keeps pages_to_scan for itself. Source: Documentation/admin-guide/mm/ksm.rst. */
const Tunables = z.object({
  advisor_mode: z
    .enum(['none', 'scan-time'])
    .describe('`scan-time`: the kernel finds pages_to_scan by itself. Kernel 6.8 and later.'),
  advisor_max_cpu: integer(0, 100).describe('Most CPU that ksmd may take, in percent. Kernel 6.8 and later.'),
  advisor_target_scan_time: integer(1).describe('Seconds to scan all candidate pages in. Kernel 6.8 and later.'),
  advisor_min_pages_to_scan: integer().describe('Lower bound of what the advisor sets. Kernel 6.8 and later.'),
  advisor_max_pages_to_scan: integer().describe('Upper bound of what the advisor sets. Kernel 6.8 and later.'),
  pages_to_scan: integer(0, 2 ** 32 - 1).describe('Pages to scan before ksmd sleeps. Kernel default: 100.'),
  sleep_millisecs: integer(0, 2 ** 32 - 1).describe('Milliseconds that ksmd sleeps between scans. Kernel default: 20.'),
  use_zero_pages: flag().describe("Whether empty pages are merged with the kernel's zero page. Kernel default: false."),
  smart_scan: flag().describe('Whether pages that did not merge before are scanned less often. Kernel 6.7 and later.'),
  stable_node_chains_prune_millisecs: integer(0, 2 ** 32 - 1).describe(
    'Milliseconds between checks for stale duplicates. Kernel default: 2000.',
  ),
  max_page_sharing: integer(2).describe(
    'How many pages may share one. Only changed while nothing is merged. Kernel default: 256.',
  ),
  merge_across_nodes: flag().describe(
    'Whether pages of different NUMA nodes are merged. Only changed while nothing is merged. Kernel default: true.',
  ),
});

const Asked = Tunables.partial();
const Params = z
  .strictObject({
    state: z
      .enum(['on', 'off'])
      .optional()
      .describe('`off` unmerges all pages and requires that none is left; `on` merges. Left as it is where not given.'),
    ...Asked.shape,
    services: z
      .enum(['keep', 'mask'])
      .prefault('keep')
      .describe('`mask` stops and masks `ksm.service` and `ksmtuned.service`, which set KSM by themselves.'),
    file: dropInFile('tmpfiles.d', 'kvmplay-ksm'),
    ...planes,
  })
  .superRefine((params, context) => {
    const say = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (params.state === undefined && tunablesOf(params).length === 0) say([], 'expected `state` or a tunable');
    if (params.pages_to_scan !== undefined && params.advisor_mode === 'scan-time')
      say(['pages_to_scan'], 'the advisor sets pages_to_scan: leave it out, or set advisor_mode to none');
  });
type Params = z.infer<typeof Params>;

function tunablesOf(params: z.infer<typeof Asked>): Knob[] {
  return Tunables.keyof().options.flatMap((name) => {
    const value = params[name];
    if (value === undefined) return [];
    const knob = {
      path: `${KSM}/${name}`,
      label: `ksm.${name}`,
      value: String(typeof value === 'boolean' ? Number(value) : value),
    };
    if (name === 'advisor_mode') return [{ ...knob, disturbs: [file(`${KSM}/pages_to_scan`)] }];
    if (name === 'pages_to_scan')
      return [{ ...knob, hints: { EINVAL: 'the advisor may have it: set advisor_mode to none' } }];
    return [knob];
  });
}

export const ksm = defineModule({
  name: 'ksm',
  summary: 'Turn kernel samepage merging on or off, and tune it.',
  notes: `
\`run\` = 0 stops ksmd and **keeps** what is merged; only 2 unmerges. So \`state: off\` writes 2 and requires that no page is shared;
a host that reads 0 or 2 with no page shared is off. Unmerging takes memory: it is refused where that much is not available.
A guest that runs through it is not merged again when \`state\` is \`on\` later, not before it is started anew (seen on Linux 6.1).

\`merge_across_nodes\` and \`max_page_sharing\` are changed by unmerging first, and merging again after.`,
  params: Params,
  reads: (params) => ({
    ...(params.live && knobProbes([RUN, ...COUNTERS, MEMINFO, ...tunablesOf(params).map(({ path }) => path)])),
    ...tunedProbes,
    ...Object.fromEntries(SERVICES.map((name) => [name, unitProbe(name)])),
    ...(params.persistent && { [DEBIAN]: file(DEBIAN), ...tmpfilesProbes(params.file) }),
  }),
  plan(params, seen) {
    if (params.live && seen.text(RUN) === undefined)
      return { changes: [], na: 'this kernel is built without KSM (CONFIG_KSM)' };
    const asked = tunablesOf(params);
    const { here, notes } = params.live ? knobsHere(seen, asked) : { here: asked, notes: [] };
    const rivals = params.state === 'on' ? SERVICES.filter((name) => name !== 'ksm.service') : SERVICES;
    const services =
      params.services === 'mask' ? maskUnits(seen, SERVICES) : rivalUnits(seen, rivals, 'sets KSM by itself');
    const live = params.live ? liveChanges(params.state, here, seen) : [];
    const knobs = [
      ...here.map(({ path, label }) => ({ path, label })),
      ...(params.state ? [{ path: RUN, label: 'ksm.run' }] : []),
    ];
    notes.push(
      ...tunedNotes(seen, ({ plugin, key }) =>
        plugin === 'sysfs' ? knobs.find(({ path }) => path === key)?.label : undefined,
      ),
    );
    if (!params.persistent) return planOf([...services.changes, ...live], services.pending, notes);
    const run = params.state && { path: RUN, label: 'ksm.run', value: params.state === 'on' ? '1' : '0' };
    const boot = persistKnobs(seen, params.file, run ? [...here, run] : here);
    const enabled = /^\s*KSM_ENABLED=(?!["']?0)(.*)/m.exec(seen.text(DEBIAN) ?? '')?.[1];
    if (params.state === 'off' && enabled !== undefined)
      notes.push(`${DEBIAN} says KSM_ENABLED=${enabled}, which turns KSM on at boot`);
    return planOf([...services.changes, ...live, ...boot.changes], [...services.pending, ...boot.pending], notes);
  },
  same: (probe, a, b) => (probe.kind === 'command' ? sameUnit(a, b) : sameKnob(a, b)),
  examples: [
    {
      title: 'Off, and every merged page given back',
      params: { state: 'off', services: 'mask' },
      host: {
        [RUN]: '1\n',
        [SHARED]: '120\n',
        [SHARING]: '4084\n',
        '/usr/lib/systemd/system/ksmtuned.service': '[Service]\n',
        '/etc/systemd/system/multi-user.target.wants/ksmtuned.service': {
          link: '/usr/lib/systemd/system/ksmtuned.service',
        },
        '/sys/fs/cgroup/system.slice/ksmtuned.service/cgroup.procs': '812\n',
      },
    },
    {
      title: 'On, within NUMA nodes, at a gentle pace',
      params: {
        state: 'on',
        merge_across_nodes: false,
        max_page_sharing: 512,
        pages_to_scan: 1000,
        sleep_millisecs: 200,
        use_zero_pages: true,
        stable_node_chains_prune_millisecs: 4000,
      },
      host: {
        [RUN]: '1\n',
        [SHARED]: '12\n',
        [SHARING]: '80\n',
        [`${KSM}/merge_across_nodes`]: '1\n',
        [`${KSM}/pages_to_scan`]: '100\n',
        [`${KSM}/sleep_millisecs`]: '20\n',
        [`${KSM}/max_page_sharing`]: '256\n',
        [`${KSM}/use_zero_pages`]: '0\n',
        [`${KSM}/stable_node_chains_prune_millisecs`]: '2000\n',
        '/etc/tmpfiles.d/kvmplay-ksm.conf': `# ours\nw ${RUN} - - - - 0\n`,
      },
    },
    {
      title: 'Left to the advisor of newer kernels',
      params: {
        state: 'on',
        advisor_mode: 'scan-time',
        advisor_max_cpu: 30,
        advisor_target_scan_time: 400,
        advisor_min_pages_to_scan: 500,
        advisor_max_pages_to_scan: 10000,
        smart_scan: true,
      },
      host: {
        [RUN]: '0\n',
        [SHARED]: '0\n',
        [SHARING]: '0\n',
        [`${KSM}/advisor_mode`]: '[none] scan-time\n',
        [`${KSM}/advisor_max_cpu`]: '70\n',
        [`${KSM}/advisor_target_scan_time`]: '200\n',
        [`${KSM}/advisor_min_pages_to_scan`]: '500\n',
        [`${KSM}/advisor_max_pages_to_scan`]: '30000\n',
        [`${KSM}/smart_scan`]: '0\n',
        [`${KSM}/pages_to_scan`]: '100\n',
      },
    },
  ],
});

function liveChanges(state: Params['state'], knobs: readonly Knob[], seen: Seen): Change[] {
  const merged = COUNTERS.some((path) => Number(seen.text(path) ?? 0) > 0);
  const off = state === 'off' ? turnOff(seen) : undefined;
  const run = off ? '2' : (seen.text(RUN) ?? '').trim();
  const early = setKnobs(
    seen,
    knobs.filter(({ path }) => !needsUnmerged(path)),
  );
  const late = knobs
    .filter(({ path }) => needsUnmerged(path))
    .flatMap((knob) => setKnob(seen, { ...knob, hints: { EBUSY: BUSY } }) ?? [])
    .map((change) => (run === '1' || (merged && run !== '2') ? whileUnmerged(change, run) : change));
  const on = state === 'on' ? turnOn(seen, merged) : undefined;
  return [off, ...early, ...late, on].filter((change) => change !== undefined);
}

const needsUnmerged = (path: string): boolean => UNMERGED_ONLY.some((name) => path === `${KSM}/${name}`);

const poke = (path: string, value: string) => ({ do: 'poke', path, value }) as const;

/** Unmerge, change, and let KSM run as it did. */
function whileUnmerged(change: Change, run: string): Change {
  const bracket = (actions: Change['undo']) =>
    'impossible' in actions ? actions : [poke(RUN, '2'), ...actions, poke(RUN, run)];
  return {
    ...change,
    do: [poke(RUN, '2'), ...change.do, poke(RUN, run)],
    undo: bracket(change.undo),
    impact: 'guest-latency',
    disturbs: COUNTERS.map(file),
  };
}

function turnOff(seen: Seen): Change | undefined {
  const was = (seen.text(RUN) ?? '').trim();
  const pages = Number(seen.text(SHARING) ?? 0);
  if (was !== '1' && pages === 0) return undefined;
  // KSM merges base pages; at more than 4 KiB each this is too little, and the kernel says so by itself.
  const need = pages * 4;
  const available = Number(
    /^MemAvailable:\s+(\d+) kB/m.exec(seen.text(MEMINFO) ?? '')?.[1] ?? Number.POSITIVE_INFINITY,
  );
  if (need > available)
    throw new Problem(
      'NotEnoughMemory',
      `unmerging ${pages} pages takes ${mebibytes(need)}, and ${mebibytes(available)} are available`,
      'stop guests or move them away first',
    );
  const cost = pages > 0 ? `, unmerges ${pages} pages (${mebibytes(need)})` : '';
  const impact = pages > 0 ? 'guest-latency' : 'none';
  const disturbs = COUNTERS.map(file);
  if (was !== '2')
    return pokeKnob({
      path: RUN,
      before: seen.raw(RUN),
      value: '2',
      summary: `ksm.run: ${was} → 2${cost}`,
      impact,
      disturbs,
    });
  return {
    target: file(SHARING),
    plane: 'live',
    summary: `ksm.pages_sharing: ${pages} → 0${cost}`,
    before: seen.raw(SHARING),
    after: text('0\n'),
    do: [poke(RUN, '2')],
    undo: { impossible: 'pages are merged again by KSM alone, when it runs' },
    impact,
    disturbs,
  };
}

const mebibytes = (kib: number): string => `${Math.ceil(kib / 1024)} MiB`;

function turnOn(seen: Seen, merged: boolean): Change | undefined {
  const knob: Knob = { path: RUN, label: 'ksm.run', value: '1', impact: 'guest-latency', disturbs: COUNTERS.map(file) };
  const idle = seen.text(RUN)?.trim() === '0' && !merged;
  // 0 alone would keep what is merged by then.
  return setKnob(seen, { ...knob, ...(idle && { undo: [poke(RUN, '2'), poke(RUN, '0')] }) });
}
