import { type CpuSet, formatCpuSet, formatKib, sameCpus } from '../contract/index.ts';
import type { Cache, NumaNode, Part, RunningGuest, Topology } from '../topology/index.ts';

/** Words that the text, the picture and the page say alike. */

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** `2 sockets, 16 cores, 32 threads, 2 nodes, 187.4 GiB`. */
export function summaryOf({ sockets, cores, cpus, nodes, llcs, kinds }: Topology): string {
  const kib = nodes.reduce((sum, { memoryKib = 0 }) => sum + memoryKib, 0);
  return [
    counted(sockets.length, 'socket'),
    counted(cores.length, 'core') + (kinds.length > 1 ? ` of ${kinds.length} kinds` : ''),
    counted(cpus.online.length, 'thread'),
    counted(llcs.length, 'LLC domain'),
    counted(nodes.length, 'node'),
    ...(kib > 0 ? [memory(kib)] : []),
  ].join(', ');
}

/** In GiB or the unit that fits, to one digit behind the point. */
export function memory(kib: number): string {
  const [scale, unit] = kib >= 1024 ** 2 ? [1024 ** 2, 'GiB'] : kib >= 1024 ? [1024, 'MiB'] : [1, 'KiB'];
  return `${Math.round((kib / scale) * 10) / 10} ${unit}`;
}

const LETTERS = { unified: '', data: 'd', instruction: 'i' } as const;

export const cacheName = ({ level, type }: Cache): string =>
  `L${level}${level === 1 || type !== 'unified' ? LETTERS[type] : ''}`;
export const cacheWords = (cache: Cache): string =>
  `${cacheName(cache)}${cache.sizeKib === undefined ? '' : ` ${memory(cache.sizeKib)}`}`;

/** What a part is called. */
export function partName({ thing }: Part): string {
  switch (thing.is) {
    case 'shelf':
      return `${thing.shelf.kind} ${thing.number}`;
    case 'socket':
      return `socket ${thing.socket.id}`;
    case 'node':
      return `node ${thing.node.id}`;
    case 'cache':
      return cacheWords(thing.cache);
    case 'kind':
      return `${thing.kind.name} cores`;
    case 'cluster':
      return 'cluster';
    default:
      return `${thing.is} ${thing.number}`;
  }
}

/** `93.5 GiB, 80.2 GiB free`, `2M pages: 512 of 1024 free`. */
export function nodeWords({ memoryKib, freeKib, hugepages, cpus }: NumaNode): string[] {
  const amounts = [
    ...(memoryKib === undefined ? [] : [memory(memoryKib)]),
    ...(freeKib === undefined ? [] : [`${memory(freeKib)} free`]),
  ].join(', ');
  const pages = Object.entries(hugepages)
    .filter(([, { total }]) => total > 0)
    .map(([kib, { free, total }]) => `${formatKib(Number(kib))} pages: ${free} of ${total} free`);
  return [...(cpus.length === 0 ? ['memory alone'] : []), ...(amounts ? [amounts] : []), ...pages];
}

/** Where a guest's vCPUs may run: one list where all may run at the same CPUs, else one for each. */
export function vcpuWords({ vcpus }: RunningGuest): string {
  const [first] = vcpus;
  if (first && vcpus.every(({ cpus }) => sameCpus(cpus, first.cpus)))
    return `${formatCpuSet(first.cpus)}${vcpus.length > 1 || !first.pinned ? ' (any)' : ''}`;
  return vcpus.map(({ cpus }) => formatCpuSet(cpus)).join(' ');
}

export const listOr = (cpus: CpuSet, none: string): string => (cpus.length > 0 ? formatCpuSet(cpus) : none);

/** What there is to say of CPUs beside which are there, with a word for each set. */
export function cpuSets({ cpus, reserve, smt, kinds }: Topology): [string, string][] {
  return [
    ['online', `${formatCpuSet(cpus.online)}${smt === undefined ? '' : ` (SMT ${smt})`}`],
    ...(cpus.offline.length > 0 ? [['offline', formatCpuSet(cpus.offline)] as [string, string]] : []),
    ...(cpus.isolated.length > 0 ? [['isolated', formatCpuSet(cpus.isolated)] as [string, string]] : []),
    ...(cpus.tickless.length > 0 ? [['nohz_full', formatCpuSet(cpus.tickless)] as [string, string]] : []),
    ...kinds.map(({ name, cpus: of }): [string, string] => [name, formatCpuSet(of)]),
    ...(reserve
      ? [
          ['the host’s own', listOr(reserve.host, 'none')] as [string, string],
          ['guests’', listOr(reserve.guests, 'none')] as [string, string],
        ]
      : []),
  ];
}
