import type { Probes } from './probe.ts';
import type { Seen } from './seen.ts';
import { unitOf, unitProbe } from './unit.ts';

const NUMAD = 'numad.service';

/** Needed by what is said of numad. */
export const numadProbes: Probes = { [NUMAD]: unitProbe(NUMAD) };

/** For whoever says where processes or memory shall be. Where it cannot be told whether it runs, nothing is said. */
export const numadNotes = (seen: Seen, about = ''): string[] =>
  seen.raw(NUMAD).is === 'output' && unitOf(seen, NUMAD)?.active === 'active'
    ? [
        `${about}${NUMAD} runs: it moves processes, guests too, and their memory to nodes of its choosing, and to all CPUs there`,
      ]
    : [];
