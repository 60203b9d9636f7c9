import type { Action } from '../action.ts';
import type { Change } from '../change.ts';
import { file, type Probes } from '../probe.ts';
import type { Seen } from '../seen.ts';

/** Interrupts that the kernel would not move, since the last boot: lines of a number and a name. */
const REFUSED = '/run/kvmplay/irq_refused';

/** Writes, and where the kernel manages the interrupt by itself (EIO, later kernels EPERM) remembers that instead. */
const TRY = `
if words=$({ env printf '%s\\n' "$1" >"$2"; } 2>&1); then exit; fi
case $words in
  *'Input/output error'* | *'I/O error'* | *'not permitted'*) mkdir -p "\${3%/*}" && printf '%s\\n' "$4" >>"$3" ;;
  *) printf '%s\\n' "$words" >&2; exit 1 ;;
esac`;

export const refusedProbes: Probes = { [REFUSED]: file(REFUSED) };

const lineOf = (irq: number, name: string): string => `${irq} ${name}`;

/** What an earlier task may add to it is not known before; then it is as if nothing were refused. */
export function refusedBefore(seen: Seen, irq: number, name: string): boolean {
  const reading = seen.raw(REFUSED);
  return reading.is === 'text' && reading.text.split('\n').includes(lineOf(irq, name));
}

/** The same write, where a refusal for good is no failure but something to remember. */
export function refusable(change: Change, irq: number, name: string): Change {
  const tolerant = (actions: readonly Action[]) =>
    actions.map((action): Action => {
      if (action.do !== 'poke') return action;
      return { do: 'exec', argv: ['sh', '-c', TRY, 'kvmplay', action.value, action.path, REFUSED, lineOf(irq, name)] };
    });
  const { undo, disturbs = [] } = change;
  return {
    ...change,
    do: tolerant(change.do),
    undo: 'impossible' in undo ? undo : tolerant(undo),
    disturbs: [...disturbs, file(REFUSED)],
  };
}
