import { z } from 'zod';
import { dropInFile, flag, planes } from '../src/contract/fields.ts';
import {
  type Change,
  defineModule,
  dir,
  dropInProbes,
  file,
  type Knob,
  knobProbes,
  type LineFormat,
  nearest,
  numadNotes,
  numadProbes,
  overridden,
  type Pending,
  Problem,
  planOf,
  presetTable,
  presetValues,
  rivalsOf,
  type Seen,
  SYSCTL_PRESET_NAMES,
  sameKnob,
  setDropIn,
  setKnobs,
  tunedNotes,
  tunedProbes,
} from '../src/contract/index.ts';

const RELEASE = '/proc/sys/kernel/osrelease';

/** Where the kernel is silent or odd, the range it means. Source: Documentation/admin-guide/sysctl/vm.rst. */
const RANGES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  'vm.zone_reclaim_mode': [0, 7],
  'vm.swappiness': [0, 200],
};

/** Each makes its twin 0 when it is set to something else than 0. */
const TWINS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['vm.dirty_bytes', 'vm.dirty_ratio'],
    ['vm.dirty_background_bytes', 'vm.dirty_background_ratio'],
  ].flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
);

/** Keys that may cut connections, of guests too. */
const ROUTING = /^net\.(ipv[46]\.(ip_forward|conf\.)|bridge\.)/;

/** `net.ipv4.conf.eth0/100.forwarding` → `net/ipv4/conf/eth0.100/forwarding`: whichever of . and / comes first separates. */
function pathOf(key: string): string {
  const first = /[./]/.exec(key)?.[0];
  return first === '.' ? swapped(key) : key;
}

const swapped = (text: string) => text.replaceAll(/[./]/g, (one) => (one === '.' ? '/' : '.'));
const dotted = (key: string) => swapped(pathOf(key));
const procPath = (key: string) => `/proc/sys/${pathOf(key)}`;

/** Lines of sysctl.d(5): `key = value`; `-key = value`: a refusal does not matter; `-key`: not set by a pattern. */
const ASSIGNMENTS: LineFormat = {
  parse: (line) => {
    const [, minus, key, value] = /^\s*(-?)([^-#;=\s][^=]*?)\s*(?:=\s*(.*?)\s*)?$/.exec(line) ?? [];
    if (key === undefined || (value === undefined && minus === '')) return [];
    return [{ key: dotted(key), value }];
  },
  print: (key, value) => `${key} = ${value}`,
  same: sameKnob,
};

const Key = z
  .string()
  .regex(/^[^\s=#;./*][^\s=#;*]*$/, 'expected a key such as vm.swappiness')
  .refine(
    (key) =>
      !pathOf(key)
        .split('/')
        .some((part) => ['', '.', '..'].includes(part)),
    'a part of this key is empty',
  );
const Value = z
  .union([z.string(), z.number(), z.boolean()], { error: 'expected a number or a text' })
  .refine(
    (value) => !Number.isInteger(value) || Number.isSafeInteger(value),
    'too large for a number: put it in quotes',
  )
  .transform((value) => (typeof value === 'boolean' ? String(Number(value)) : String(value).trim()))
  .refine((value) => !/[\n\0]/.test(value), 'expected a single line')
  .refine((value) => !/(^|\s)-?0[0-9]+(\s|$)/.test(value), 'the kernel takes a leading zero for octal: leave it out');

const Params = z
  .strictObject({
    name: Key.optional().describe('One key, with dots or slashes as sysctl(8) takes them: `vm.swappiness`.'),
    value: Value.optional().describe('What `name` shall be, in the unit that the kernel documents for it.'),
    values: z.record(Key, Value).optional().describe('Many keys, each with its value. Either this or `name`.'),
    preset: z
      .enum(SYSCTL_PRESET_NAMES)
      .optional()
      .describe(
        'A set of figures that fit together, listed above. `values` have the last word over it; keys that a kernel lacks are passed over.',
      ),
    state: z
      .enum(['present', 'absent'])
      .prefault('present')
      .describe('`absent` takes the keys out of `file`, and leaves the running kernel and other files as they are.'),
    ignore_missing: flag().prefault(false).describe('Whether a key that this kernel does not have is passed over.'),
    file: dropInFile('sysctl.d', '90-kvmplay'),
    ...planes,
  })
  .superRefine((params, context) => {
    const say = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const many = params.values !== undefined || params.preset !== undefined;
    if ((params.name === undefined) !== many) say([], 'expected either `name`, or `values` or a `preset`');
    if (params.name !== undefined && params.value === undefined && params.state === 'present')
      say(['value'], 'expected a value');
    const asked = askedBy(params);
    for (const [key, value] of asked) {
      const path = params.values ? ['values', key] : ['value'];
      const [min, max] = RANGES[dotted(key)] ?? [];
      if (min !== undefined && max !== undefined && !(Number(value) >= min && Number(value) <= max))
        say(path, `${key} takes ${min} to ${max}`);
      const rival = asked.find(([other, what]) => dotted(other) === TWINS[dotted(key)] && Number(what) > 0);
      if (rival && Number(value) > 0) say(path, `${key} and ${rival[0]} make each other 0: give one of them`);
    }
  });
type Params = z.infer<typeof Params>;

/** Keys and values as they were written. */
function askedBy({ name, value = '', values }: Pick<Params, 'name' | 'value' | 'values'>): [string, string][] {
  return Object.entries(values ?? (name === undefined ? {} : { [name]: value }));
}

/** What shall be, by dotted key. A 0 that follows from the twin's value is left to follow. */
function wantedBy(params: Params): Map<string, string> {
  const asked = new Map(askedBy(params).map(([key, value]) => [dotted(key), value]));
  const preset = presetValues(params.preset).filter(([key]) => !asked.has(TWINS[key] ?? ''));
  const all = new Map([...preset, ...asked]);
  const follows = (key: string, value: string) => Number(value) === 0 && Number(all.get(TWINS[key] ?? '')) > 0;
  return new Map([...all].filter(([key, value]) => !follows(key, value)));
}

/** Moves guests' memory over nodes as it likes, and so does numad. */
const BALANCING = 'kernel.numa_balancing';

export const sysctl = defineModule({
  name: 'sysctl',
  summary: 'Set kernel parameters, now and at every boot.',
  notes: `
Written to \`/proc/sys\`, and to a file of its own in \`/etc/sysctl.d\` that several tasks may share. A file that systemd-sysctl reads after
it and that says otherwise is shown as pending, with its line: only a person can tell who is right.

\`vm.dirty_bytes\` and \`vm.dirty_ratio\` (and the two \`vm.dirty_background_*\`) make each other 0. Setting one takes the other out of the file.

${presetTable()}`,
  params: Params,
  reads(params, seen) {
    const live = params.live && params.state === 'present' ? [...wantedBy(params).keys()] : [];
    const twins = live.flatMap((key) => TWINS[key] ?? []);
    const lost = live.filter((key) => seen.has(procPath(key)) && seen.raw(procPath(key)).is === 'absent');
    const around = params.ignore_missing ? [] : lost.flatMap((key) => parentsOf(procPath(key)));
    return {
      ...knobProbes([...live, ...twins].map(procPath)),
      ...(live.includes('vm.swappiness') && { [RELEASE]: file(RELEASE) }),
      ...(params.state === 'present' && tunedProbes),
      ...(live.includes(BALANCING) && numadProbes),
      ...(params.persistent && dropInProbes('sysctl.d', params.file)),
      ...Object.fromEntries(around.map((path) => [path, dir(path)])),
    };
  },
  plan(params, seen) {
    const wanted = wantedBy(params);
    if (params.state === 'absent')
      return planOf(params.persistent ? setLines(params, wanted.keys(), new Map(), seen) : []);
    const missing = params.live ? [...wanted.keys()].filter((key) => seen.text(procPath(key)) === undefined) : [];
    const own = askedBy(params).map(([key]) => dotted(key));
    const [unknown] = missing.filter((key) => own.includes(key));
    requireSwappiness(wanted.get('vm.swappiness'), seen);
    if (unknown !== undefined && !params.ignore_missing)
      throw new Problem('UnknownKey', `this kernel has no ${missing.join(', ')}`, nearestKey(unknown, seen));
    const notes = missing.map((key) => `${key}: n/a, this kernel does not have it`);
    if (missing.length === wanted.size) return { changes: [], na: notes.join('; ') };
    for (const key of missing) wanted.delete(key);
    notes.push(
      ...tunedNotes(seen, ({ plugin, key }) =>
        plugin === 'sysctl' && wanted.has(dotted(key)) ? dotted(key) : undefined,
      ),
    );

    if (params.live && Number(wanted.get(BALANCING)) > 0) notes.push(...numadNotes(seen, `${BALANCING}: `));

    const live = params.live
      ? setKnobs(
          seen,
          [...wanted].map(([key, value]) => knobOf(key, value, seen)),
        )
      : [];
    if (!params.persistent) return planOf(live, [], notes);
    return planOf([...live, ...setLines(params, [], wanted, seen)], overruled(params, wanted, seen), notes);
  },
  same: (probe, a, b) => probe.kind === 'file' && probe.path.startsWith('/proc/sys/') && sameKnob(a, b),
  examples: [
    {
      title: 'One key',
      params: { name: 'vm.swappiness', value: 10 },
      host: { '/proc/sys/vm/swappiness': '60\n', '/etc/sysctl.d/10-local.conf': 'vm.swappiness = 30\n' },
    },
    {
      title: 'Many keys, some of which a kernel may lack',
      params: {
        values: {
          'vm.zone_reclaim_mode': 0,
          'kernel.numa_balancing': 0,
          'net.ipv4.tcp_rmem': '4096 131072 6291456',
          'net.ipv4.conf.eth0/100.rp_filter': 2,
        },
        ignore_missing: true,
      },
      host: {
        '/proc/sys/vm/zone_reclaim_mode': '1\n',
        '/proc/sys/net/ipv4/tcp_rmem': '4096\t87380\t6291456\n',
        '/proc/sys/net/ipv4/conf/eth0.100/rp_filter': '0\n',
        '/etc/sysctl.d/90-kvmplay.conf': '# ours\nvm.zone_reclaim_mode=1\nkernel.sysrq = 0\n',
        '/etc/sysctl.conf': 'vm.zone_reclaim_mode = 1\n',
        '/etc/sysctl.d/99-sysctl.conf': { link: '../sysctl.conf' },
      },
    },
    {
      title: 'What is advised for guests that are pinned, but for one figure',
      params: { preset: 'pinned-guests', values: { 'vm.swappiness': 1 } },
      host: {
        '/proc/sys/vm/swappiness': '60\n',
        '/proc/sys/vm/zone_reclaim_mode': '0\n',
        '/proc/sys/vm/dirty_ratio': '20\n',
        '/proc/sys/vm/dirty_bytes': '0\n',
        '/proc/sys/vm/dirty_background_ratio': '10\n',
        '/proc/sys/vm/dirty_background_bytes': '0\n',
        '/proc/sys/kernel/osrelease': { text: '6.1.0-18-amd64\n', mode: '0444' },
      },
    },
    {
      title: 'A limit in bytes, which puts the one in percent out of force',
      params: { name: 'vm.dirty_background_bytes', value: '268435456' },
      host: {
        '/proc/sys/vm/dirty_background_bytes': '0\n',
        '/proc/sys/vm/dirty_background_ratio': '10\n',
        '/etc/sysctl.d/90-kvmplay.conf': 'vm.dirty_background_ratio = 10\n',
      },
    },
    {
      title: 'Leave a key to the other files at the next boot',
      params: { name: 'vm.swappiness', state: 'absent' },
      host: { '/proc/sys/vm/swappiness': '10\n', '/etc/sysctl.d/90-kvmplay.conf': 'vm.swappiness = 10\n' },
    },
  ],
});

/** Before 5.8 it was a percentage. Source: commit c843966c556d. */
function requireSwappiness(value: string | undefined, seen: Seen): void {
  const release = value === undefined || !seen.has(RELEASE) ? undefined : seen.text(RELEASE);
  const [major = 0, minor = 0] = release?.split('.').map(Number) ?? [];
  if (release === undefined || Number(value) <= 100 || major > 5 || (major === 5 && minor >= 8)) return;
  throw new Problem(
    'OutOfRange',
    `vm.swappiness takes 0 to 100 on this kernel, ${release.trim()}`,
    'up to 200 from kernel 5.8 on',
  );
}

function knobOf(key: string, value: string, seen: Seen): Knob {
  const path = procPath(key);
  const impact = ROUTING.test(key) ? 'network-blip' : 'none';
  const twin = TWINS[key] === undefined ? undefined : procPath(TWINS[key]);
  if (twin === undefined) return { path, label: key, value, impact };
  const was = seen.text(twin)?.trim() ?? '0';
  const back = was !== '0' && seen.text(path)?.trim() === '0';
  const undo: Change['undo'] = [{ do: 'poke', path: twin, value: was }];
  return { path, label: key, value, impact, disturbs: [file(twin)], ...(back && { undo }) };
}

/** What our file says afterwards. A twin's line goes, or it would undo at boot what is asked here. */
function setLines(params: Params, gone: Iterable<string>, wanted: ReadonlyMap<string, string>, seen: Seen): Change[] {
  const twins = [...wanted.keys()].flatMap((key) => TWINS[key] ?? []);
  const lines = new Map<string, string | undefined>([...gone, ...twins].map((key) => [key, undefined]));
  for (const [key, value] of wanted) lines.set(key, value);
  const change = setDropIn(seen, params.file, ASSIGNMENTS, lines);
  return change ? [change] : [];
}

/** What a file that is read after ours makes of these keys. A pattern (`net.*.x`) never overrules a key in full. */
function overruled({ file: ours }: Params, wanted: ReadonlyMap<string, string>, seen: Seen): Pending[] {
  const rivals = rivalsOf(seen, 'sysctl.d', ours, ASSIGNMENTS, 'last');
  return [...wanted].flatMap(([key, value]) => {
    const last = rivals.find((rival) => rival.key === key || (rival.key === TWINS[key] && Number(rival.value) > 0));
    const agrees = !last || (last.key === key && last.value !== undefined && sameKnob(last.value, value));
    return agrees ? [] : [overridden(key, value, last, ASSIGNMENTS)];
  });
}

const parentsOf = (path: string): string[] => {
  const parent = path.slice(0, path.lastIndexOf('/'));
  return parent === '/proc/sys' ? [parent] : [...parentsOf(parent), parent];
};

/** The key with the first part that does not exist put right. */
function nearestKey(key: string, seen: Seen): string {
  const path = procPath(key);
  const stop = parentsOf(path).findLast((parent) => seen.names(parent));
  const [part = '', ...rest] = path.slice((stop?.length ?? 0) + 1).split('/');
  const right = stop === undefined ? undefined : nearest(part, seen.names(stop) ?? []);
  if (right === undefined) return 'load the kernel module that brings it first, or set `ignore_missing: true`';
  return `did you mean "${dotted([stop, right, ...rest].join('/').slice('/proc/sys/'.length))}"?`;
}
