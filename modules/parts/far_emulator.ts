import {
  type CpuSet,
  formatCpuSet,
  glob,
  intersectionOf,
  type Probes,
  parseCpuSet,
  type Seen,
} from '../../src/contract/index.ts';
import { childOf, childrenOf, type Element, emulatorPinOf, valueAt } from '../../src/domain-xml/index.ts';

const NODES = '/sys/devices/system/node/node[0-9]*/cpulist';

/** For all that looks at nodes' CPUs. */
export const nodeProbes = (): Probes => ({ [NODES]: glob(NODES) });

/** CPUs by the number of their node, those without CPUs too. */
export const nodesOf = (seen: Seen): ReadonlyMap<number, CpuSet> =>
  new Map(
    [...seen.files(NODES)].map(([path, list]) => [Number(/node(\d+)\/cpulist$/.exec(path)?.[1]), parseCpuSet(list)]),
  );

/**
 * QEMU has a guest's memory allocated, where all of it is taken at the start, by threads that it sends to the CPUs of the memory's
 * node (its thread-context, since 7.2). They are the emulator's, and where that is pinned elsewhere they may not go there.
 */
export function farEmulator(name: string, domain: Element, seen: Seen): string[] {
  const floats = valueAt(domain, 'vcpu/@cpuset');
  const emulator = emulatorPinOf(domain) ?? (floats === undefined ? undefined : parseCpuSet(floats));
  if (emulator === undefined || !isTakenAtStart(domain)) return [];
  const all = nodesOf(seen);
  const far = boundNodes(domain).find((nodes) => {
    const cpus = nodes.flatMap((node) => all.get(node) ?? []);
    return cpus.length > 0 && intersectionOf(cpus, emulator).length === 0;
  });
  if (!far) return [];
  return [
    `${name}: its memory is taken from node ${formatCpuSet(far)} when it starts, and its emulator may not run there, only on ${formatCpuSet(emulator)}: ` +
      'libvirt 9.0 with QEMU 7.2 (Debian 12) does not start such a guest ("Setting CPU affinity failed"); give the emulator a CPU of that node too',
  ];
}

const isTakenAtStart = (domain: Element): boolean =>
  childOf(childOf(domain, 'memoryBacking'), 'hugepages') !== undefined ||
  valueAt(domain, 'memoryBacking/allocation/@mode') === 'immediate';

/** The nodes that its memory, or that of one of its cells, is bound to; restrictive is the cgroup's and not QEMU's. */
function boundNodes(domain: Element): CpuSet[] {
  const numatune = childOf(domain, 'numatune');
  const bound = [...childrenOf(numatune ?? domain, 'memory'), ...childrenOf(numatune ?? domain, 'memnode')];
  return bound.flatMap((one) => {
    const nodeset = valueAt(one, '@nodeset');
    return numatune === undefined || nodeset === undefined || valueAt(one, '@mode') === 'restrictive'
      ? []
      : [parseCpuSet(nodeset)];
  });
}
