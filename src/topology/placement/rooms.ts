import type { CellDemand } from './demand.ts';
import type { Host } from './host.ts';
import { poolOn, type State } from './state.ts';
import { roomIn } from './takes.ts';
import type { Guest } from './types.ts';

/**
 * Tells whether there are nodes enough for the cells of a guest, each with room for one: from numbers alone, so that what
 * cannot be is not looked for. When it says yes there may be no place still.
 */
export function roomFor(host: Host, state: State, guest: Guest): (cells: readonly CellDemand[]) => boolean {
  const { policy, threads, pageKib } = guest;
  const rooms = host.nodes.map(({ index, pockets }) =>
    policy === 'shared'
      ? poolOn(host, state, index)
      : pockets.reduce((sum, pocket) => sum + roomIn(host, state.counts[pocket] ?? [], threads), 0),
  );
  const memory = [...(state.memory.get(pageKib) ?? [])];
  for (const list of [rooms, memory]) list.sort((a, b) => b - a);
  return (cells) => {
    // With whole cores the emulator's own CPU need not be where the vCPUs have room.
    const needs = cells.map(({ vcpus, extra }) => vcpus + (threads === 'prefer' ? extra : 0));
    const kib = cells.map(({ needKib }) => needKib);
    for (const list of [needs, kib]) list.sort((a, b) => b - a);
    return needs.every((need, at) => (rooms[at] ?? 0) >= need) && kib.every((need, at) => (memory[at] ?? 0) >= need);
  };
}
