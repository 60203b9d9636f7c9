import { type CpuSet, cpuSet, intersectionOf, type Seen } from '../contract/index.ts';
import type { Group } from './model.ts';
import { toldList, toldMask } from './told.ts';

/** The set that one CPU's `topology/NAME` tells, online CPUs only; undefined where there is no such file. */
export type SiblingsOf = (cpu: number, names: readonly string[]) => CpuSet | undefined;

/** The first of the names that is told counts. Masks go before lists, as in lscpu and hwloc: old kernels have no lists. */
export function siblingSets(seen: Seen, online: CpuSet): SiblingsOf {
  const lists = byCpuAndName(seen.files('topology.lists'));
  const masks = byCpuAndName(seen.files('topology.masks'));
  return (cpu, names) => {
    for (const name of names) {
      const list = lists.get(`${cpu} ${name}_list`);
      const mask = masks.get(`${cpu} ${name}`);
      if (list === undefined && mask === undefined) continue;
      const all = mask === undefined ? toldList(list ?? '') : toldMask(mask);
      return intersectionOf(all, online);
    }
    return undefined;
  };
}

function byCpuAndName(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...files].map(([path, content]) => [`${cpuOf(path)} ${path.slice(path.lastIndexOf('/') + 1)}`, content]),
  );
}

/** The CPU whose folder a path under `/sys/devices/system/cpu` lies in. */
export const cpuOf = (path: string): number => Number(/\/cpu(\d+)\//.exec(path)?.[1]);

/** CPUs that have the same key, in the order of their first CPU; those without one are left out. */
export function groupBy(cpus: CpuSet, keyOf: (cpu: number) => string | undefined): Group[] {
  const groups = new Map<string, number[]>();
  for (const cpu of cpus) {
    const key = keyOf(cpu);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(cpu);
    else groups.set(key, [cpu]);
  }
  return [...groups.values()].map((members) => ({ cpus: cpuSet(members) }));
}
