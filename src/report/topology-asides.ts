import { formatCpuSet, unionOf } from '../contract/index.ts';
import type { Topology } from '../topology/index.ts';
import { interruptRows } from './interrupt-rows.ts';
import { type Box, beside, column, flow, label, panel } from './svg-boxes.ts';
import { floats, guestColour } from './topology-cells.ts';
import { counted, memory } from './topology-words.ts';

const MOST_NODES = 16;
const MOST_ROWS = 14;
const LONGEST = 62;

const line = (text: string, css = 'ink', bold = false): Box => label(cut(text, LONGEST), { size: 11, css, bold });
const cut = (text: string, room: number): string => (text.length > room ? `${text.slice(0, room - 1)}…` : text);
const aside = (title: string, rows: readonly Box[]): Box =>
  panel(column([line(title, 'ink', true), ...rows], 3), { css: 'box' });

/** What the marks mean, of those that this picture has. */
export function legendBox({ reserve, cpus, interrupts, nics, nodes, guests }: Topology, width: number): Box {
  const ofNics = new Set(nics.flatMap(({ irqs }) => irqs));
  const square = (inside: (x: number, y: number) => string): Box => ({ width: 18, height: 14, draw: inside });
  const rect = (css: string) => square((x, y) => `<rect x="${x}" y="${y + 1}" width="16" height="12" class="${css}"/>`);
  const entries: [Box, string][] = [
    ...(reserve
      ? [
          [
            square(
              (x, y) =>
                `<rect x="${x}" y="${y + 1}" width="16" height="12" class="cell host"/><rect x="${x}" y="${y + 1}" width="16" height="12" fill="url(#hatch)"/>`,
            ),
            'the host’s own',
          ] as [Box, string],
        ]
      : []),
    ...(cpus.isolated.length > 0 ? [[rect('isolated'), 'isolated'] as [Box, string]] : []),
    ...(cpus.offline.length > 0 ? [[rect('offline'), 'offline'] as [Box, string]] : []),
    ...(interrupts.some(({ irq }) => ofNics.has(irq))
      ? [
          [
            square((x, y) => `<path d="M${x + 3} ${y + 3}h10l-5 9z" class="irq"/>`),
            'so many interrupts of NICs land here',
          ] as [Box, string],
        ]
      : []),
    ...(interrupts.some(({ counts }) => counts.size > 0)
      ? [
          [
            square((x, y) => `<rect x="${x}" y="${y + 8}" width="14" height="3" class="irq"/>`),
            'how many came since the boot, beside the busiest CPU (square root)',
          ] as [Box, string],
        ]
      : []),
    ...(nodes.some(({ memoryKib }) => memoryKib)
      ? [
          [
            square(
              (x, y) =>
                `<rect x="${x}" y="${y + 4}" width="16" height="7" class="bar"/><rect x="${x}" y="${y + 4}" width="5" height="7" class="pages"/><rect x="${x + 5}" y="${y + 4}" width="5" height="7" class="used"/>`,
            ),
            'memory: huge pages, used besides, free',
          ] as [Box, string],
        ]
      : []),
    ...(guests.some((guest) => !floats(guest))
      ? [
          [
            square(
              (x, y) =>
                `<rect x="${x}" y="${y + 1}" width="16" height="12" style="fill:${guestColour(0)}" class="cell"/>`,
            ),
            'a guest’s vCPU is pinned here',
          ] as [Box, string],
        ]
      : []),
  ];
  return flow(
    entries.map(([mark, text]) => beside([mark, label(text, { size: 11, css: 'soft' })], 4)),
    width,
    16,
    3,
  );
}

export function distancesBox({ nodes }: Topology): Box | undefined {
  const told = nodes.filter(({ distances }) => distances.length > 0);
  if (nodes.length < 2 || nodes.length > MOST_NODES || told.length === 0) return undefined;
  const cell = (text: string, css: string): Box => ({
    width: 34,
    height: 18,
    draw: (x, y) => `<text x="${x + 30}" y="${y + 13}" font-size="11" text-anchor="end" class="${css}">${text}</text>`,
  });
  const row = (first: string, others: readonly (string | number)[], css: string) =>
    beside([cell(first, 'faint'), ...others.map((one) => cell(String(one), css))], 0);
  return aside('distances of nodes', [
    row(
      '',
      nodes.map(({ id }) => id),
      'faint',
    ),
    ...told.map(({ id, distances }) => row(String(id), distances, 'ink')),
  ]);
}

export function guestsBox({ guests }: Topology): Box | undefined {
  if (guests.length === 0) return undefined;
  const rows = guests.slice(0, MOST_ROWS * 2).map((guest, at) => {
    const mark: Box = {
      width: 14,
      height: 12,
      draw: (x, y) =>
        floats(guest)
          ? `<rect x="${x}" y="${y + 2}" width="12" height="10" class="offline"/>`
          : `<rect x="${x}" y="${y + 2}" width="12" height="10" class="cell" style="fill:${guestColour(at)}"/>`,
    };
    const nodes = guest.memoryNodes ? ` on node ${formatCpuSet(guest.memoryNodes)}` : '';
    const how = `${counted(guest.vcpus.length, 'vCPU')} on ${formatCpuSet(unionOf(...guest.vcpus.map(({ cpus }) => cpus)))}, ${memory(guest.memoryKib)}${nodes}`;
    return beside([mark, line(`${guest.name}: ${how}`)], 4);
  });
  const more = guests.length > rows.length ? [line(`and ${guests.length - rows.length} more`, 'soft')] : [];
  return aside('guests', [...rows, ...more]);
}

export function interruptsBox(topology: Topology): Box | undefined {
  const rows = interruptRows(topology).filter(({ effective }) => effective.length > 0);
  if (rows.length === 0) return undefined;
  const most = Math.max(1, ...rows.map(({ came }) => came));
  const shown = rows.slice(0, MOST_ROWS).map(({ name, irqs, effective, came }) =>
    beside(
      [
        {
          width: 60,
          height: 14,
          draw: (x: number, y: number) =>
            `<rect x="${x}" y="${y + 4}" width="${(60 * Math.sqrt(came / most)).toFixed(1)}" height="8" class="irq"/>`,
        },
        line(`${name}: ${came} by ${counted(irqs.length, 'IRQ')}, on ${formatCpuSet(effective)}`),
      ],
      6,
    ),
  );
  const more =
    rows.length > MOST_ROWS ? [line(`and ${rows.length - MOST_ROWS} more that come less often`, 'soft')] : [];
  return aside('interrupts since the boot', [...shown, ...more]);
}
