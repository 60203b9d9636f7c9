import { type CpuSet, formatCpuSet } from '../contract/index.ts';
import type { Group, Interrupt, Llc, NumaNode, RunningGuest, Topology } from './model.ts';

/** The document that `topology --format json` prints: schema `kvmplay.topology/1`. CPU sets are kernel lists, sizes KiB; null is "not told". */
export function topologyJson(topology: Topology) {
  const { cpus, sockets, shelves, dies, clusters, cores, caches, llcs, nodes, kinds, reserve } = topology;
  return {
    schema: 'kvmplay.topology/1',
    hostname: topology.hostname ?? null,
    model: topology.model ?? null,
    smt: topology.smt ?? null,
    cpus: {
      online: formatCpuSet(cpus.online),
      offline: formatCpuSet(cpus.offline),
      isolated: formatCpuSet(cpus.isolated),
      nohz_full: formatCpuSet(cpus.tickless),
    },
    sockets: sockets.map((socket) => ({ id: socket.id, ...lists(socket) })),
    books: shelves.filter(({ kind }) => kind === 'book').map(lists),
    drawers: shelves.filter(({ kind }) => kind === 'drawer').map(lists),
    dies: dies.map(lists),
    clusters: clusters.map(lists),
    cores: cores.map(lists),
    l3: caches.filter(({ level }) => level === 3).map((one) => ({ ...lists(one), size_kib: one.sizeKib ?? null })),
    caches: caches.map((one) => ({ level: one.level, type: one.type, ...lists(one), size_kib: one.sizeKib ?? null })),
    llc_domains: llcs.map((llc: Llc) => ({ ...lists(llc), node: llc.node, shares: llc.shares })),
    kinds: kinds.map((kind) => ({ name: kind.name, ...lists(kind) })),
    nodes: nodes.map(nodeJson),
    nics: topology.nics.map(({ name, node, irqs, driver }) => ({
      name,
      node: node ?? null,
      irqs,
      ...(driver !== undefined && { driver }),
    })),
    disks: topology.disks.map(({ name, node }) => ({ name, node: node ?? null })),
    interrupts: topology.interrupts.map(interruptJson),
    reserve: reserve ? { host: formatCpuSet(reserve.host), guests: formatCpuSet(reserve.guests) } : null,
    guests: topology.guests.map(guestJson),
  };
}

const lists = ({ cpus }: Group): { cpus: string } => ({ cpus: formatCpuSet(cpus) });

function nodeJson({ id, cpus, memoryKib, freeKib, distances, hugepages }: NumaNode) {
  return {
    id,
    cpus: formatCpuSet(cpus),
    memory_kib: memoryKib ?? null,
    free_kib: freeKib ?? null,
    distances,
    hugepages: Object.fromEntries(
      Object.entries(hugepages).map(([size, { total, free, surplus }]) => [size, { total, free, surplus }]),
    ),
  };
}

function interruptJson({ irq, name, allowed, effective, counts }: Interrupt) {
  const list = (cpus: CpuSet) => (cpus.length > 0 ? formatCpuSet(cpus) : null);
  return {
    irq,
    name,
    allowed: list(allowed),
    effective: list(effective),
    counts: Object.fromEntries([...counts].map(([cpu, count]) => [String(cpu), count])),
  };
}

function guestJson({ name, memoryKib, vcpus, emulator, iothreads, memoryNodes, hugepages }: RunningGuest) {
  return {
    name,
    memory_kib: memoryKib,
    vcpus: Object.fromEntries(vcpus.map(({ vcpu, cpus }) => [String(vcpu), formatCpuSet(cpus)])),
    pinned: vcpus.filter(({ pinned }) => pinned).map(({ vcpu }) => vcpu),
    emulator: formatCpuSet(emulator),
    iothreads: Object.fromEntries(iothreads.map(({ iothread, cpus }) => [String(iothread), formatCpuSet(cpus)])),
    memory_nodes: memoryNodes ? formatCpuSet(memoryNodes) : null,
    hugepages,
  };
}
