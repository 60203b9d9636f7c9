import { formatCpuSet, formatKib } from '../contract/index.ts';
import {
  type Cache,
  type NumaNode,
  nodesApart,
  type Part,
  partsOf,
  privateCaches,
  type Topology,
} from '../topology/index.ts';
import { type Box, beside, column, flow, grid, label, panel } from './svg-boxes.ts';
import { distancesBox, guestsBox, interruptsBox, legendBox } from './topology-asides.ts';
import { type DrawThread, offlineCell, threadCells } from './topology-cells.ts';
import { TOPOLOGY_STYLE } from './topology-style.ts';
import { cacheName, cacheWords, counted, cpuSets, nodeWords, partName, summaryOf } from './topology-words.ts';
import { xmlText } from './xml-text.ts';

const PAD = 16;
const WIDTHS = [900, 1100, 1300, 1500, 1800, 2100, 2500, 3000, 3600, 4400];
/** Of a sheet of paper, lying. */
const RATIO = Math.SQRT2;
/** Threads of a core stand in rows of at most so many. */
const ACROSS = 4;

/** A picture of a host that can be printed and hung up: what holds what, what is reserved, who is where, what lands where. */
export function topologySvg(name: string, topology: Topology): string {
  const drawing: Drawing = { topology, thread: threadCells(topology), own: ownCaches(topology) };
  const sides = partsOf(topology).length > 1 ? [1, 2, 4] : [1];
  const pictures = WIDTHS.flatMap((width) => sides.map((side) => picture(name, drawing, width - 2 * PAD, side)));
  const off = ({ width, height }: Box) => Math.abs(Math.log(width / height / RATIO));
  const content = pictures.reduce((best, one) => (off(one) < off(best) ? one : best));
  const [width, height] = [content.width + 2 * PAD, content.height + 2 * PAD];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Verdana, sans-serif" role="img">`,
    `<title>${xmlText(`${name}: ${summaryOf(topology)}`)}</title>`,
    `<style>${TOPOLOGY_STYLE}</style>`,
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" class="hatch" stroke-width="1.2"/></pattern></defs>',
    `<rect width="${width}" height="${height}" class="paper"/>`,
    content.draw(PAD, PAD),
    '</svg>\n',
  ].join('\n');
}

interface Drawing {
  readonly topology: Topology;
  readonly thread: DrawThread;
  /** The caches that only this core has, by its first CPU. */
  readonly own: ReadonlyMap<number, readonly Cache[]>;
}

function ownCaches(topology: Topology): Map<number, Cache[]> {
  return new Map(topology.cores.map(({ cpus }) => [cpus[0] ?? 0, privateCaches(topology, cpus)]));
}

/** `side`: for how many sockets beside each other there is to be room. */
function picture(name: string, drawing: Drawing, width: number, side: number): Box {
  const { topology } = drawing;
  const roots = partsOf(topology);
  const boxes = [
    ...roots.map((part) => partBox(part, drawing, Math.floor((width - 12 * (side - 1)) / side))),
    ...nodesApart(topology, roots).map((node) => panel(column(nodeHead(node, drawing, width / 3)), { css: 'node' })),
  ];
  const machine = column([arranged(boxes, width, 12), ...leftOver(drawing, width)], 10);
  const asides = [distancesBox(topology), guestsBox(topology), interruptsBox(topology)].filter(
    (box) => box !== undefined,
  );
  const beyond = column(asides, PAD);
  const fits = asides.length > 0 && machine.width + PAD + beyond.width <= width;
  return column(
    [
      label(name, { size: 26, bold: true, css: 'ink' }),
      label([...(topology.model ? [topology.model] : []), summaryOf(topology)].join(': '), { size: 13, css: 'soft' }),
      flow(
        cpuSets(topology).map(([word, list]) => words(`${word}: ${list}`, width)),
        width,
        22,
        2,
      ),
      legendBox(topology, width),
      ...(fits ? [beside([machine, beyond], PAD)] : [machine, flow(asides, width, PAD)]),
    ].filter((box) => box.height > 0),
    10,
  );
}

/** Devices that no node is told of, and CPUs that are not online. */
function leftOver(drawing: Drawing, width: number): Box[] {
  const { offline } = drawing.topology.cpus;
  const lost = devicesBox(drawing, (node) => node === undefined, width);
  const titled = (title: string, box: Box) =>
    panel(column([label(title, { size: 12, css: 'soft' }), box], 4), { css: 'box' });
  return [
    ...(lost ? [titled('at no node', lost)] : []),
    ...(offline.length > 0 ? [titled('offline', flow(offline.map(offlineCell), width - 2 * PAD, 4))] : []),
  ];
}

/** Long lists are cut: the tips and the page have them whole. */
function words(text: string, width: number): Box {
  const room = Math.floor(width / (12 * 0.6));
  return label(text.length > room ? `${text.slice(0, room - 1)}…` : text, { size: 12, css: 'soft' });
}

/** In as many columns as fit, of one width, the last row as full as can be. */
function arranged(boxes: readonly Box[], width: number, gap: number, wish = Number.POSITIVE_INFINITY): Box {
  const widest = Math.max(1, ...boxes.map((box) => box.width));
  const fit = Math.max(1, Math.min(boxes.length, wish, Math.floor((width + gap) / (widest + gap))));
  const rows = Math.ceil(boxes.length / fit);
  return grid(boxes, Math.ceil(boxes.length / rows), gap);
}

function partBox(part: Part, drawing: Drawing, width: number): Box {
  const { thing, cpus, parts } = part;
  if (thing.is === 'core') return coreBox(part, drawing);
  const inner = width - PAD;
  const cores = parts.filter((one) => one.thing.is === 'core').map((one) => coreBox(one, drawing));
  const others = parts.filter((one) => one.thing.is !== 'core').map((one) => partBox(one, drawing, inner));
  const content = [
    ...(others.length > 0 ? [arranged(others, inner, 8)] : []),
    ...(cores.length > 0 ? [arranged(cores, inner, 6, perRow(cores))] : []),
  ];
  const inside = Math.max(...content.map((box) => box.width), 120);
  const head =
    thing.is === 'node'
      ? nodeHead(thing.node, drawing, inside)
      : [headLine(partName(part), formatCpuSet(cpus), inside, thing.is === 'socket' ? 14 : 11)];
  return panel(column([...head, ...content], 6), { css: thing.is });
}

/** Twice as wide as high, in rows that are all full where that can be. */
function perRow(cores: readonly Box[]): number {
  const [{ width = 1, height = 1 } = {}] = cores;
  const wish = Math.max(1, Math.round(Math.sqrt((2 * cores.length * height) / width)));
  const full = [0, 1, -1, 2, -2].map((more) => wish + more).find((some) => some > 0 && cores.length % some === 0);
  return full ?? wish;
}

/** What it is, and its CPUs where there is room for them. */
function headLine(name: string, list: string, width: number, size: number): Box {
  const title = label(name, { size, bold: true, css: 'ink' });
  const room = Math.floor((width - title.width) / (size * 0.6)) - 2;
  const shown = list.length <= room ? list : room > 6 ? `${list.slice(0, room - 1)}…` : '';
  return beside([title, label(shown, { size, css: 'soft' })], 8);
}

function nodeHead(node: NumaNode, drawing: Drawing, width: number): Box[] {
  const devices = devicesBox(drawing, (at) => at === node.id, Math.max(width, 240));
  return [
    headLine(`node ${node.id}`, formatCpuSet(node.cpus), width, 13),
    flow(
      nodeWords(node).map((text) => label(text, { size: 11, css: 'soft' })),
      Math.max(width, 200),
      10,
      2,
    ),
    ...(node.memoryKib === undefined || node.memoryKib === 0 ? [] : [memoryBar(node, Math.max(width, 120))]),
    ...(devices ? [devices] : []),
  ];
}

/** How much of a node's memory is used, and how much is huge pages. */
function memoryBar({ memoryKib = 1, freeKib = memoryKib, hugepages }: NumaNode, width: number): Box {
  const pages = Object.entries(hugepages).reduce((sum, [kib, { total }]) => sum + Number(kib) * total, 0);
  const part = (kib: number) => ((width * Math.min(kib, memoryKib)) / memoryKib).toFixed(1);
  const rest = Math.max(0, memoryKib - freeKib - pages);
  return {
    width,
    height: 7,
    draw: (x, y) =>
      `<g><title>${formatKib(pages)} in huge pages, ${formatKib(rest)} used besides</title><rect x="${x}" y="${y}" width="${width}" height="7" class="bar"/><rect x="${x}" y="${y}" width="${part(pages)}" height="7" class="pages"/><rect x="${x + Number(part(pages))}" y="${y}" width="${part(rest)}" height="7" class="used"/></g>`,
  };
}

function devicesBox(
  { topology }: Drawing,
  isHere: (node: number | undefined) => boolean,
  width: number,
): Box | undefined {
  const chips = [
    ...topology.nics
      .filter(({ node }) => isHere(node))
      .map(({ name, driver, irqs }) =>
        [`NIC ${name}`, ...(driver ? [driver] : []), ...(irqs.length > 0 ? [counted(irqs.length, 'IRQ')] : [])].join(
          ' · ',
        ),
      ),
    ...topology.disks.filter(({ node }) => isHere(node)).map(({ name }) => `disk ${name}`),
  ].map((text) => panel(label(text, { size: 10, css: 'ink' }), { css: 'chip', pad: 3 }));
  return chips.length > 0 ? flow(chips, width, 5) : undefined;
}

function coreBox(core: Part, { thread, own }: Drawing): Box {
  const cells = core.cpus.map(thread);
  const threads = grid(cells, Math.min(cells.length, ACROSS), 0);
  const caches = own.get(core.cpus[0] ?? 0) ?? [];
  const levels = [...new Set(caches.map(({ level }) => level))];
  const strips = levels.map((level) =>
    strip(
      caches.filter((one) => one.level === level),
      threads.width,
    ),
  );
  return panel(column([...strips, threads], 1), { css: 'core', pad: 2 });
}

/** A core's own caches of one level, on a line as wide as the core. */
function strip(caches: readonly Cache[], width: number): Box {
  const full = caches.map(cacheWords).join(' · ');
  const names = caches.map(cacheName).join(' · ');
  const short = caches.map((one) =>
    one.sizeKib === undefined ? cacheName(one) : `${cacheName(one)} ${formatKib(one.sizeKib)}`,
  );
  const fitting = [full, short.join(' · '), names].find((text) => text.length * 8 * 0.62 <= width) ?? '';
  return {
    width,
    height: 11,
    draw: (x, y) =>
      `<g><title>${xmlText(full)}</title><rect x="${x}" y="${y}" width="${width}" height="11" class="own"/><text x="${x + width / 2}" y="${y + 8.5}" font-size="8" text-anchor="middle" class="ink">${xmlText(fitting)}</text></g>`,
  };
}
