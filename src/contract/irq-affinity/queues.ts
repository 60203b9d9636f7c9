import type { Change } from '../change.ts';
import { type CpuSet, formatCpuMask, formatCpuSet, parseCpuMask, sameCpus } from '../cpu-set.ts';
import { pokeKnob } from '../make-change.ts';
import { glob, type Probes } from '../probe.ts';
import type { Seen } from '../seen.ts';

const NET = '/sys/class/net';

/** CPUs, those of the queue's interrupt, or none; undefined where nobody asks. */
type Wish = CpuSet | 'cpus' | 'none' | undefined;

/** Which CPUs also work on what a queue received (RPS), and which send by it (XPS). Source: kernel doc, networking/scaling. */
export interface QueueWishes {
  readonly rps_cpus?: Wish;
  readonly xps_cpus?: Wish;
  /** Whether each queue has one CPU of those of its NIC. */
  readonly spread: boolean;
}

interface Nic {
  readonly nic: { readonly name: string };
  /** At which of its CPUs it begins. */
  readonly turn: number;
  readonly cpus: CpuSet;
}

export const queueProbes = ({ rps_cpus, xps_cpus }: QueueWishes): Probes => ({
  ...(rps_cpus !== undefined && { rps: glob(`${NET}/*/queues/rx-*/rps_cpus`) }),
  ...(xps_cpus !== undefined && { xps: glob(`${NET}/*/queues/tx-*/xps_cpus`) }),
});

export function queueChanges({ rps_cpus, xps_cpus, spread }: QueueWishes, nics: readonly Nic[], seen: Seen): Change[] {
  const kinds = [
    { probe: 'rps', side: 'rx', wanted: rps_cpus },
    { probe: 'xps', side: 'tx', wanted: xps_cpus },
  ] as const;
  return kinds.flatMap(({ probe, side, wanted }) => {
    if (wanted === undefined) return [];
    const files = [...seen.files(probe)];
    return nics.flatMap(({ nic: { name }, turn, cpus }) =>
      files
        .filter(([path]) => path.startsWith(`${NET}/${name}/queues/`))
        .flatMap(([path, mask]) => {
          const queue = Number(/-(\d+)\/[^/]+$/.exec(path)?.[1]);
          const own = side === 'tx' && spread ? cpus.filter((_, at) => at === (turn + queue) % cpus.length) : cpus;
          const to = wanted === 'none' ? [] : wanted === 'cpus' ? own : wanted;
          return setMask(path, `${name} ${side}-${queue} ${probe}_cpus`, mask, to, seen);
        }),
    );
  });
}

/** One poke where the mask in a file is another set of CPUs. */
export function setMask(path: string, label: string, mask: string, to: CpuSet, seen: Seen): Change[] {
  const now = parseCpuMask(mask);
  if (sameCpus(now, to)) return [];
  const shown = (cpus: CpuSet) => formatCpuSet(cpus) || 'none';
  const summary = `${label}: ${shown(now)} → ${shown(to)}`;
  return [pokeKnob({ path, before: seen.at(path), value: formatCpuMask(to), summary })];
}
