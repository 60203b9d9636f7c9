import type { Node } from '../source/node.ts';
import type { Binding } from './scope.ts';

const cache = new WeakMap<readonly Node[], ReadonlyMap<string, Binding>>();

/** The names that maps bind; of two the later counts. */
export function bindings(maps: readonly Node[]): ReadonlyMap<string, Binding> {
  const known = cache.get(maps);
  if (known) return known;
  const vars = new Map<string, Binding>();
  for (const map of maps)
    if (map.kind === 'map') for (const { key, value } of map.entries) vars.set(key, { node: value });
  cache.set(maps, vars);
  return vars;
}
