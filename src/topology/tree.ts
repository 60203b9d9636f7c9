import { type CpuSet, intersectionOf, isWithin, sameCpus } from '../contract/index.ts';
import type { Cache, Group, Kind, NumaNode, Shelf, Socket, Topology } from './model.ts';

/** Something that holds CPUs, and what it holds. Cores hold nothing: their CPUs are their threads. */
export interface Part {
  readonly thing: Thing;
  readonly cpus: CpuSet;
  readonly parts: readonly Part[];
}

export type Thing =
  | { readonly is: 'shelf'; readonly shelf: Shelf; readonly number: number }
  | { readonly is: 'socket'; readonly socket: Socket }
  | { readonly is: 'die'; readonly number: number }
  | { readonly is: 'node'; readonly node: NumaNode }
  | { readonly is: 'cluster' }
  | { readonly is: 'cache'; readonly cache: Cache }
  | { readonly is: 'kind'; readonly kind: Kind }
  | { readonly is: 'core'; readonly number: number };

/**
 * What holds what, by their CPUs alone. A cache that only one core has is no part: see `privateCaches`. What lies across
 * another thing without holding it (a cache across nodes, on machines that lie) is left out, as hwloc leaves it out.
 */
export function partsOf(topology: Topology): readonly Part[] {
  const roots: Growing[] = [];
  for (const part of candidates(topology)) insert(roots, part);
  return roots;
}

/** The caches of single cores, each size once, the outermost level first. */
export function privateCaches(topology: Topology, cpus: CpuSet): Cache[] {
  const found = new Map<string, Cache>();
  for (const cache of topology.caches)
    if (isWithin(cache.cpus, cpus) && !spansCores(topology, cache))
      found.set(`${cache.level} ${cache.type} ${cache.sizeKib}`, cache);
  return [...found.values()];
}

interface Growing extends Part {
  readonly parts: Growing[];
}

/**
 * From the widest to the narrowest; among equals, what usually holds the other. Where two lie across each other the more
 * telling one stays: every core, every socket, then nodes, then the others.
 */
function candidates(topology: Topology): Growing[] {
  const { shelves, sockets, dies, nodes, caches, clusters, kinds, cores } = topology;
  const caching = caches.filter((cache) => spansCores(topology, cache));
  const isNew = ({ cpus }: Group, others: readonly Group[]) => !others.some((other) => sameCpus(other.cpus, cpus));
  const of = (thing: Thing, { cpus }: Group): Growing => ({ thing, cpus, parts: [] });
  const numberOf = (shelf: Shelf) => shelves.filter(({ kind }) => kind === shelf.kind).indexOf(shelf);
  const telling = [
    ...cores.map((core, number) => of({ is: 'core', number }, core)),
    ...sockets.map((socket) => of({ is: 'socket', socket }, socket)),
    ...nodes.filter(({ cpus }) => cpus.length > 0).map((node) => of({ is: 'node', node }, node)),
    ...shelves.map((shelf) => of({ is: 'shelf', shelf, number: numberOf(shelf) }, shelf)),
    ...dies.map((die, number) => of({ is: 'die', number }, die)).filter((die) => isNew(die, sockets)),
    ...kinds.map((kind) => of({ is: 'kind', kind }, kind)),
    ...caching.map((cache) => of({ is: 'cache', cache }, cache)),
    ...clusters
      .filter((one) => spansCores(topology, one) && isNew(one, [...sockets, ...dies, ...caching]))
      .map((one) => of({ is: 'cluster' }, one)),
  ];
  const kept: Growing[] = [];
  for (const one of telling)
    if (one.thing.is === 'core' || !kept.some((other) => across(one.cpus, other.cpus))) kept.push(one);
  return kept.sort(
    (a, b) => b.cpus.length - a.cpus.length || HOLDERS.indexOf(a.thing.is) - HOLDERS.indexOf(b.thing.is),
  );
}

const HOLDERS: readonly Thing['is'][] = ['shelf', 'socket', 'die', 'node', 'kind', 'cache', 'cluster', 'core'];

function across(a: CpuSet, b: CpuSet): boolean {
  const both = intersectionOf(a, b).length;
  return both > 0 && both < a.length && both < b.length;
}

function insert(siblings: Growing[], part: Growing): void {
  const holder = siblings.find(({ cpus }) => isWithin(part.cpus, cpus));
  if (holder && holder.thing.is !== 'core') insert(holder.parts, part);
  else {
    siblings.push(part);
    siblings.sort(inOrder);
  }
}

/** Sockets and nodes by their numbers, all else by the first CPU. */
function inOrder(a: Part, b: Part): number {
  if (a.thing.is === 'socket' && b.thing.is === 'socket') return a.thing.socket.id - b.thing.socket.id;
  if (a.thing.is === 'node' && b.thing.is === 'node') return a.thing.node.id - b.thing.node.id;
  return (a.cpus[0] ?? 0) - (b.cpus[0] ?? 0);
}

/** Nodes that are no part: they have no CPUs, or lie across sockets. */
export function nodesApart(topology: Topology, roots: readonly Part[]): readonly NumaNode[] {
  const inside = (parts: readonly Part[]): number[] =>
    parts.flatMap(({ thing, parts: below }) => [...(thing.is === 'node' ? [thing.node.id] : []), ...inside(below)]);
  const placed = new Set(inside(roots));
  return topology.nodes.filter(({ id }) => !placed.has(id));
}

const spansCores = (topology: Topology, { cpus }: Group): boolean =>
  topology.cores.filter((core) => core.cpus.some((cpu) => cpus.includes(cpu))).length > 1;
