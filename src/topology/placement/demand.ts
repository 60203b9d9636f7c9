import { type Host, OVERHEAD_KIB } from './host.ts';
import type { Guest } from './types.ts';

/** A guest's part on one node. */
export interface CellDemand {
  readonly firstVcpu: number;
  readonly vcpus: number;
  /** CPUs beside the vCPUs': 1 for isolated emulator threads. */
  readonly extra: 0 | 1;
  readonly memoryKib: number;
  /** What it takes of the node, with what QEMU needs beside. */
  readonly needKib: number;
}

/** A guest and the least that it can be spread, were it alone on the host. */
export interface Demand {
  readonly guest: Guest;
  readonly minNodes: number;
  readonly minLlcs: number;
  /** By number of nodes: its cells there. */
  readonly cells: (nodes: number) => readonly CellDemand[];
  /** On how many nodes it may be, the least first. */
  readonly spans: readonly number[];
}

/**
 * Split evenly; what does not divide goes to the first cells, and isolated emulator threads to the first of the smaller ones.
 * Memory is split in whole pages.
 */
export function cellsOf(guest: Guest, nodes: number): CellDemand[] {
  const pages = Math.ceil(guest.memoryKib / guest.pageKib);
  let firstVcpu = 0;
  return Array.from({ length: nodes }, (_, at) => {
    const vcpus = part(guest.vcpus, nodes, at);
    const memoryKib = part(pages, nodes, at) * guest.pageKib;
    const cell: CellDemand = {
      firstVcpu,
      vcpus,
      extra: at === emulatorCell(guest, nodes) && guest.emulator === 'isolate' && guest.policy === 'dedicated' ? 1 : 0,
      memoryKib,
      needKib: memoryKib + overheadKib(guest, nodes),
    };
    firstVcpu += vcpus;
    return cell;
  });
}

/** The cell that emulator threads with a CPU of their own belong to. */
export const emulatorCell = (guest: Guest, nodes: number): number => guest.vcpus % nodes;

/** What QEMU takes on each of so many nodes beside the guest's memory; of huge pages it takes nothing. */
export const overheadKib = (guest: Guest, nodes: number): number =>
  guest.pageKib === 4 && guest.memoryKib > 0 ? Math.ceil(OVERHEAD_KIB / nodes) : 0;

const part = (whole: number, parts: number, at: number): number =>
  Math.floor(whole / parts) + (at < whole % parts ? 1 : 0);

/** On how many nodes a guest may be at all. */
export function allowedSpans(host: Host, guest: Guest): number[] {
  if (guest.numaNodes !== 'auto')
    return guest.numaNodes <= Math.min(host.nodes.length, guest.vcpus) ? [guest.numaNodes] : [];
  return Array.from({ length: Math.min(host.nodes.length, guest.vcpus) }, (_, at) => at + 1);
}

/** A guest of which it is not known how little it could be spread. */
export function bareDemand(host: Host, guest: Guest): Demand {
  const spans = allowedSpans(host, guest);
  return { guest, minNodes: 0, minLlcs: 0, spans, cells: (nodes) => cellsOf(guest, nodes) };
}
