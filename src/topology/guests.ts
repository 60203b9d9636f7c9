import type { CpuSet, Seen } from '../contract/index.ts';
import type { RunningGuest } from './model.ts';

export function readGuests(_seen: Seen, _online: CpuSet): RunningGuest[] {
  return [];
}
