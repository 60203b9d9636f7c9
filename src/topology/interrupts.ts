import { parseCpuSet, type Seen } from '../contract/index.ts';
import type { Interrupt } from './model.ts';
import { filesOf, told } from './told.ts';

/**
 * The numbered lines of `/proc/interrupts`, which has one column for each online CPU. Source: show_interrupts in the
 * kernel's kernel/irq/proc.c: two blanks stand before the drivers' names.
 */
export function parseInterrupts(table: string): { irq: number; name: string; counts: ReadonlyMap<number, number> }[] {
  const [heading = '', ...lines] = table.split('\n');
  const cpus = [...heading.matchAll(/CPU(\d+)/g)].map((match) => Number(match[1]));
  return lines.flatMap((line) => {
    const [, irq, rest] = /^\s*(\d+):(.*)$/.exec(line) ?? [];
    if (irq === undefined || rest === undefined) return [];
    const counts = rest.trim().split(/\s+/, cpus.length).map(Number);
    const came = cpus.flatMap((cpu, at): [number, number][] => {
      const count = counts[at] ?? 0;
      return count > 0 ? [[cpu, count]] : [];
    });
    const words = rest.replace(new RegExp(`^(\\s+\\d+){0,${cpus.length}}\\s*`), '');
    return [
      {
        irq: Number(irq),
        name:
          words
            .split(/\s{2,}/)
            .at(-1)
            ?.trim() ?? '',
        counts: new Map(came),
      },
    ];
  });
}

export function readInterrupts(seen: Seen): Interrupt[] {
  const known = seen.has('topology.interrupts')
    ? parseInterrupts(told(seen, 'topology.interrupts') ?? '')
    : namedInterrupts(filesOf(seen, 'topology.irq_names'));
  if (known.length === 0) return [];
  const allowed = byIrq(filesOf(seen, 'topology.irq_allowed'));
  const effective = byIrq(filesOf(seen, 'topology.irq_effective'));
  return known.map(({ irq, name, counts }) => {
    const may = parseCpuSet(allowed.get(irq) ?? '');
    const does = parseCpuSet(effective.get(irq) ?? '');
    return { irq, name, allowed: may, effective: does.length > 0 ? does : may, counts };
  });
}

/** Those that somebody has requested. Several on a line are named as in `/proc/interrupts`: `i801_smbus, eth0`. */
function namedInterrupts(actions: ReadonlyMap<string, string>): ReturnType<typeof parseInterrupts> {
  const named = [...byIrq(actions)].map(([irq, names]) => ({ irq, name: names.trim().split(',').join(', ') }));
  return named
    .filter(({ name }) => name !== '')
    .sort((a, b) => a.irq - b.irq)
    .map((one) => ({ ...one, counts: new Map() }));
}

function byIrq(files: ReadonlyMap<string, string>): Map<number, string> {
  return new Map([...files].map(([path, content]) => [Number(/\/irq\/(\d+)\//.exec(path)?.[1]), content]));
}
