import { type CpuSet, cpuSet, formatCpuSet, intersectionOf, type Seen } from '../contract/index.ts';
import type { Cache } from './model.ts';
import { filesOf, toldList, toldMask } from './told.ts';

const TYPES = { Data: 'data', Instruction: 'instruction', Unified: 'unified' } as const;
const TYPE_ORDER = ['unified', 'data', 'instruction'];
const UNITS: Readonly<Record<string, number>> = { '': 1 / 1024, K: 1, M: 1024, G: 1024 ** 2 };

/** Every cache once, the outermost level first. Two CPUs share one when its mask says so (as for lscpu and hwloc): its `id` lies on some machines. */
export function readCaches(seen: Seen, online: CpuSet): Cache[] {
  const found = new Map<string, Cache>();
  for (const [index, files] of byIndex(filesOf(seen, 'topology.caches'))) {
    const cpu = Number(index.slice(0, index.indexOf(' ')));
    const level = Number(files.level);
    if (!online.includes(cpu) || !(level > 0)) continue;
    const type = typeOf(files.type);
    const cpus = sharing(files, cpu, online);
    const key = `${level} ${type} ${formatCpuSet(cpus)}`;
    if (!found.has(key)) found.set(key, { level, type, cpus, sizeKib: sizeKib(files.size) });
  }
  return [...found.values()].sort(
    (a, b) =>
      b.level - a.level ||
      TYPE_ORDER.indexOf(a.type) - TYPE_ORDER.indexOf(b.type) ||
      (a.cpus[0] ?? 0) - (b.cpus[0] ?? 0),
  );
}

interface CacheFiles {
  level?: string;
  type?: string;
  size?: string;
  shared_cpu_list?: string;
  shared_cpu_map?: string;
}

function byIndex(files: ReadonlyMap<string, string>): Map<string, CacheFiles> {
  const indices = new Map<string, CacheFiles>();
  for (const [path, content] of files) {
    const [, cpu, index, name] =
      /\/cpu(\d+)\/cache\/index(\d+)\/(level|type|size|shared_cpu_list|shared_cpu_map)$/.exec(path) ?? [];
    if (name === undefined) continue;
    const key = `${cpu} ${index}`;
    indices.set(key, { ...indices.get(key), [name]: content.trim() });
  }
  return indices;
}

function sharing(files: CacheFiles, self: number, online: CpuSet): CpuSet {
  const { shared_cpu_map: mask, shared_cpu_list: list = '' } = files;
  const told = mask === undefined ? toldList(list) : toldMask(mask);
  return cpuSet([...intersectionOf(told, online), self]);
}

const typeOf = (text: string | undefined): Cache['type'] =>
  text === 'Data' || text === 'Instruction' ? TYPES[text] : TYPES.Unified;

function sizeKib(text: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([KMG]?)$/.exec(text ?? '') ?? [];
  const scale = UNITS[unit];
  return digits === undefined || scale === undefined || Number(digits) === 0 ? undefined : Number(digits) * scale;
}
