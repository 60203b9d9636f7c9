import { Problem } from './problem.ts';

/** Numbers of CPUs (or NUMA nodes), ascending, each once. */
export type CpuSet = readonly number[];

/** No kernel is built for more; a slip of the keyboard must not fill the memory. */
const HIGHEST = 65_535;

const SINGLE = /^\d+$/;
const RANGE = /^(\d+)-(\d+)(?::(\d+)\/(\d+))?$/;

export const cpuSet = (cpus: Iterable<number>): CpuSet => [...new Set(cpus)].sort((a, b) => a - b);

/**
 * Read a list as the kernel and libvirt write it: `0-3,8`, `0-31:2/8` (the first 2 of every 8), `0-7,^3` (libvirt: not 3).
 * Blank is the empty set. Throws `Problem` BadCpuSet.
 * Source: bitmap_parselist in the kernel's lib/bitmap-str.c, virBitmapParse in libvirt.
 */
export function parseCpuSet(list: string): CpuSet {
  const found = new Set<number>();
  for (const part of list.split(/[,\s]+/).filter((one) => one !== '')) {
    if (part.startsWith('^')) {
      for (const cpu of members(part.slice(1), list)) found.delete(cpu);
    } else {
      for (const cpu of members(part, list)) found.add(cpu);
    }
  }
  return cpuSet(found);
}

function members(part: string, list: string): number[] {
  if (SINGLE.test(part)) return [bounded(part, list)];
  const [, from, to, used, group] = RANGE.exec(part) ?? [];
  if (from === undefined || to === undefined) throw bad(list, `"${part}" is neither a number nor a range`);
  const first = bounded(from, list);
  const last = bounded(to, list);
  const every = Number(group ?? 1);
  const take = Number(used ?? 1);
  if (last < first) throw bad(list, `the range ${part} runs backwards`);
  if (take === 0 || take > every) throw bad(list, `${part} takes ${take} of every ${every}`);
  return Array.from({ length: last - first + 1 }, (_, at) => at)
    .filter((at) => at % every < take)
    .map((at) => first + at);
}

function bounded(digits: string, list: string): number {
  const cpu = Number(digits);
  if (cpu > HIGHEST) throw bad(list, `${digits} is above ${HIGHEST}`);
  return cpu;
}

function bad(text: string, why: string): Problem {
  return new Problem('BadCpuSet', `"${text.trim()}" is no CPU set: ${why}`, 'write it as the kernel does: 0-3,8');
}

/** Write a set as the kernel does, in its shortest form: `0-3,8`. The empty set is the empty string. */
export function formatCpuSet(cpus: CpuSet): string {
  const runs: [number, number][] = [];
  for (const cpu of cpus) {
    const run = runs.at(-1);
    if (run && cpu === run[1] + 1) run[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** Read a hexadecimal mask: `f`, `0x3`, `00000001,ffffffff`. Throws `Problem` BadCpuMask. */
export function parseCpuMask(mask: string): CpuSet {
  const [first = '', ...rest] = mask.trim().replace(/^0x/i, '').split(',');
  if (![first, ...rest].every((word) => /^[0-9a-f]+$/i.test(word)) || rest.some((word) => word.length !== 8))
    throw new Problem(
      'BadCpuMask',
      `"${mask.trim()}" is no CPU mask`,
      'write it in hexadecimal, a comma before every 8 digits: 00000001,ffffffff',
    );
  const digits = [first, ...rest].join('');
  return cpuSet(
    [...digits].reverse().flatMap((digit, at) => {
      const bits = Number.parseInt(digit, 16);
      return [0, 1, 2, 3].filter((bit) => bits & (1 << bit)).map((bit) => at * 4 + bit);
    }),
  );
}

/** Write a mask as the kernel takes it: 32-bit words in hexadecimal between commas, no leading zeros. */
export function formatCpuMask(cpus: CpuSet): string {
  const words = new Array<number>(Math.floor((cpus.at(-1) ?? 0) / 32) + 1).fill(0);
  for (const cpu of cpus) words[cpu >> 5] = ((words[cpu >> 5] ?? 0) | (1 << (cpu & 31))) >>> 0;
  return words
    .reverse()
    .map((word, at) => word.toString(16).padStart(at === 0 ? 1 : 8, '0'))
    .join(',');
}

export const unionOf = (...sets: readonly CpuSet[]): CpuSet => cpuSet(sets.flat());

export function intersectionOf(a: CpuSet, b: CpuSet): CpuSet {
  const inB = new Set(b);
  return a.filter((cpu) => inB.has(cpu));
}

export function differenceOf(a: CpuSet, b: CpuSet): CpuSet {
  // To look a few up takes less than to hash all.
  if (a.length <= 4) return a.filter((cpu) => !b.includes(cpu));
  const inB = new Set(b);
  return a.filter((cpu) => !inB.has(cpu));
}

/** Whether all of `part` is in `whole`. */
export const isWithin = (part: CpuSet, whole: CpuSet): boolean => differenceOf(part, whole).length === 0;

export const sameCpus = (a: CpuSet, b: CpuSet): boolean =>
  a.length === b.length && a.every((cpu, index) => cpu === b[index]);
