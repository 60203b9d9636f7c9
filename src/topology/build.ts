import {
  type CpuSet,
  formatCpuSet,
  intersectionOf,
  Problem,
  RESERVE_FILE,
  reserveOf,
  type Seen,
} from '../contract/index.ts';
import { readCaches } from './caches.ts';
import { readCpus } from './cpus.ts';
import { readDisks, readNics } from './devices.ts';
import { readInterrupts } from './interrupts.ts';
import { findLlcs } from './llcs.ts';
import type { Group, Kind, Shelf, Socket, Topology } from './model.ts';
import { readNodes } from './nodes.ts';
import { cpuOf, groupBy, type SiblingsOf, siblingSets } from './sibling-sets.ts';
import { filesOf, told, toldList } from './told.ts';

/**
 * A host's topology out of what was read by `topologyProbes` and, where they were asked too, `deviceProbes`; without its
 * guests, see `readGuests`.
 * Sets say what belongs together, never numbers: `core_id` repeats across packages, cache ids lie under some hypervisors.
 * Throws `Problem` NoTopology where there is no CPU to be seen.
 */
export function buildTopology(seen: Seen): Topology {
  const cpus = readCpus(seen);
  const { online } = cpus;
  if (online.length === 0)
    throw new Problem(
      'NoTopology',
      'no CPU is to be seen in /sys/devices/system/cpu',
      'is /sys mounted, or in the root?',
    );
  const siblings = siblingSets(seen, online);
  const groups = (...names: readonly string[]) => groupBy(online, (cpu) => keyOf(siblings(cpu, names)));
  const cores = groupBy(online, (cpu) => keyOf(siblings(cpu, ['thread_siblings', 'core_cpus'])) ?? `alone ${cpu}`);
  const clusters = groups('cluster_cpus');
  const caches = readCaches(seen, online);
  const nodes = readNodes(seen, online);
  const sockets = readSockets(seen, online, siblings);
  const model = modelOf(seen);
  const smt = seen.has('topology.smt') ? told(seen, 'topology.smt')?.trim() : undefined;
  const hostname = hostnameOf(seen);
  const reserve = seen.has(RESERVE_FILE) ? reserveOf(seen) : undefined;
  return {
    ...(hostname !== undefined && { hostname }),
    ...(model !== undefined && { model }),
    cpus,
    sockets,
    shelves: [
      ...groups('drawer_siblings').map((group): Shelf => ({ kind: 'drawer', ...group })),
      ...groups('book_siblings').map((group): Shelf => ({ kind: 'book', ...group })),
    ],
    dies: groups('die_cpus'),
    clusters,
    cores,
    caches,
    llcs: findLlcs({ online, sockets, cores, clusters, caches, nodes }),
    nodes,
    kinds: readKinds(seen, online),
    ...(smt !== undefined && { smt }),
    nics: readNics(seen),
    disks: readDisks(seen),
    interrupts: readInterrupts(seen),
    ...(reserve && { reserve }),
    guests: [],
  };
}

const keyOf = (cpus: CpuSet | undefined): string | undefined => cpus && formatCpuSet(cpus);

function readSockets(seen: Seen, online: CpuSet, siblings: SiblingsOf): Socket[] {
  const ids = new Map([...seen.files('topology.packages')].map(([path, id]) => [cpuOf(path), Number(id)]));
  const groups = groupBy(
    online,
    (cpu) => keyOf(siblings(cpu, ['package_cpus', 'core_siblings'])) ?? `package ${ids.get(cpu) ?? 'unknown'}`,
  );
  const told = groups.map(({ cpus }) => ids.get(cpus[0] ?? -1) ?? -1);
  const unique = told.every((id) => id >= 0) && new Set(told).size === told.length;
  return groups.map((group, at) => ({ id: unique ? (told[at] ?? at) : at, ...group })).sort((a, b) => a.id - b.id);
}

/** Intel names its kinds of cores by PMU, ARM tells each core's capacity. */
function readKinds(seen: Seen, online: CpuSet): Kind[] {
  const pmus = [...filesOf(seen, 'topology.kinds')].map(([path, list]) => ({
    name: path.split('/').at(-2) ?? '',
    cpus: intersectionOf(toldList(list), online),
  }));
  if (pmus.length > 0) return pmus.sort((a, b) => Number(b.name === 'cpu_core') - Number(a.name === 'cpu_core'));
  const capacities = new Map(
    [...filesOf(seen, 'topology.capacities')].map(([path, capacity]) => [cpuOf(path), Number(capacity)]),
  );
  const kinds = groupBy(online, (cpu) => capacities.get(cpu)?.toString());
  if (kinds.length < 2) return [];
  const capacityOf = (kind: Group) => capacities.get(kind.cpus[0] ?? -1) ?? 0;
  return kinds
    .map((kind) => ({ name: `capacity ${capacityOf(kind)}`, ...kind }))
    .sort((a, b) => capacityOf(b) - capacityOf(a));
}

/** What /proc/cpuinfo calls the processor, if it was read: x86 and others name it differently. */
function modelOf(seen: Seen): string | undefined {
  if (!seen.has('topology.cpuinfo')) return undefined;
  const cpuinfo = told(seen, 'topology.cpuinfo') ?? '';
  return /^(?:model name|cpu model|cpu|Processor|uarch)\s*:\s*(\S.*)$/m.exec(cpuinfo)?.[1]?.trim();
}

function hostnameOf(seen: Seen): string | undefined {
  const text = seen.has('topology.hostname') ? told(seen, 'topology.hostname') : undefined;
  return text?.trim().split('\n')[0] || undefined;
}
