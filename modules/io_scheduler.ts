import { z } from 'zod';
import { integer, planes, words } from '../src/contract/fields.ts';
import {
  BLOCK,
  type Change,
  chosenDisks,
  defineModule,
  diskProbes,
  diskThing,
  file,
  glob,
  type Knob,
  type LineFormat,
  offeredBy,
  Problem,
  planOf,
  type Seen,
  sameKnob,
  selectedOf,
  setDropIn,
  setKnob,
  setKnobs,
  type TunedSetting,
  tunedNotes,
  tunedProbes,
  udevMatches,
  udevProbes,
} from '../src/contract/index.ts';

const RULES = '/etc/udev/rules.d/66-kvmplay-ioscheduler.rules';

/** What one kernel calls by another's name, nearest first. Source: block/elevator.c of both eras. */
const ALIASES: Readonly<Record<string, string>> = {
  deadline: 'mq-deadline',
  'mq-deadline': 'deadline',
  noop: 'none',
  none: 'noop',
  cfq: 'bfq',
};

/** Come as kernel modules: a kernel may load them though it does not list them yet. */
const LOADABLE = ['bfq', 'kyber', 'mq-deadline'];

const Queue = z.object({
  tunables: z
    .record(z.string().regex(/^\w+$/), z.union([z.string().regex(/^[^"\n]+$/), z.number()]).transform(String))
    .prefault({})
    .describe(
      'Settings of the scheduler, as `/sys/block/*/queue/iosched` names them. A switch of scheduler resets the rest.',
    ),
  nr_requests: integer(4).optional().describe('Requests that may wait in the queue. A switch of scheduler resets it.'),
  read_ahead_kb: integer()
    .refine((kib) => kib % 4 === 0, 'expected a multiple of 4: the kernel counts in pages')
    .optional()
    .describe('Read ahead, in KiB.'),
  rq_affinity: integer(0, 2)
    .optional()
    .describe('0: complete where the interrupt lands; 1: in the CPU group that asked; 2: on the very CPU that asked.'),
});

const Params = z
  .strictObject({
    devices: words()
      .refine(
        (all) => all.every((one) => /^[\w.*?[\]!:+/-]+$/.test(one)),
        'expected names such as sda, nvme* or /dev/disk/by-id/…',
      )
      .optional()
      .describe(
        'Disks by name, shell pattern or `/dev/disk/by-id/…` (which stays the same over boots). A list, or text with commas.',
      ),
    class: z
      .enum(['rotational', 'hdd', 'ssd', 'nvme', 'virtio', 'members'])
      .optional()
      .describe(
        '`rotational` (`hdd` is the same) and `ssd`: SATA and SAS, by `queue/rotational`; `members`: disks that device-mapper or md devices stand on, all such or those of `devices`.',
      ),
    scheduler: z
      .string()
      .regex(/^[\w-]+$/, 'expected one word, such as none')
      .optional()
      .describe(
        '`none`, `mq-deadline`, `bfq`, `kyber`; on old kernels `noop`, `deadline`, `cfq`. What was renamed is taken by either name.',
      ),
    ...Queue.shape,
    file: z
      .string()
      .regex(/^\/etc\/udev\/rules\.d\/[^/]+\.rules$/, 'expected a path like /etc/udev/rules.d/NAME.rules')
      .prefault(RULES)
      .describe('The udev rules that set it for every disk that comes. Other lines in it are kept as they are.'),
    ...planes,
  })
  .refine((params) => params.devices !== undefined || params.class !== undefined, 'expected `devices` or `class`')
  .refine(
    (params) => attributesOf(params).length > 0 || params.scheduler !== undefined,
    'expected `scheduler`, or another setting of the queue',
  );
type Params = z.infer<typeof Params>;

/** What is asked beside the scheduler, by its name under queue/. Those that a switch of scheduler resets come first. */
function attributesOf({ tunables, nr_requests, read_ahead_kb, rq_affinity }: z.infer<typeof Queue>) {
  const inside = Object.entries(tunables).map(([name, value]) => [`iosched/${name}`, value] as const);
  const all = [
    ['nr_requests', nr_requests],
    ...inside,
    ['read_ahead_kb', read_ahead_kb],
    ['rq_affinity', rq_affinity],
  ] as const;
  return all.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: String(value) }]));
}

const isReset = (name: string) => name === 'nr_requests' || name.startsWith('iosched/');

/** A line sets one attribute of the disks that all its conditions match. The conditions and the attribute are the key. */
const RULE: LineFormat = {
  parse: (line) => {
    const [, key, value] = /^\s*(.*==.*,\s*ATTR\{[^}]+\})="([^"]*)"\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [{ key, value }];
  },
  print: (key, value) => `${key}="${value}"`,
  same: sameKnob,
};

export const io_scheduler = defineModule({
  name: 'io_scheduler',
  summary: 'Set the I/O scheduler of disks and the figures of their queues.',
  notes: `
Common choices: \`none\` for NVMe and inside guests, \`mq-deadline\` or \`none\` for SATA SSDs, \`bfq\` or \`mq-deadline\` for spinning disks.
Loop, device-mapper and md devices are passed over by patterns: they have no queue of their own. \`cfq\` left the kernel with 5.0.

The rules are for disks as they are found at boot: what is named one by one by its serial where it has one, since another boot may name it
otherwise, else by the same names or class; \`members\` is written down disk by disk.`,
  params: Params,
  reads: (params) => ({
    ...diskProbes(params),
    ...Object.fromEntries(
      ['scheduler', 'nr_requests', 'iosched/*', ...attributesOf(params).map(({ name }) => name)]
        .filter((name) => !/^iosched\/\w/.test(name))
        .map((name) => [name, glob(`${BLOCK}/*/queue/${name}`)]),
    ),
    ...tunedProbes,
    ...(params.persistent && { ...udevProbes(params), [params.file]: file(params.file) }),
  }),
  plan(params, seen) {
    const disks = chosenDisks(params, seen);
    if (disks.length === 0) return { changes: [], na: 'no such disk here' };
    const plans = disks.map((disk) => planDisk(disk, params, seen));
    const scheduler = plans.map((plan) => plan.scheduler).find((one) => one !== undefined) ?? params.scheduler;
    const attributes = [
      ...(scheduler === undefined ? [] : [{ name: 'scheduler', value: scheduler }]),
      ...attributesOf(params),
    ];
    const whens = params.persistent ? udevMatches(params, disks, seen) : [];
    const lines = whens.flatMap((when) =>
      attributes.map(({ name, value }) => ({ name, key: `${when}, ATTR{queue/${name}}`, value })),
    );
    const wanted = new Map(lines.map(({ key, value }) => [key, value]));
    const labels = new Map(lines.map(({ key, name }) => [key, name]));
    const rules = params.persistent ? setDropIn(seen, params.file, RULE, wanted, labels) : undefined;
    const changes = [...plans.flatMap((plan) => (params.live ? plan.changes : [])), ...(rules ? [rules] : [])];
    return planOf(
      changes,
      [],
      [...plans.flatMap(({ notes }) => notes), ...tunedNotes(seen, (one) => alsoSets(params, one))],
    );
  },
  same: (_, a, b) => sameKnob(a, b),
  examples: [
    {
      title: 'Spinning disks',
      params: {
        class: 'rotational',
        scheduler: 'bfq',
        tunables: { slice_idle: 0 },
        nr_requests: 128,
        read_ahead_kb: 1024,
      },
      host: {
        '/sys/block/sda/queue/scheduler': '[mq-deadline] kyber bfq none\n',
        '/sys/block/sda/queue/rotational': '1\n',
        '/sys/block/sda/queue/nr_requests': '256\n',
        '/sys/block/sda/queue/read_ahead_kb': '128\n',
        '/sys/block/sda/queue/iosched/read_expire': '400\n',
        '/sys/block/sda/queue/iosched/fifo_batch': '16\n',
        '/sys/block/sdb/queue/scheduler': '[none] mq-deadline kyber bfq \n',
        '/sys/block/sdb/queue/rotational': '0\n',
      },
    },
    {
      title: 'NVMe without a scheduler, completions where they were asked for',
      params: { devices: 'nvme*', scheduler: 'none', rq_affinity: 2 },
      host: {
        '/sys/block/nvme0n1/queue/scheduler': 'none [mq-deadline] kyber \n',
        '/sys/block/nvme0n1/queue/rotational': '0\n',
        '/sys/block/nvme0n1/queue/nr_requests': '1023\n',
        '/sys/block/nvme0n1/queue/rq_affinity': '1\n',
        '/sys/block/nvme0n1/queue/iosched/read_expire': '500\n',
        '/sys/block/loop0/queue/scheduler': '[none] mq-deadline\n',
      },
    },
    {
      title: 'One disk, by a name that stays',
      params: { devices: ['/dev/disk/by-id/ata-DISK_1'], scheduler: 'deadline', tunables: { fifo_batch: 32 } },
      host: {
        '/dev/disk/by-id/ata-DISK_1': { link: '../../sda' },
        '/sys/block/sda/queue/scheduler': '[mq-deadline] none\n',
        '/sys/block/sda/queue/iosched/fifo_batch': '16\n',
        '/etc/udev/rules.d/66-kvmplay-ioscheduler.rules': '# ours\n',
      },
    },
  ],
});

/** What of this a profile of tuned sets for every disk. */
function alsoSets(params: Params, { plugin, key }: TunedSetting): string | undefined {
  if (plugin === 'disk' && key === 'elevator' && params.scheduler !== undefined) return 'scheduler';
  return plugin === 'disk' && key === 'readahead' && params.read_ahead_kb !== undefined ? 'read_ahead_kb' : undefined;
}

function planDisk(disk: string, params: Params, seen: Seen) {
  const queue = `${BLOCK}/${disk}/queue`;
  const notes: string[] = [];
  const now = seen.textAt(`${queue}/scheduler`);
  const scheduler = params.scheduler && now !== undefined ? resolved(disk, params.scheduler, now) : undefined;
  if (params.scheduler && now === undefined) notes.push(`${disk}: n/a, it has no I/O scheduler`);
  if (scheduler !== undefined && scheduler !== params.scheduler)
    notes.push(`${disk}: ${params.scheduler} is called ${scheduler} here`);
  const knobs = attributesOf(params).map(({ name, value }): Knob & { name: string } => ({
    name,
    path: `${queue}/${name}`,
    label: `${disk}.${name}`,
    value,
    impact: isReset(name) ? 'guest-latency' : 'none',
  }));
  const switched =
    scheduler === undefined
      ? undefined
      : switchTo(
          scheduler,
          disk,
          knobs.filter(({ name }) => isReset(name)),
          seen,
        );
  const left = switched ? knobs.filter(({ name }) => !isReset(name)) : knobs;
  const here = left.filter(({ path }) => seen.at(path).is !== 'absent');
  for (const { name, label } of left.filter((knob) => !here.includes(knob))) {
    if (name.startsWith('iosched/') && now !== undefined) throw unknownTunable(disk, name, selectedOf(now), seen);
    notes.push(`${label}: n/a, this kernel does not have it`);
  }
  const thing = diskThing(disk, seen);
  const changes = [...(switched ? [switched] : []), ...setKnobs(seen, here)];
  return { scheduler, notes, changes: changes.map((change) => ({ ...change, ...(thing && { thing }) })) };
}

/** The name under which this kernel has the scheduler. */
function resolved(disk: string, asked: string, text: string): string {
  const offered = offeredBy(text);
  const alias = ALIASES[asked];
  if (offered.length === 0 || offered.includes(asked)) return asked;
  if (alias !== undefined && (offered.includes(alias) || asked === 'cfq')) return alias;
  if (LOADABLE.includes(asked)) return asked;
  throw new Problem(
    'NotOffered',
    `${disk}: this kernel has no I/O scheduler "${asked}"`,
    `choose one of: ${offered.join(', ')}`,
  );
}

/** Switch, and set again what the switch resets: the length of the queue and the tunables, both ways. */
function switchTo(scheduler: string, disk: string, also: readonly Knob[], seen: Seen): Change | undefined {
  const queue = `${BLOCK}/${disk}/queue`;
  const change = setKnob(seen, {
    path: `${queue}/scheduler`,
    label: `${disk}.scheduler`,
    value: scheduler,
    offersMore: LOADABLE.includes(scheduler),
    impact: 'guest-latency',
    hints: { EINVAL: 'this kernel has neither that scheduler nor a module for it' },
  });
  if (!change || 'impossible' in change.undo) return change;
  const poke = ({ path, value }: { path: string; value: string }) => ({ do: 'poke', path, value }) as const;
  const paths = [`${queue}/nr_requests`, ...seen.files('iosched/*', `${queue}/`).keys()];
  const reset = paths.flatMap((path) => {
    const value = seen.textAt(path)?.trim();
    return value === undefined ? [] : [{ path, value }];
  });
  return {
    ...change,
    do: [...change.do, ...also.map(poke)],
    undo: [...change.undo, ...reset.map(poke)],
    disturbs: [...new Set([...reset, ...also].map(({ path }) => path))].map(file),
  };
}

function unknownTunable(disk: string, name: string, scheduler: string, seen: Seen): Problem {
  const inside = `${BLOCK}/${disk}/queue/iosched/`;
  const offered = [...seen.files('iosched/*', inside).keys()].map((path) => path.slice(inside.length));
  const hint = offered.length > 0 ? `it has: ${offered.join(', ')}` : 'it has none';
  return new Problem('NotOffered', `${disk}: the scheduler ${scheduler} has no ${name.slice('iosched/'.length)}`, hint);
}
