import { attributeOf, childOf, childrenOf, type Element } from './element.ts';
import { valueAt } from './path.ts';

/** How many vCPUs a guest may have at most. They are numbered from 0. */
export const vcpusOf = (domain: Element): number => Number(valueAt(domain, 'vcpu') ?? 1);

/** The numbers of the IO threads that a guest has: those that are named, and the lowest others up to their count. */
export function ioThreadsOf(domain: Element): readonly number[] {
  const ids = childOf(domain, 'iothreadids');
  const named = (ids ? childrenOf(ids, 'iothread') : []).map((one) => Number(attributeOf(one, 'id')));
  const count = Number(valueAt(domain, 'iothreads') ?? 0);
  const others = Array.from({ length: count + named.length }, (_, at) => at + 1).filter((id) => !named.includes(id));
  return [...named, ...others.slice(0, Math.max(0, count - named.length))];
}
