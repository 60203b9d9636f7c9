import { cpuSet, formatCpuSet } from '../../contract/index.ts';
import type { GuestPlace, Placement } from './types.ts';

/** The document that `place --format json` prints: schema `kvmplay.placement/1`. CPU sets are kernel lists, sizes KiB. */
export function placementJson({ feasible, optimal, cost, reserved, guests, missing, notes }: Placement) {
  return {
    schema: 'kvmplay.placement/1',
    feasible,
    optimal,
    cost,
    reserved: formatCpuSet(reserved),
    ...(missing.length > 0 && { missing }),
    guests: Object.fromEntries([...guests].map(([name, place]) => [name, placeJson(place)])),
    notes,
  };
}

function placeJson({ vcpus, emulator, ioThreads, cells, kept, why }: GuestPlace) {
  return {
    vcpus: Object.fromEntries(vcpus.map((cpus, vcpu) => [vcpu, formatCpuSet(cpus)])),
    emulator: formatCpuSet(emulator),
    iothreads: Object.fromEntries(ioThreads.map((cpus, at) => [at + 1, formatCpuSet(cpus)])),
    nodes: formatCpuSet(cpuSet(cells.map(({ node }) => node))),
    cells: cells.map(({ node, vcpus: mine, memoryKib }) => ({
      node,
      vcpus: formatCpuSet(mine),
      memory_kib: memoryKib,
    })),
    stays: kept,
    why,
  };
}
