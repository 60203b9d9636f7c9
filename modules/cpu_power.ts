import { z } from 'zod';
import { cpuList, dropInFile, flag, planes } from '../src/contract/fields.ts';
import {
  clockRivalProbes,
  clockRivals,
  cpuSet,
  defineModule,
  file,
  formatCpuSet,
  glob,
  type Knob,
  knobsHere,
  lateDriverProbes,
  Problem,
  parseCpuSet,
  persistKnobs,
  persistLate,
  planOf,
  type Seen,
  sameKnob,
  sameUnit,
  setKnob,
  type TunedSetting,
  tmpfilesProbes,
  tunedNotes,
  tunedProbes,
} from '../src/contract/index.ts';

const CPU = '/sys/devices/system/cpu';
const POLICY = `${CPU}/cpufreq/policy`;
const BOOST = `${CPU}/cpufreq/boost`;
const NO_TURBO = `${CPU}/intel_pstate/no_turbo`;
const LATENCY = 'power/pm_qos_resume_latency_us';

/** These choose frequencies themselves: under their governor `performance` they refuse any other preference (EBUSY). */
const ACTIVE_DRIVERS = ['intel_pstate', 'amd-pstate-epp', 'amd_pstate_epp'];
const OWN_PREFERENCE = 'n/a under the governor performance, which sets it itself';

const Word = z.string().regex(/^[a-z][a-z_]*$/, 'expected one word, such as performance');
const Frequency = z
  .union([z.enum(['min', 'max']), z.string().regex(/^\d+(\.\d+)?\s*[MG]Hz$/)], {
    error: 'expected a frequency with its unit, such as 2.4GHz, or `min` or `max` for what the CPU can',
  })
  .transform((text) => (text === 'min' || text === 'max' ? text : kilohertz(text)));

const Params = z
  .strictObject({
    cpus: cpuList()
      .optional()
      .describe('Only these CPUs, as `0-3,8`. CPUs that share a clock are set together. Default: all.'),
    governor: Word.optional().describe('`performance`, `powersave`, `schedutil` … as the driver offers them.'),
    energy_performance_preference: z
      .union([Word, z.int().min(0).max(255)])
      .transform(String)
      .optional()
      .describe('`performance`, `balance_performance` … or 0 to 255, for hardware that chooses by itself (HWP, CPPC).'),
    min_freq: Frequency.optional().describe('`1.2GHz`, `800MHz`, or `min` or `max`: what the CPU can.'),
    max_freq: Frequency.optional().describe('`3GHz`, or `min` or `max`.'),
    boost: flag().optional().describe('Whether clocks may go above the nominal one (Turbo). Of the whole host.'),
    resume_latency: z
      .union([z.enum(['zero', 'unlimited']), z.int().min(1, { abort: true }), z.string().regex(/^[1-9]\d*$/)], {
        error: 'expected microseconds, `zero` or `unlimited`',
      })
      .transform((value) => (value === 'zero' ? 'n/a' : value === 'unlimited' ? '0' : String(value)))
      .optional()
      .describe('How long waking from a C-state may take, in microseconds; `zero`: CPUs poll and never sleep.'),
    file: dropInFile('tmpfiles.d', 'kvmplay-cpu_power'),
    ...planes,
  })
  .refine(
    ({ cpus: _, file: _file, live: _live, persistent: _persistent, ...settings }) =>
      Object.values(settings).some((one) => one !== undefined),
    'expected a setting such as `governor`',
  )
  .refine(
    ({ min_freq: min, max_freq: max }) => typeof min !== 'number' || typeof max !== 'number' || min <= max,
    'expected `min_freq` to be no higher than `max_freq`',
  );
type Params = z.infer<typeof Params>;

function kilohertz(text: string): number {
  const [, amount = '', unit] = /^([\d.]+)\s*([MG])Hz$/.exec(text) ?? [];
  return Math.round(Number(amount) * (unit === 'G' ? 1e6 : 1e3));
}

export const cpu_power = defineModule({
  name: 'cpu_power',
  summary: 'Set the clocks of CPUs and how deep they sleep: governor, energy preference, limits, boost, C-states.',
  notes: `
For hosts of guests that mind latency: \`governor: performance\`, and \`resume_latency\` on the guests' CPUs only, since CPUs that never
sleep leave no thermal room for the others to boost. \`resume_latency: zero\` writes \`n/a\` and \`unlimited\` writes 0, as the kernel has it.

Virtual machines and machines whose firmware keeps the clocks to itself have no such settings: n/a. tuned writes the same files.`,
  params: Params,
  reads: (params) => ({
    ...Object.fromEntries(
      [
        ...['scaling_driver', 'affected_cpus', 'scaling_governor', 'scaling_available_governors', 'boost'],
        ...['energy_performance_preference', 'energy_performance_available_preferences'],
        ...['scaling_min_freq', 'scaling_max_freq', 'cpuinfo_min_freq', 'cpuinfo_max_freq'],
      ].map((name) => [name, glob(`${POLICY}*/${name}`)]),
    ),
    [BOOST]: file(BOOST),
    [NO_TURBO]: file(NO_TURBO),
    latency: glob(`${CPU}/cpu[0-9]*/${LATENCY}`),
    ...tunedProbes,
    ...clockRivalProbes,
    ...(params.persistent && tmpfilesProbes(params.file)),
    ...(params.persistent && lateDriverProbes(params.file)),
  }),
  plan(params, seen) {
    const policies = policiesOf(params, seen);
    const asked = knobsOf(params, policies, seen);
    const { here: knobs, notes: missing } = knobsHere(seen, asked.knobs);
    const notes = [...asked.notes, ...missing];
    if (knobs.length === 0) return { changes: [], na: notes.join('; ') };
    const live = params.live ? knobs.flatMap((knob) => setKnob(seen, knob) ?? []) : [];
    const boot = params.persistent ? persistKnobs(seen, params.file, merged(knobs, params, seen)) : NO_BOOT;
    const clocks = knobs.some(({ path }) => path.startsWith(POLICY));
    const unit = params.persistent && clocks ? persistLate(seen, params.file) : [];
    if (clocks) notes.push(...clockRivals(seen));
    return planOf([...live, ...boot.changes, ...unit], boot.pending, [
      ...notes,
      ...tunedNotes(seen, (one) => alsoSets(params, one)),
    ]);
  },
  same: (probe, a, b) => (probe.kind === 'command' ? sameUnit(a, b) : sameKnob(a, b)),
  examples: [
    {
      title: 'Full speed, and no deep sleep on the CPUs of guests',
      params: { governor: 'performance', boost: true, min_freq: 'max', resume_latency: 20 },
      host: {
        ...machine('acpi-cpufreq', 'ondemand', [0, 1]),
        '/sys/module/acpi_cpufreq/initstate': 'live\n',
        [BOOST]: '0\n',
      },
    },
    {
      title: 'Hardware that chooses by itself',
      params: { governor: 'powersave', energy_performance_preference: 'balance_performance', boost: false },
      host: {
        ...machine('intel_pstate', 'performance', [0, 1]),
        [NO_TURBO]: '0\n',
        ...Object.fromEntries(
          [0, 1].flatMap((id) => [
            [`${POLICY}${id}/energy_performance_preference`, 'performance\n'],
            [
              `${POLICY}${id}/energy_performance_available_preferences`,
              'default performance balance_performance balance_power power \n',
            ],
          ]),
        ),
      },
    },
    {
      title: 'A steady clock for some CPUs, which may sleep as they like',
      params: { cpus: '1', min_freq: '1.2GHz', max_freq: '2GHz', resume_latency: 'unlimited' },
      host: machine('acpi-cpufreq', 'schedutil', [0, 1]),
    },
  ],
});

const NO_BOOT = { changes: [], pending: [] };

/** CPUs that share a clock. */
interface Policy {
  readonly path: string;
  readonly id: number;
}

function policiesOf({ cpus }: Params, seen: Seen): readonly Policy[] {
  return [...seen.files('affected_cpus')].flatMap(([path, list]) => {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const chosen = cpus === undefined || parseCpuSet(list).some((cpu) => cpus.includes(cpu));
    return chosen ? [{ path: folder, id: Number(folder.slice(POLICY.length)) }] : [];
  });
}

/** What is to be set here, in an order in which the kernel takes it. */
function knobsOf(params: Params, policies: readonly Policy[], seen: Seen): { knobs: Knob[]; notes: string[] } {
  const notes: string[] = [];
  const knobs: Knob[] = [];
  const clocks = [params.governor, params.energy_performance_preference, params.min_freq, params.max_freq];
  if (policies.length === 0 && clocks.some((one) => one !== undefined))
    notes.push('no driver sets the clocks of these CPUs');
  if (params.boost !== undefined) knobs.push(...boostKnobs(params.boost, policies, seen, notes));
  for (const policy of policies) {
    knobs.push(...governorKnobs(params, policy, seen));
    knobs.push(...preferenceKnobs(params, policy, seen, notes));
    knobs.push(...limitKnobs(params, policy, seen));
  }
  if (params.resume_latency !== undefined) knobs.push(...latencyKnobs(params, seen, notes));
  return { knobs, notes };
}

/** Options of tuned's plugin `cpu` that write the same files. */
const TUNED: Readonly<Record<string, readonly (keyof Params)[]>> = {
  governor: ['governor'],
  energy_perf_bias: ['energy_performance_preference'],
  energy_performance_preference: ['energy_performance_preference'],
  min_perf_pct: ['min_freq'],
  max_perf_pct: ['max_freq'],
  no_turbo: ['boost'],
  boost: ['boost'],
  pm_qos_resume_latency_us: ['resume_latency'],
};

const alsoSets = (params: Params, { plugin, key }: TunedSetting): string | undefined =>
  plugin === 'cpu' ? TUNED[key]?.find((name) => params[name] !== undefined) : undefined;

function boostKnobs(boost: boolean, policies: readonly Policy[], seen: Seen, notes: string[]): Knob[] {
  // It moves the highest clock there is.
  const disturbs = policies.flatMap(({ path }) =>
    ['cpuinfo_max_freq', 'scaling_max_freq'].map((name) => file(`${path}/${name}`)),
  );
  const hints = { EPERM: 'boost is switched off in the firmware', EINVAL: 'boost is switched off in the firmware' };
  const knob = (path: string, on: boolean): Knob => ({ path, label: 'boost', value: on ? '1' : '0', disturbs, hints });
  if (seen.text(BOOST) !== undefined) return [knob(BOOST, boost)];
  if (seen.text(NO_TURBO) !== undefined) return [{ ...knob(NO_TURBO, !boost), label: 'no_turbo' }];
  const own = seen.files('boost');
  const each = policies.filter(({ path }) => own.has(`${path}/boost`));
  if (each.length === 0) notes.push('boost: n/a, this machine does not let it be set');
  return each.map(({ path, id }) => ({ ...knob(`${path}/boost`, boost), label: `policy${id}.boost` }));
}

function governorKnobs({ governor }: Params, { path, id }: Policy, seen: Seen): Knob[] {
  if (governor === undefined) return [];
  const offered = wordsOf(seen, `${path}/scaling_available_governors`);
  if (offered.length > 0 && !offered.includes(governor))
    throw new Problem(
      'NotOffered',
      `CPU clock policy ${id} has no governor "${governor}"`,
      `choose one of: ${offered.join(', ')}`,
    );
  const preference = `${path}/energy_performance_preference`;
  const disturbs = seen.textAt(preference) === undefined ? {} : { disturbs: [file(preference)] };
  return [{ path: `${path}/scaling_governor`, label: `policy${id}.governor`, value: governor, ...disturbs }];
}

function preferenceKnobs(params: Params, { path, id }: Policy, seen: Seen, notes: string[]): Knob[] {
  const wanted = params.energy_performance_preference;
  if (wanted === undefined) return [];
  const label = `policy${id}.energy_performance_preference`;
  const now = seen.textAt(`${path}/energy_performance_preference`);
  const governor = params.governor ?? seen.textAt(`${path}/scaling_governor`)?.trim();
  const driver = seen.textAt(`${path}/scaling_driver`)?.trim() ?? '';
  if (now === undefined) notes.push(`${label}: n/a, this machine has no such preference`);
  else if (governor === 'performance' && ACTIVE_DRIVERS.includes(driver)) notes.push(`${label}: ${OWN_PREFERENCE}`);
  else {
    const offered = wordsOf(seen, `${path}/energy_performance_available_preferences`);
    if (offered.length > 0 && !offered.includes(wanted) && !/^\d+$/.test(wanted))
      throw new Problem('NotOffered', `${label}: no "${wanted}" here`, `choose one of: ${offered.join(', ')}`);
    return [{ path: `${path}/energy_performance_preference`, label, value: wanted }];
  }
  return [];
}

/** The kernel wants min ≤ max at every moment: what makes room goes first. */
function limitKnobs(params: Params, { path, id }: Policy, seen: Seen): Knob[] {
  const read = (name: string) => Number(seen.textAt(`${path}/${name}`) ?? Number.NaN);
  const [lowest, highest] = [read('cpuinfo_min_freq'), read('cpuinfo_max_freq')];
  const knob = (name: 'min' | 'max', wanted: number | 'min' | 'max' | undefined): Knob[] => {
    if (wanted === undefined || Number.isNaN(lowest)) return [];
    const value = wanted === 'min' ? lowest : wanted === 'max' ? highest : wanted;
    if (value < lowest || value > highest)
      throw new Problem(
        'OutOfRange',
        `policy${id}.${name}_freq: ${megahertz(value)} cannot be had`,
        `this CPU has ${megahertz(lowest)} to ${megahertz(highest)}`,
      );
    return [{ path: `${path}/scaling_${name}_freq`, label: `policy${id}.${name}_freq`, value: String(value) }];
  };
  const [min, max] = [knob('min', params.min_freq), knob('max', params.max_freq)];
  return Number(min[0]?.value ?? 0) > read('scaling_max_freq') ? [...max, ...min] : [...min, ...max];
}

function latencyKnobs({ cpus, resume_latency: value = '' }: Params, seen: Seen, notes: string[]): Knob[] {
  const all = [...seen.files('latency').keys()].map((path) => ({ path, cpu: Number(/\/cpu(\d+)\//.exec(path)?.[1]) }));
  const chosen = all.filter(({ cpu }) => cpus === undefined || cpus.includes(cpu));
  if (chosen.length === 0) notes.push('resume_latency: n/a, this kernel takes no limit for these CPUs');
  return chosen.map(({ path, cpu }) => ({
    path,
    label: `cpu${cpu}.resume_latency_us`,
    value,
    impact: 'guest-latency',
  }));
}

/** For the next boots: one line with a pattern for what every CPU is to have alike, so that CPUs to come have it too. */
function merged(knobs: readonly Knob[], { cpus }: Params, seen: Seen): Knob[] {
  if (cpus !== undefined) return [...knobs];
  const policies = seen.files('affected_cpus').size;
  const latencies = seen.files('latency').size;
  const patterns = new Map<string, Knob[]>();
  for (const knob of knobs) {
    const pattern = knob.path.replace(/\/(policy|cpu)\d+\//, '/$1*/').replace('/cpu*/', '/cpu[0-9]*/');
    patterns.set(pattern, [...(patterns.get(pattern) ?? []), knob]);
  }
  return [...patterns].flatMap(([path, alike]) => {
    const [first] = alike;
    const every = alike.length === (path.endsWith(LATENCY) ? latencies : policies);
    const same = alike.every(({ value }) => value === first?.value);
    return first && path !== first.path && every && same ? [{ ...first, path }] : alike;
  });
}

const megahertz = (khz: number): string => `${khz / 1000} MHz`;

const wordsOf = (seen: Seen, path: string): readonly string[] =>
  seen.textAt(path)?.trim().split(/\s+/).filter(Boolean) ?? [];

/** An example's machine, each CPU with a clock of its own. */
function machine(driver: string, governor: string, cpus: readonly number[]): Record<string, string> {
  return Object.fromEntries(
    cpuSet(cpus).flatMap((cpu) => [
      [`${POLICY}${cpu}/scaling_driver`, `${driver}\n`],
      [`${POLICY}${cpu}/affected_cpus`, `${formatCpuSet([cpu])}\n`],
      [`${POLICY}${cpu}/scaling_governor`, `${governor}\n`],
      [
        `${POLICY}${cpu}/scaling_available_governors`,
        `performance powersave ${driver === 'intel_pstate' ? '' : 'ondemand schedutil'}\n`,
      ],
      [`${POLICY}${cpu}/cpuinfo_min_freq`, '800000\n'],
      [`${POLICY}${cpu}/cpuinfo_max_freq`, '3000000\n'],
      [`${POLICY}${cpu}/scaling_min_freq`, '800000\n'],
      [`${POLICY}${cpu}/scaling_max_freq`, '3000000\n'],
      [`${CPU}/cpu${cpu}/${LATENCY}`, '0\n'],
    ]),
  );
}
