import type { Seen } from '../contract/index.ts';
import type { GuestEvidence, KsmEvidence } from './model.ts';

const MIB = 1024;

/** A process's memory by node, in MiB. Source: Documentation/admin-guide/mm/numa_memory_policy.rst, proc(5) on numa_maps. */
export function memoryByNode(numaMaps: string): { node: number; mib: number }[] {
  const kib = new Map<number, number>();
  for (const line of numaMaps.split('\n')) {
    const pageKib = Number(/\bkernelpagesize_kB=(\d+)/.exec(line)?.[1] ?? 4);
    for (const [, node, pages] of line.matchAll(/\bN(\d+)=(\d+)/g))
      kib.set(Number(node), (kib.get(Number(node)) ?? 0) + Number(pages) * pageKib);
  }
  return [...kib].sort(([a], [b]) => a - b).map(([node, amount]) => ({ node, mib: round(amount / MIB) }));
}

/** What of a guest's memory can be told, `home` being the nodes where its vCPUs ran. */
export function guestMemory(
  name: string,
  seen: Seen,
  home: ReadonlySet<number>,
): Pick<GuestEvidence, 'memory' | 'remoteMib' | 'hugetlbMib' | 'thpMib' | 'ksmPages'> {
  const textOf = (kind: string) => {
    const reading = seen.raw(`${kind} of ${name}`);
    return reading.is === 'text' ? reading.text : undefined;
  };
  const maps = textOf('numa_maps');
  const memory = maps === undefined ? null : memoryByNode(maps);
  const rollup = textOf('smaps_rollup');
  const mib = (...names: string[]) =>
    rollup === undefined
      ? null
      : round(
          names.reduce((sum, one) => sum + Number(new RegExp(`^${one}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0), 0) /
            MIB,
        );
  const merged = textOf('ksm_merging_pages');
  return {
    memory,
    remoteMib:
      memory === null || home.size === 0
        ? null
        : round(memory.reduce((sum, { node, mib: amount }) => sum + (home.has(node) ? 0 : amount), 0)),
    hugetlbMib: mib('Private_Hugetlb', 'Shared_Hugetlb'),
    thpMib: mib('AnonHugePages', 'ShmemPmdMapped', 'FilePmdMapped'),
    ksmPages: merged === undefined ? null : Number(merged),
  };
}

export function ksmOf(seen: Seen): KsmEvidence | null {
  const files = new Map(
    [...seen.files('ksm')].map(([path, text]) => [path.slice(path.lastIndexOf('/') + 1), text.trim()]),
  );
  const run = files.get('run');
  if (run === undefined) return null;
  const across = files.get('merge_across_nodes');
  const sharing = Number(files.get('pages_sharing') ?? 0);
  return {
    run,
    mergeAcrossNodes: across === undefined ? null : across !== '0',
    savedMib: round((sharing * 4) / MIB),
    pagesShared: Number(files.get('pages_shared') ?? 0),
    pagesSharing: sharing,
  };
}

/** One digit behind the point is more than an eye compares. */
export const round = (value: number): number => Math.round(value * 10) / 10;
