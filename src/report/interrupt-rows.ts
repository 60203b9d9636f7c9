import { type CpuSet, unionOf } from '../contract/index.ts';
import type { Interrupt, Topology } from '../topology/index.ts';

/** The interrupts of one device, or of what goes by one name. */
export interface InterruptRow {
  /** `eth0 (ixgbe)`, `nvme0q*`, `ahci`. */
  readonly name: string;
  readonly node: number | undefined;
  readonly irqs: readonly number[];
  readonly allowed: CpuSet;
  readonly effective: CpuSet;
  /** How often they came, all together. */
  readonly came: number;
}

/** Those of NICs first, in their order; then the others that ever came, the busiest first. */
export function interruptRows({ nics, interrupts }: Topology): InterruptRow[] {
  const byNumber = new Map(interrupts.map((one) => [one.irq, one]));
  const ofNics = nics
    .filter(({ irqs }) => irqs.length > 0)
    .map(({ name, node, irqs, driver }) =>
      rowOf(
        driver === undefined ? name : `${name} (${driver})`,
        node,
        irqs,
        irqs.flatMap((irq) => byNumber.get(irq) ?? []),
      ),
    );
  const taken = new Set(nics.flatMap(({ irqs }) => irqs));
  const groups = new Map<string, Interrupt[]>();
  for (const one of interrupts) {
    if (taken.has(one.irq) || cameOf(one) === 0) continue;
    const key = familyOf(one.name);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const others = [...groups].map(([family, members]) =>
    rowOf(
      members.length > 1 ? family : (members[0]?.name ?? family),
      undefined,
      members.map(({ irq }) => irq),
      members,
    ),
  );
  return [...ofNics, ...others.sort((a, b) => b.came - a.came)];
}

/** How often interrupts of devices came to each CPU. */
export function interruptsByCpu({ interrupts }: Topology): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { counts } of interrupts) for (const [cpu, count] of counts) sums.set(cpu, (sums.get(cpu) ?? 0) + count);
  return sums;
}

const rowOf = (name: string, node: number | undefined, irqs: readonly number[], members: readonly Interrupt[]) => ({
  name: name || 'without a name',
  node,
  irqs,
  allowed: unionOf(...members.map(({ allowed }) => allowed)),
  effective: unionOf(...members.map(({ effective }) => effective)),
  came: members.reduce((sum, one) => sum + cameOf(one), 0),
});

const cameOf = ({ counts }: Interrupt): number => [...counts.values()].reduce((sum, count) => sum + count, 0);

/** Queues differ in their last number: `eth0-TxRx-3`, `nvme0q1`, `virtio3-input.0`. */
const familyOf = (name: string): string => name.replace(/\d+(?=\D*$)/, '*');
