import { FileError, type HostFiles } from './fake-files.ts';

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
const selected: Knob = (value, { was }) => {
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

/** The same files, as a kernel could show them: of twins one is 0, a pool has what its nodes have, and promises no more than it has free. */
export function settled<T>(files: Readonly<Record<string, T | string>>): Record<string, T | string> {
  const now = { ...files };
  for (const [a, b] of TWINS) if (Number(now[a]) > 0 && Number(now[b]) > 0) now[b] = '0\n';
  for (const path of Object.keys(now)) {
    const [, pool] = /^(.*\/hugepages-\d+kB)\/nr_hugepages$/.exec(path) ?? [];
    if (pool === undefined) continue;
    const [nr, free] = [Number(now[path]), Number(now[`${pool}/free_hugepages`])];
    if (!(free <= nr)) now[`${pool}/free_hugepages`] = `${nr}\n`;
    if (Object.hasOwn(now, `${pool}/surplus_hugepages`)) now[`${pool}/surplus_hugepages`] = '0\n';
  }
  for (const path of Object.keys(now)) {
    const [, size, name] = /^\/sys\/kernel\/mm\/hugepages\/(hugepages-\d+kB)\/(nr|free)_hugepages$/.exec(path) ?? [];
    const nodes = Object.keys(now).filter((one) => one.startsWith(NODES) && one.endsWith(`/${size}/${name}_hugepages`));
    if (nodes.length > 0) now[path] = `${nodes.reduce((sum, one) => sum + Number(now[one]), 0)}\n`;
  }
  for (const path of Object.keys(now)) {
    const free = path.replace(/resv_hugepages$/, 'free_hugepages');
    if (free !== path && !(Number(now[path]) <= Number(now[free]))) now[path] = now[free] ?? '0\n';
  }
  return now;
}

const NODES = '/sys/devices/system/node';
const nodePool = (node: number, size: string) => `${NODES}/node${node}/hugepages/${size}`;

/** A pool of huge pages: what is in use or promised stays, and the host's figures are the sum of the nodes'. */
const hugepages =
  (size: string, node: string | undefined): Knob =>
  (value, { was, read, set }) => {
    if (!/^\d+$/.test(value)) return EINVAL;
    const nodes = [0, 1, 2, 3].filter((one) => read(`${nodePool(one, size)}/nr_hugepages`) !== '');
    const host = `/sys/kernel/mm/hugepages/${size}`;
    const count = (pool: string, name: string) => Number(read(`${pool}/${name}_hugepages`));
    const resize = (pool: string, wanted: number) => {
      const [nr, free] = [count(pool, 'nr'), count(pool, 'free')];
      // Of the host's free pages those that are promised to a process are not to be had.
      const most = Math.min(free, Math.max(0, count(host, 'free') - count(host, 'resv')));
      const granted = Math.max(wanted, nr - most);
      set(`${pool}/nr_hugepages`, String(granted));
      set(`${pool}/free_hugepages`, String(free + granted - nr));
    };
    const each = Math.floor(Number(value) / nodes.length);
    if (node !== undefined) resize(nodePool(Number(node), size), Number(value));
    else if (nodes.length === 0) resize(host, Number(value));
    else
      for (const one of nodes)
        resize(nodePool(one, size), one === nodes[0] ? Number(value) - each * (nodes.length - 1) : each);
    for (const name of nodes.length > 0 ? ['nr', 'free'] : [])
      set(`${host}/${name}_hugepages`, String(nodes.reduce((sum, one) => sum + count(nodePool(one, size), name), 0)));
    return read(`${node === undefined ? host : nodePool(Number(node), size)}/nr_hugepages`).trim() || was;
  };

const TUNABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'mq-deadline': { read_expire: '500', fifo_batch: '16' },
  bfq: { slice_idle: '8', low_latency: '1' },
  kyber: { read_lat_nsec: '2000000' },
};

/** Schedulers that are modules: the kernel loads one that is asked for. */
const LOADABLE: Readonly<Record<string, string>> = { bfq: 'bfq', kyber: 'kyber-iosched', 'mq-deadline': 'mq-deadline' };

const canLoad = (name: string, { read }: KnobHost): boolean =>
  name in LOADABLE &&
  read(`/lib/modules/${read('/proc/sys/kernel/osrelease').trim()}/kernel/block/${LOADABLE[name]}.ko`) !== '';

/** A switch of scheduler makes its tunables anew, and the length of the queue. */
const scheduler =
  (queue: string): Knob =>
  (value, host) => {
    const offered = host.was.replaceAll(/[[\]]/g, '').split(/\s+/).includes(value) || !canLoad(value, host);
    const granted = selected(value, offered ? host : { ...host, was: `${host.was} ${value}` });
    if (typeof granted !== 'string' || granted === host.was) return granted;
    for (const name of Object.values(TUNABLES).flatMap((all) => Object.keys(all)))
      host.remove(`${queue}/iosched/${name}`);
    for (const [name, text] of Object.entries(TUNABLES[value] ?? {})) host.set(`${queue}/iosched/${name}`, text);
    if (host.read(`${queue}/nr_requests`) !== '') host.set(`${queue}/nr_requests`, '256');
    return granted;
  };

/** Write a value to a kernel's file, as far as it will have it. Throws `FileError`. `own` are the knobs of this host's kernel. */
export function poke(files: HostFiles, path: string, value: string, own: Readonly<Record<string, Knob>> = {}): void {
  const read = (other: string) => files.read(other)?.toString();
  const was = read(path);
  if (was === undefined) throw new FileError('ENOENT', `${path}: No such file or directory`);
  if (!/[2367]/.test(files.stat(path)?.mode ?? '')) throw new FileError('EACCES', `${path}: Permission denied`);
  const knob = own[path] ?? linuxKnob(path) ?? (/\[[^\]]+\]/.test(was) ? selected : undefined);
  const set = (other: string, content: string) => files.put(other, `${content}\n`);
  const around = { was: was.trim(), read: (other: string) => read(other) ?? '', set, remove: files.remove };
  const granted = knob ? knob(value, around) : value;
  if (typeof granted !== 'string') throw new FileError(granted.errno, `write error: ${granted.errno}`);
  files.write(path, Buffer.from(`${granted}\n`));
}

/** The knob that every Linux has at a path, if it is more than a file. */
function linuxKnob(path: string): Knob | undefined {
  const [, queue] = /^(\/sys\/block\/[^/]+\/queue)\/scheduler$/.exec(path) ?? [];
  if (queue !== undefined) return scheduler(queue);
  if (/\/hugepages-\d+kB\/(free|surplus|resv)_hugepages$/.test(path)) return refusing('EACCES');
  const [, node, size] = /(?:node(\d+)|\/mm)\/hugepages\/(hugepages-\d+kB)\/nr_hugepages$/.exec(path) ?? [];
  return size === undefined ? LINUX[path] : hugepages(size, node);
}

/** Knobs that are more than a file in every Linux. A text with a `[token]` in it needs no entry: see fake-host.ts. */
const LINUX: Readonly<Record<string, Knob>> = {
  '/proc/sys/vm/swappiness': integers(0, 200),
  '/proc/sys/net/ipv4/tcp_rmem': integers(),
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
