import { type CpuSet, parseCpuSet } from '../contract/index.ts';
import { attributeOf, childOf, childrenOf, type Element } from './element.ts';
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
