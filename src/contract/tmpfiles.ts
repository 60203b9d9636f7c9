import type { Change, Pending } from './change.ts';
import { dropInProbes, overridden, rivalsOf, setDropIn } from './drop-ins.ts';
import { type Knob, sameKnob } from './knob.ts';
import type { LineFormat } from './lines.ts';
import type { Probes } from './probe.ts';
import type { Seen } from './seen.ts';

const WRITE_LINE = /^\s*w[-+!=~^$]*\s+("[^"]*"|\S+)(?:\s+\S+){4}\s+(.*?)\s*$/;

/**
 * Lines that write to a file at boot: `w /sys/kernel/mm/ksm/run - - - - 0`. Plain `w`, since `w-` hides from systemd's
 * status that the kernel refused the value; a path that is not there is passed over in silence either way. Source: tmpfiles.d(5).
 */
const WRITES: LineFormat = {
  parse: (line) => {
    const [, path, value] = WRITE_LINE.exec(line) ?? [];
    return path === undefined ? [] : [{ key: path.replaceAll('"', ''), value }];
  },
  print: (path, value) => `w ${path} - - - - ${value}`,
  same: sameKnob,
};

/** What to read to persist knobs by tmpfiles.d. */
export const tmpfilesProbes = (ours: string): Probes => dropInProbes('tmpfiles.d', ours);

/** Have systemd-tmpfiles write these knobs at every boot, and the paths that are `gone` no more. */
export function persistKnobs(
  seen: Seen,
  ours: string,
  knobs: readonly Pick<Knob, 'path' | 'label' | 'value'>[],
  gone: readonly string[] = [],
): { readonly changes: readonly Change[]; readonly pending: readonly Pending[] } {
  const labels = new Map(knobs.map(({ path, label }) => [path, label]));
  const wanted = new Map<string, string | undefined>(gone.map((path) => [path, undefined]));
  for (const { path, value } of knobs) wanted.set(path, value);
  const change = setDropIn(seen, ours, WRITES, wanted, labels);
  const rivals = rivalsOf(seen, 'tmpfiles.d', ours, WRITES, 'first');
  const pending = knobs.flatMap(({ path, label, value }) => {
    const rival = rivals.find(({ key }) => key === path);
    return rival && !sameKnob(rival.value ?? '', value) ? [overridden(label, value, rival, WRITES)] : [];
  });
  return { changes: change ? [change] : [], pending };
}
