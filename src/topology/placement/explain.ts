import { cpuSet, formatCpuSet } from '../../contract/index.ts';
import { amount, counted } from './amount.ts';
import { allowedSpans, type Demand } from './demand.ts';
import type { Host, HostNode } from './host.ts';
import { nearestTo } from './nearest.ts';
import type { Rules } from './rules.ts';
import { missing, poolOn, type State } from './state.ts';
import { roomIn } from './takes.ts';
import type { Guest } from './types.ts';

/** What keeps a guest out of each node, and the nearest thing that would be possible. `sizes`: of the host's huge pages. */
export function whyNot(host: Host, state: State, demand: Demand, rules: Rules, sizes: readonly number[]): string {
  const { guest } = demand;
  if (host.nodes.length === 0)
    return `no CPU is left to guests: ${formatCpuSet(host.reserved)} are reserved; nearest: fewer reserved CPUs`;
  const near = nearestTo(host, state, guest, { ...rules, distant: false }, sizes);
  const nearest = near === undefined ? '' : `; nearest: ${near}`;
  const spans = allowedSpans(host, guest);
  const span = demand.spans.find((one) => one >= demand.minNodes) ?? spans[0];
  if (span === undefined) {
    const nodes = host.nodes.length;
    const has =
      nodes < Number(guest.numaNodes)
        ? `this host has ${nodes} with CPUs for guests`
        : `it has ${counted(guest.vcpus, 'vCPU')}`;
    return `it asks for ${guest.numaNodes} nodes; ${has}${nearest}`;
  }
  if (guest.policy === 'dedicated' && guest.threads === 'require' && host.coreSize === 1)
    return 'threads: require needs cores with several threads, this host has none; nearest: threads: prefer';
  const lacks = (over: number) => lacksOf(host, state, demand, rules, over);
  const parts = [span > 1 ? `split over ${span} nodes; ${inWords(lacks(span), span)}` : inWords(lacks(span), span)];
  // Who is too large for every node lacks less in parts.
  const others = demand.spans.length === 0 ? spans.slice(1).map((over) => ({ over, lack: lacks(over) })) : [];
  const best = others.reduce<(typeof others)[number] | undefined>(
    (least, one) => (least && shortIn(least.lack, least.over) <= shortIn(one.lack, one.over) ? least : one),
    undefined,
  );
  if (best && shortIn(best.lack, best.over) < shortIn(lacks(span), span))
    parts.push(`split evenly over ${best.over} nodes; ${inWords(best.lack, best.over)}`);
  return `${parts.join('; ')}${nearest}`;
}

interface Lack {
  readonly node: HostNode;
  readonly text: string | undefined;
  /** CPUs too few; where there are enough, a part of one for the memory that there is not. */
  readonly short: number;
}

function lacksOf(host: Host, state: State, { guest, cells }: Demand, rules: Rules, span: number): Lack[] {
  const [cell] = cells(span);
  return host.nodes.map((node) => {
    if (!cell) return { node, text: undefined, short: 0 };
    const text = lackOn(host, state, guest, cell, node, rules);
    const room = guest.policy === 'shared' ? poolOn(host, state, node.index) : roomOn(host, state, guest, node);
    const memory = Math.max(0, cell.needKib - (state.memory.get(guest.pageKib)?.[node.index] ?? 0));
    return { node, text, short: Math.max(0, cell.vcpus + cell.extra - room) + memory / (memory + GIB) };
  });
}

const GIB = 1024 ** 2;

/** On as many nodes as it wants, those that lack the least. */
const shortIn = (lacks: readonly Lack[], span: number): number =>
  lacks
    .map(({ short }) => short)
    .sort((a, b) => a - b)
    .slice(0, span)
    .reduce((sum, short) => sum + short, 0);

/** Node by node; where there are many, those that lack the same together. */
function inWords(lacks: readonly Lack[], span: number): string {
  const enough = span > 1 ? 'would do for one part' : 'enough CPUs and memory, but not on cores that fit together';
  const byText = new Map<string, number[]>();
  for (const { node, text } of lacks) {
    const key = lacks.length > MANY_NODES ? (text ?? enough) : `${node.id} ${text ?? enough}`;
    byText.set(key, [...(byText.get(key) ?? []), node.id]);
  }
  return [...byText]
    .map(([key, ids]) =>
      lacks.length > MANY_NODES
        ? `${ids.length === 1 ? 'node' : 'nodes'} ${formatCpuSet(cpuSet(ids))}: ${key}`
        : `node ${key.replace(' ', ': ')}`,
    )
    .join('; ');
}

const MANY_NODES = 8;

function lackOn(
  host: Host,
  state: State,
  guest: Guest,
  cell: { vcpus: number; extra: number; needKib: number },
  node: HostNode,
  rules: Rules,
): string | undefined {
  const left = Math.max(0, state.memory.get(guest.pageKib)?.[node.index] ?? 0);
  const lacks: string[] = [];
  const cpus = cell.vcpus + cell.extra;
  if (guest.policy === 'shared') {
    const pool = poolOn(host, state, node.index);
    const floating = state.floating[node.index]?.vcpus ?? 0;
    const may = Math.floor(pool * rules.overcommit);
    if (pool < cell.vcpus) lacks.push(`need a pool of ${cell.vcpus} CPUs, free ${pool}`);
    else if (floating + cell.vcpus > may)
      lacks.push(
        `need ${cell.vcpus} vCPUs of the pool, free ${Math.max(0, may - floating)} (${pool} CPUs, overcommit ${rules.overcommit})`,
      );
  } else {
    const whole = guest.threads === 'isolate' ? cell.vcpus : cpus;
    const room = roomOn(host, state, guest, node);
    const { vcpus: floating, most } = state.floating[node.index] ?? missing();
    const pool = Math.max(most, Math.ceil(floating / rules.overcommit));
    const ofOneKind = Math.max(0, ...kindsOf(host).map((kind) => roomOn(host, state, guest, node, kind)));
    if (room < whole) lacks.push(`need ${whole} ${wanted(guest)}, free ${room}`);
    else if (ofOneKind < whole) lacks.push(`need ${whole} ${wanted(guest)} of one kind of cores, free ${ofOneKind}`);
    else if (poolOn(host, state, node.index) - cpus < pool)
      lacks.push(`need ${cpus} ${wanted(guest)}, free ${room}, of which guests that float there need ${pool}`);
  }
  if (left < cell.needKib)
    lacks.push(`need ${amount(cell.needKib, guest.pageKib)}, free ${amount(left, guest.pageKib)}`);
  return lacks.length > 0 ? lacks.join(' and ') : undefined;
}

const wanted = ({ threads }: Guest): string =>
  threads === 'isolate' ? 'whole cores' : threads === 'require' ? 'CPUs on whole cores' : 'CPUs';

const kindsOf = ({ pockets }: Host): number[] => [...new Set(pockets.map(({ kind }) => kind))];

const roomOn = (host: Host, state: State, { threads }: Guest, { pockets }: HostNode, kind?: number): number =>
  pockets
    .filter((pocket) => kind === undefined || host.pockets[pocket]?.kind === kind)
    .reduce((sum, pocket) => sum + roomIn(host, state.counts[pocket] ?? [], threads), 0);
