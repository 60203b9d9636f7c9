/** How a kernel answers a write to one of its files: what the file reads from then on, or an errno. */
export type Knob = (value: string, host: KnobHost) => string | Errno;

export interface Errno {
  readonly errno: string;
}

/** What a knob sees of the host it is on. */
export interface KnobHost {
  /** What this knob reads now. */
  readonly was: string;
  read(path: string): string;
  /** Set what another file reads, as the kernel does to twins and counters. */
  set(path: string, text: string): void;
  /** Take a file away, as the kernel does with what belongs to another mode. */
  remove(path: string): void;
}

const EINVAL: Errno = { errno: 'EINVAL' };

/** `always [madvise] never`: takes a token that is offered, moves the brackets to it. */
export const selected: Knob = (value, { was }) => {
  const tokens = was.replaceAll(/[[\]]/g, '').trim().split(/\s+/);
  if (!tokens.includes(value.trim())) return EINVAL;
  return tokens.map((token) => (token === value.trim() ? `[${token}]` : token)).join(' ');
};

/** One or more integers, read as C does (010 is 8), shown in decimal with tabs between; out of range is refused. */
export const integers =
  (min = 0, max = Number.MAX_SAFE_INTEGER): Knob =>
  (value, { was }) => {
    const numbers = value
      .trim()
      .split(/\s+/)
      .map((word) => (/^-?0[0-7]+$/.test(word) ? Number.parseInt(word, 8) : Number(word)));
    const wanted = was.trim().split(/\s+/).length;
    if (numbers.some((n) => !Number.isInteger(n) || n < min || n > max) || numbers.length > wanted) return EINVAL;
    return numbers.join('\t');
  };

/** Grants no more than `max`, and says nothing. */
export const clamped =
  (max: number): Knob =>
  (value) =>
    String(Math.min(Number(value), max));

/** Refuses every write. */
export const refusing =
  (errno: string): Knob =>
  () => ({ errno });

/** Setting one to other than 0 makes its twin 0. */
export const twinOf =
  (twin: string): Knob =>
  (value, { set }) => {
    if (!/^\d+$/.test(value)) return EINVAL;
    if (Number(value) !== 0) set(twin, '0');
    return value;
  };

const KSM = '/sys/kernel/mm/ksm';

/** 0 stops and keeps what is merged, 1 merges, 2 unmerges. */
const ksmRun: Knob = (value, { set }) => {
  if (!['0', '1', '2'].includes(value)) return EINVAL;
  if (value === '2') for (const count of ['pages_shared', 'pages_sharing']) set(`${KSM}/${count}`, '0');
  return value;
};

/** Takes another value only while no page is merged. */
const whenUnmerged =
  (knob: Knob): Knob =>
  (value, host) => {
    const merged = ['pages_shared', 'pages_sharing'].some((count) => Number(host.read(`${KSM}/${count}`)) > 0);
    return merged && value !== host.was ? { errno: 'EBUSY' } : knob(value, host);
  };

const TWINS = [
  ['/proc/sys/vm/dirty_ratio', '/proc/sys/vm/dirty_bytes'],
  ['/proc/sys/vm/dirty_background_ratio', '/proc/sys/vm/dirty_background_bytes'],
] as const;

/** Whether a kernel could ever read like this. */
export const couldBe = (read: (path: string) => unknown): boolean =>
  TWINS.every(([a, b]) => !(Number(read(a)) > 0 && Number(read(b)) > 0));

const TUNABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'mq-deadline': { read_expire: '500', fifo_batch: '16' },
  bfq: { slice_idle: '8', low_latency: '1' },
  kyber: { read_lat_nsec: '2000000' },
};

/** A switch of scheduler makes its tunables anew, and the length of the queue. */
const scheduler =
  (queue: string): Knob =>
  (value, host) => {
    const granted = selected(value, host);
    if (typeof granted !== 'string' || granted === host.was) return granted;
    for (const name of Object.values(TUNABLES).flatMap((all) => Object.keys(all)))
      host.remove(`${queue}/iosched/${name}`);
    for (const [name, text] of Object.entries(TUNABLES[value] ?? {})) host.set(`${queue}/iosched/${name}`, text);
    if (host.read(`${queue}/nr_requests`) !== '') host.set(`${queue}/nr_requests`, '256');
    return granted;
  };

/** The knob that every Linux has at a path, if it is more than a file. */
export function linuxKnob(path: string): Knob | undefined {
  const [, queue] = /^(\/sys\/block\/[^/]+\/queue)\/scheduler$/.exec(path) ?? [];
  return queue === undefined ? LINUX[path] : scheduler(queue);
}

/** Knobs that are more than a file in every Linux. A text with a `[token]` in it needs no entry: see fake-host.ts. */
const LINUX: Readonly<Record<string, Knob>> = {
  '/proc/sys/vm/swappiness': integers(0, 200),
  ...Object.fromEntries(
    TWINS.flatMap(([a, b]) => [
      [a, twinOf(b)],
      [b, twinOf(a)],
    ]),
  ),
  [`${KSM}/run`]: ksmRun,
  [`${KSM}/merge_across_nodes`]: whenUnmerged(integers(0, 1)),
  [`${KSM}/max_page_sharing`]: whenUnmerged(integers(2)),
  [`${KSM}/pages_shared`]: refusing('EACCES'),
  [`${KSM}/pages_sharing`]: refusing('EACCES'),
};
