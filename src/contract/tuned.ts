import { file, type Probes } from './probe.ts';
import type { Seen } from './seen.ts';

const PROFILE = '/etc/tuned/active_profile';

export const tunedProbes: Probes = { [PROFILE]: file(PROFILE) };

/** A note where tuned is at work: what it sets in /sys it sets again whenever it starts. */
export function tunedNotes(seen: Seen, what: string): string[] {
  const profile = seen.text(PROFILE)?.trim();
  return profile ? [`tuned is set to "${profile}", which may set ${what} when it starts`] : [];
}
