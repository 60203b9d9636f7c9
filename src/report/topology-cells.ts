import { type CpuSet, formatCpuSet } from '../contract/index.ts';
import type { RunningGuest, Topology } from '../topology/index.ts';
import { interruptsByCpu } from './interrupt-rows.ts';
import type { Box } from './svg-boxes.ts';
import { counted } from './topology-words.ts';
import { xmlText } from './xml-text.ts';

export const CELL = { width: 50, height: 32 } as const;
/** How much of a guest's name a CPU has room for. */
const LETTERS = 7;
/** vCPUs of a guest that share more CPUs than this float: they are told beside the picture, not in it. */
const FLOATING = 4;

/** Draws one thread: its number, whose it is, what interrupts it. */
export type DrawThread = (cpu: number) => Box;

export function threadCells(topology: Topology): DrawThread {
  const host = new Set(topology.reserve?.host);
  const isolated = new Set(topology.cpus.isolated);
  const tickless = new Set(topology.cpus.tickless);
  const came = interruptsByCpu(topology);
  const most = Math.max(1, ...came.values());
  const queues = queuesByCpu(topology);
  const sitting = guestsByCpu(topology);
  return (cpu) => {
    const here = sitting.get(cpu) ?? [];
    const [first] = here;
    const names = new Set(here.map(({ name }) => name));
    const count = came.get(cpu) ?? 0;
    const irqs = queues.get(cpu) ?? [];
    const words = first ? (names.size > 1 ? `${names.size} guests` : short(first.name)) : host.has(cpu) ? 'host' : '';
    const tip = [
      `CPU ${cpu}`,
      ...(host.has(cpu) ? ["the host's own"] : []),
      ...here.map(({ name, what }) => `${name} ${what}`),
      ...(isolated.has(cpu) ? ['isolated'] : []),
      ...(tickless.has(cpu) ? ['nohz_full'] : []),
      ...(irqs.length > 0 ? [`NIC interrupts ${formatCpuSet(irqs)} land here`] : []),
      ...(count > 0 ? [counted(count, 'interrupt')] : []),
    ].join('; ');
    const css = first ? 'guest' : host.has(cpu) ? 'host' : 'free';
    const fill = first ? ` style="fill:${guestColour(first.at)}"` : '';
    const ink = first ? 'ink-guest' : 'ink';
    const bar = count > 0 ? Math.max(2, (CELL.width - 2) * Math.sqrt(count / most)) : 0;
    const thread = here.length === 1 && first ? first.what.replace('vCPU ', 'v') : '';
    return {
      ...CELL,
      draw: (x, y) =>
        [
          `<g><title>${xmlText(tip)}</title>`,
          `<rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" class="cell ${css}"${fill}/>`,
          css === 'host'
            ? `<rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" fill="url(#hatch)"/>`
            : '',
          isolated.has(cpu)
            ? `<rect x="${x + 1.5}" y="${y + 1.5}" width="${CELL.width - 3}" height="${CELL.height - 3}" class="isolated"/>`
            : '',
          `<text x="${x + 4}" y="${y + 12}" font-size="10" font-weight="bold" class="${ink}">${cpu}</text>`,
          irqs.length > 0
            ? `<path d="M${x + CELL.width - 20} ${y + 4}h8l-4 7z" class="irq"/><text x="${x + CELL.width - 3}" y="${y + 11}" font-size="8" text-anchor="end" class="${ink}">${irqs.length}</text>`
            : thread
              ? `<text x="${x + CELL.width - 4}" y="${y + 11}" font-size="9" text-anchor="end" class="${ink}">${xmlText(thread)}</text>`
              : '',
          words
            ? `<text x="${x + CELL.width / 2}" y="${y + 24}" font-size="10" text-anchor="middle" class="${ink}">${xmlText(words)}</text>`
            : '',
          bar > 0
            ? `<rect x="${x + 1}" y="${y + CELL.height - 4}" width="${bar.toFixed(1)}" height="3" class="irq"/>`
            : '',
          '</g>',
        ].join(''),
    };
  };
}

/** A CPU that is not online, of which no more is known. */
export const offlineCell = (cpu: number): Box => ({
  ...CELL,
  draw: (x, y) =>
    `<g><title>CPU ${cpu}: offline</title><rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" class="offline"/><text x="${x + 4}" y="${y + 12}" font-size="10" class="faint">${cpu}</text></g>`,
});

/** Neighbours in the list differ most in hue. They are light ones, so that dark letters show on them by day and night. */
export const guestColour = (at: number): string =>
  `hsl(${Math.round(at * 137.5 + 200) % 360} 65% ${at % 2 === 0 ? 78 : 68}%)`;

export const floats = ({ vcpus }: RunningGuest): boolean => vcpus.every(({ cpus }) => cpus.length > FLOATING);

const short = (name: string): string => (name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name);

interface Sitting {
  /** Its place in the list of guests. */
  readonly at: number;
  readonly name: string;
  readonly what: string;
}

function guestsByCpu({ guests }: Topology): Map<number, Sitting[]> {
  const found = new Map<number, Sitting[]>();
  const put = (cpus: CpuSet, sitting: Sitting) => {
    if (cpus.length > FLOATING) return;
    for (const cpu of cpus) found.set(cpu, [...(found.get(cpu) ?? []), sitting]);
  };
  guests.forEach(({ name, vcpus }, at) => {
    for (const { vcpu, cpus } of vcpus) put(cpus, { at, name, what: `vCPU ${vcpu}` });
  });
  return found;
}

/** The interrupts of NICs that each CPU gets. One that may go to many goes to one at a time: the kernel says which. */
function queuesByCpu({ nics, interrupts }: Topology): Map<number, number[]> {
  const ofNics = new Set(nics.flatMap(({ irqs }) => irqs));
  const found = new Map<number, number[]>();
  for (const { irq, effective } of interrupts)
    if (ofNics.has(irq) && effective.length <= FLOATING)
      for (const cpu of effective) found.set(cpu, [...(found.get(cpu) ?? []), irq]);
  return found;
}
