import { cpuSet, formatCpuSet, intersectionOf } from '../contract/index.ts';
import { type NumaNode, nodesApart, type Part, partsOf, privateCaches, type Topology } from '../topology/index.ts';
import { interruptRows } from './interrupt-rows.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';
import {
  cacheWords,
  counted,
  cpuSets,
  listOr,
  memory,
  nodeWords,
  partName,
  summaryOf,
  vcpuWords,
} from './topology-words.ts';

const WIDTH = 100;
/** More rows of interrupts than a reader looks at. */
const BUSIEST = 16;
/** A matrix of more nodes does not fit a terminal. */
const MOST_DISTANCES = 16;

/** A host as a tree for a terminal, and who is where on it. */
export const topologyText = (name: string, topology: Topology): string => printable(textOf(name, topology));

function textOf(name: string, topology: Topology): string {
  const { model, nodes } = topology;
  const shown = new Set<number>();
  const roots = partsOf(topology);
  const branches = [
    ...roots.map((part) => branch(part, topology, shown)),
    ...nodesApart(topology, roots).map((node) => nodeBranch(node, topology, [], shown)),
  ];
  const lost = devicesOf(topology, (node) => node === undefined || !shown.has(node));
  return [
    wrap(`${name}: ${summaryOf(topology)}`, '', '  '),
    ...(model === undefined ? [] : [`${model}\n`]),
    '\n',
    ...cpuSets(topology).map(([word, list]) => wrap(list, word.padEnd(16), ' '.repeat(16))),
    '\n',
    ...branches.flatMap((one) => printed(one, '', '')),
    ...(lost.length > 0 ? printed({ words: 'at no node', below: lost }, '', '') : []),
    distances(nodes),
    guests(topology),
    interrupts(topology),
  ].join('');
}

/** A line of the tree, and what hangs below it. */
interface Branch {
  readonly words: string;
  readonly below: readonly Branch[];
}

const leaf = (words: string): Branch => ({ words, below: [] });

function branch(part: Part, topology: Topology, shown: Set<number>): Branch {
  const { thing, cpus, parts } = part;
  const cores = parts.filter((one) => one.thing.is === 'core');
  const others = parts.filter((one) => one.thing.is !== 'core').map((one) => branch(one, topology, shown));
  const alone = others.length === 0 ? coresOf(part, cores, topology) : undefined;
  const below = [...others, ...(alone?.below ?? (cores.length > 0 ? [coresOf(part, cores, topology)] : []))];
  if (thing.is === 'node') return nodeBranch(thing.node, topology, below, shown, alone?.words);
  return { words: `${partName(part)}: ${formatCpuSet(cpus)}${alone ? `; ${alone.words}` : ''}`, below };
}

function coresOf({ cpus }: Part, cores: readonly Part[], topology: Topology): Branch {
  const each = privateCaches(topology, cpus).map(cacheWords);
  const inside = cpuSet(cores.flatMap((core) => core.cpus));
  const threads = [...new Set(cores.map((core) => core.cpus.length))];
  const of = threads.length === 1 && threads[0] === 1 ? '' : ` of ${threads.join(' or ')} threads`;
  const marked = (word: string, set: readonly number[] = []) => {
    const here = intersectionOf(inside, set);
    return here.length > 0 ? [leaf(`${word}: ${formatCpuSet(here)}`)] : [];
  };
  // Where each has one thread, the list of the CPUs above is that of the cores.
  const told = of === '' && inside.length === cpus.length;
  return {
    words: `${counted(cores.length, 'core')}${of}${each.length > 0 ? `, each with ${each.join(', ')}` : ''}`,
    below: [
      ...(told ? [] : [leaf(cores.map((core) => formatCpuSet(core.cpus)).join('  '))]),
      ...marked('the host’s', topology.reserve?.host),
      ...marked('isolated', topology.cpus.isolated),
    ],
  };
}

function nodeBranch(
  node: NumaNode,
  topology: Topology,
  below: readonly Branch[],
  shown: Set<number>,
  cores?: string,
): Branch {
  shown.add(node.id);
  const list = node.cpus.length > 0 ? [formatCpuSet(node.cpus)] : [];
  return {
    words: `node ${node.id}: ${[...list, ...nodeWords(node), ...(cores === undefined ? [] : [cores])].join('; ')}`,
    below: [...below, ...devicesOf(topology, (at) => at === node.id)],
  };
}

function devicesOf({ nics, disks }: Topology, isHere: (node: number | undefined) => boolean): Branch[] {
  const some = nics
    .filter(({ node }) => isHere(node))
    .map(({ name, driver }) => (driver ? `${name} (${driver})` : name));
  const others = disks.filter(({ node }) => isHere(node)).map(({ name }) => name);
  return [
    ...(some.length > 0 ? [leaf(`${some.length === 1 ? 'NIC' : 'NICs'}: ${some.join(', ')}`)] : []),
    ...(others.length > 0 ? [leaf(`${others.length === 1 ? 'disk' : 'disks'}: ${others.join(', ')}`)] : []),
  ];
}

function printed({ words, below }: Branch, first: string, others: string): string[] {
  return [
    wrap(words, first, `${others}${below.length > 0 ? '│  ' : first === '' ? '  ' : ''}`),
    ...below.flatMap((one, at) =>
      at < below.length - 1
        ? printed(one, `${others}├─ `, `${others}│  `)
        : printed(one, `${others}└─ `, `${others}   `),
    ),
  ];
}

/** A text in lines that fit, broken at blanks; behind commas only where a list is longer than a line. */
function wrap(text: string, first: string, others: string): string {
  const lines: string[] = [];
  let line = first;
  let start = first;
  const room = WIDTH - Math.max(first.length, others.length);
  const words = text
    .split(/(?<= )(?! |[KMG]iB)/)
    .flatMap((word) => (word.length > room ? word.split(/(?<=,)/) : [word]));
  for (const word of words) {
    if (line.length + word.trimEnd().length > WIDTH && line !== start) {
      lines.push(line.trimEnd());
      line = others;
      start = others;
    }
    line += word;
  }
  return `${[...lines, line.trimEnd()].join('\n')}\n`;
}

function distances(nodes: readonly NumaNode[]): string {
  const told = nodes.filter((node) => node.distances.length > 0);
  if (nodes.length < 2 || nodes.length > MOST_DISTANCES || told.length === 0) return '';
  const cell = (value: number | string) => String(value).padStart(4);
  const heading = `\ndistances ${nodes.map(({ id }) => cell(id)).join('')}\n`;
  return (
    heading + told.map((node) => `node ${String(node.id).padEnd(5)}${node.distances.map(cell).join('')}\n`).join('')
  );
}

function guests(topology: Topology): string {
  if (topology.guests.length === 0) return '';
  const rows = topology.guests.map((guest) => [
    guest.name,
    String(guest.vcpus.length),
    `${memory(guest.memoryKib)}${guest.hugepages ? ' huge' : ''}`,
    listOr(guest.memoryNodes ?? [], 'any'),
    listOr(guest.emulator, '-'),
    vcpuWords(guest),
  ]);
  return `\n${fitted(['GUEST', 'VCPUS', 'MEMORY', 'NODES', 'EMULATOR', 'VCPUS ON'], rows)}`;
}

function interrupts(topology: Topology): string {
  const rows = interruptRows(topology);
  if (rows.length === 0) return '';
  const cells = rows
    .slice(0, BUSIEST)
    .map(({ name, node, irqs, allowed, effective, came }) => [
      name,
      node === undefined ? '-' : String(node),
      String(irqs.length),
      effective.length > 0 ? String(came) : '?',
      listOr(effective, '?'),
      listOr(allowed, '?'),
    ]);
  const more =
    rows.length > BUSIEST ? `and ${rows.length - BUSIEST} more that come less often; see --format json\n` : '';
  return `\n${fitted(['INTERRUPTS OF', 'NODE', 'IRQS', 'CAME', 'GO TO', 'MAY GO TO'], cells)}${more}`;
}

/** A table whose cells are cut to fit; the last column takes what is left. */
function fitted(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cut = (text: string, room: number) => (text.length <= room ? text : `${text.slice(0, room - 1)}…`);
  const trimmed = rows.map((row) => row.map((cell, at) => (at < row.length - 1 ? cut(cell, 24) : cell)));
  return table(heading, trimmed)
    .split('\n')
    .map((line) => cut(line, WIDTH))
    .join('\n');
}
