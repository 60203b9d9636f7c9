import type { Change, Impact } from './change.ts';
import { pokeKnob } from './make-change.ts';
import { file, type Probe, type Probes } from './probe.ts';
import { Problem } from './problem.ts';
import type { Seen } from './seen.ts';
import { offeredBy, select, selectedOf } from './selected.ts';

/** One kernel file and what it shall read. */
export interface Knob {
  readonly path: string;
  /** As users know it: `ksm.pages_to_scan`. */
  readonly label: string;
  readonly value: string;
  /** Whether the kernel may take what it does not list, by loading a module for it. */
  readonly offersMore?: boolean;
  readonly impact?: Impact;
  readonly undo?: Change['undo'];
  readonly disturbs?: readonly Probe[];
  readonly hints?: Change['hints'];
}

export const knobProbes = (paths: Iterable<string>): Probes =>
  Object.fromEntries([...paths].map((path) => [path, file(path)]));

/** Those that this kernel has, and a note on each that it has not. */
export function knobsHere<K extends Knob>(seen: Seen, knobs: readonly K[]): { here: readonly K[]; notes: string[] } {
  const here = knobs.filter((knob) => seen.at(knob.path).is !== 'absent');
  const missing = knobs.filter((knob) => !here.includes(knob));
  return { here, notes: missing.map(({ label, path }) => `${label}: n/a, this kernel has no ${path}`) };
}

/** Whether two texts of a knob mean the same: tabs are spaces, `[selected]` is what it selects. */
export const sameKnob = (a: string, b: string): boolean => plain(selectedOf(a)) === plain(selectedOf(b));

const plain = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');

/**
 * The live change of a knob that is there, or none where it reads what is asked. Throws `Problem` NotOffered where the
 * file lists what it takes, and that is not among it.
 */
export function setKnob(seen: Seen, { label, offersMore = false, ...knob }: Knob): Change | undefined {
  const text = seen.textAt(knob.path);
  if (text === undefined) throw new Error(`setKnob of ${knob.path}, which is not there`);
  if (sameKnob(text, knob.value)) return undefined;
  const offered = offeredBy(text);
  if (offered.length > 0 && !offered.includes(knob.value) && !offersMore)
    throw new Problem(
      'NotOffered',
      `${label}: this kernel does not offer "${knob.value}"`,
      `choose one of: ${offered.join(', ')}`,
    );
  const now = selectedOf(text);
  return pokeKnob({
    ...knob,
    before: seen.at(knob.path),
    after: select(text.trim(), knob.value),
    undoValue: now,
    summary: `${label}: ${plain(now)} → ${knob.value}`,
  });
}

export const setKnobs = (seen: Seen, knobs: readonly Knob[]): Change[] =>
  knobs.map((knob) => setKnob(seen, knob)).filter((change) => change !== undefined);
