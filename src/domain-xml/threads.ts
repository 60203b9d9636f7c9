import { type CpuSet, formatCpuSet, parseCpuSet } from '../contract/index.ts';
import { attributeOf, childOf, childrenOf, type Element } from './element.ts';
import type { Field } from './field.ts';
import { valueAt } from './path.ts';

/** No guest has more of either; what XML says may be anything. */
const MOST = 65_535;

const countAt = (domain: Element, path: string, unsaid: number): number => {
  const digits = valueAt(domain, path) ?? `${unsaid}`;
  return /^\d+$/.test(digits) ? Math.min(Number(digits), MOST) : unsaid;
};

/** How many vCPUs a guest may have at most. They are numbered from 0. */
export const vcpusOf = (domain: Element): number => countAt(domain, 'vcpu', 1);

/** The numbers of the IO threads that a guest has: those that are named, and the lowest others up to their count. */
export function ioThreadsOf(domain: Element): readonly number[] {
  const ids = childOf(domain, 'iothreadids');
  const named = (ids ? childrenOf(ids, 'iothread') : []).map((one) => Number(attributeOf(one, 'id')));
  const count = countAt(domain, 'iothreads', 0);
  const others = Array.from({ length: count + named.length }, (_, at) => at + 1).filter((id) => !named.includes(id));
  return [...named, ...others.slice(0, Math.max(0, count - named.length))];
}

/** The CPUs that vCPUs are pinned to; of those that are not, `<vcpu cpuset>` where that is said. */
export function pinsOf(domain: Element): ReadonlyMap<number, CpuSet> {
  const floats = valueAt(domain, 'vcpu/@cpuset');
  const vcpus = Array.from({ length: vcpusOf(domain) }, (_, vcpu) => vcpu);
  return new Map(
    vcpus.flatMap((vcpu) => {
      const cpus = valueAt(domain, `cputune/vcpupin[vcpu=${vcpu}]/@cpuset`) ?? floats;
      return cpus === undefined ? [] : [[vcpu, parseCpuSet(cpus)] as const];
    }),
  );
}

export function emulatorPinOf(domain: Element): CpuSet | undefined {
  const cpus = valueAt(domain, 'cputune/emulatorpin/@cpuset');
  return cpus === undefined ? undefined : parseCpuSet(cpus);
}

/**
 * What is said in `<cputune>` of threads that are to be there no more: their pins go, and they go out of the lists of schedulers.
 * libvirt does not define a guest with a scheduler for a vCPU, or anything for an IO thread, that it has not.
 */
export function strayThreads(domain: Element, kind: 'vcpu' | 'iothread', left: ReadonlySet<number>): Field[] {
  const cputune = childOf(domain, 'cputune');
  if (!cputune) return [];
  const what = kind === 'vcpu' ? 'vCPU' : 'IO thread';
  const pins = childrenOf(cputune, `${kind}pin`).filter((pin) => !left.has(Number(attributeOf(pin, kind))));
  const schedulers = childrenOf(cputune, `${kind}sched`).flatMap((at): Field[] => {
    const list = attributeOf(at, `${kind}s`);
    const all = list === undefined ? [] : parseCpuSet(list);
    const kept = all.filter((id) => left.has(id));
    if (kept.length === all.length) return [];
    const told = `no scheduler of ${what} ${formatCpuSet(all.filter((id) => !left.has(id)))}`;
    const value = kept.length === 0 ? null : formatCpuSet(kept);
    return [{ label: 'schedulers', at, path: value === null ? '' : `@${kind}s`, value, told }];
  });
  return [
    ...pins.map((at) => ({
      label: 'pins',
      at,
      path: '',
      value: null,
      told: `no pin of ${what} ${attributeOf(at, kind)}`,
    })),
    ...schedulers,
  ];
}
