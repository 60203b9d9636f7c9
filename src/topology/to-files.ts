import { type CpuSet, cpuSet, formatCpuSet, printReserve, RESERVE_FILE } from '../contract/index.ts';
import type { Group, NumaNode, Topology } from './model.ts';

const CPU = '/sys/devices/system/cpu';

/**
 * The files of a kernel that shows this topology: what `topologyProbes` read of the host that it was made of, as far as the
 * topology tells. For who has a document and no host.
 */
export function topologyFiles(topology: Topology): Record<string, string> {
  const { cpus, shelves, nodes, kinds, smt, reserve } = topology;
  const siblings = (name: string, groups: readonly Group[]) =>
    groups.flatMap((group) =>
      group.cpus.map((cpu) => [`${CPU}/cpu${cpu}/topology/${name}_list`, lineOf(group.cpus)] as const),
    );
  const shelf = (kind: string) => shelves.filter((one) => one.kind === kind);
  return Object.fromEntries([
    [`${CPU}/online`, lineOf(cpus.online)],
    [`${CPU}/present`, lineOf(cpuSet([...cpus.online, ...cpus.offline]))],
    [`${CPU}/isolated`, lineOf(cpus.isolated)],
    [`${CPU}/nohz_full`, lineOf(cpus.tickless)],
    ...siblings('thread_siblings', topology.cores),
    ...siblings('package_cpus', topology.sockets),
    ...siblings('die_cpus', topology.dies),
    ...siblings('cluster_cpus', topology.clusters),
    ...siblings('book_siblings', shelf('book')),
    ...siblings('drawer_siblings', shelf('drawer')),
    ...topology.sockets.flatMap(({ id, cpus: own }) =>
      own.map((cpu) => [`${CPU}/cpu${cpu}/topology/physical_package_id`, `${id}\n`] as const),
    ),
    ...topology.caches.flatMap(({ level, type, sizeKib, cpus: own }, index) =>
      own.flatMap((cpu) => {
        const folder = `${CPU}/cpu${cpu}/cache/index${index}`;
        return [
          [`${folder}/level`, `${level}\n`],
          [`${folder}/type`, `${type[0]?.toUpperCase()}${type.slice(1)}\n`],
          [`${folder}/shared_cpu_list`, lineOf(own)],
          ...(sizeKib === undefined ? [] : [[`${folder}/size`, `${sizeKib}K\n`]]),
        ] as [string, string][];
      }),
    ),
    ...kinds.map(kindFile),
    ...nodes.flatMap(nodeFiles),
    ...(smt === undefined ? [] : [[`${CPU}/smt/control`, `${smt}\n`] as const]),
    ...(reserve ? [[RESERVE_FILE, printReserve(reserve)] as const] : []),
  ]);
}

const lineOf = (cpus: CpuSet): string => `${formatCpuSet(cpus)}\n`;

const kindFile = ({ name, cpus }: Topology['kinds'][number]) =>
  [`/sys/devices/${name.startsWith('cpu_') ? name : `cpu_${name}`}/cpus`, lineOf(cpus)] as const;

function nodeFiles({ id, cpus, memoryKib, freeKib, distances, hugepages }: NumaNode): [string, string][] {
  const folder = `/sys/devices/system/node/node${id}`;
  const amount = (name: string, kib: number | undefined) =>
    kib === undefined ? '' : `Node ${id} ${name}: ${kib} kB\n`;
  return [
    [`${folder}/cpulist`, lineOf(cpus)],
    ...(distances.length > 0 ? [[`${folder}/distance`, `${distances.join(' ')}\n`] as [string, string]] : []),
    [`${folder}/meminfo`, amount('MemTotal', memoryKib) + amount('MemFree', freeKib)],
    ...Object.entries(hugepages).flatMap(([size, { total, free, surplus }]) =>
      Object.entries({ nr: total, free, surplus }).map(([name, count]): [string, string] => [
        `${folder}/hugepages/hugepages-${size}kB/${name}_hugepages`,
        `${count}\n`,
      ]),
    ),
  ];
}
