import { formatCpuSet, formatKib, intersectionOf, isWithin } from '../contract/index.ts';
import type { Guest, Llc, NumaNode, Placement, Topology } from '../topology/index.ts';
import { type Box, column, flow, label, panel } from './svg-boxes.ts';
import { xmlText } from './xml-text.ts';

const WIDTH = 1180;
const PAD = 12;
const THREAD = { width: 52, height: 34 };
/** How much of a guest's name a CPU has room for. */
const LETTERS = 7;

/** Who is on a CPU, in words and colour. */
interface Owner {
  readonly fill: string;
  readonly text: string;
  /** Which of its threads. */
  readonly thread: string;
  readonly tip: string;
}

const FREE: Owner = { fill: '#ffffff', text: '', thread: '', tip: 'free' };
const RESERVED: Owner = { fill: '#b8bec6', text: 'host', thread: '', tip: "the host's own" };
const POOL: Owner = { fill: '#f3eccb', text: 'pool', thread: '', tip: 'shared guests float here' };

/** A picture of a host with who sits where: nodes, in them caches, in them cores, in them threads. */
export function placementSvg(host: string, topology: Topology, guests: readonly Guest[], placement: Placement): string {
  const owners = ownersOf(guests, placement);
  const inner = WIDTH - 2 * PAD;
  const { missing } = placement;
  const content = column([
    label(`${host}: ${placement.guests.size} of ${guests.length} guests have a place`, { size: 18, bold: true }),
    legend(guests, placement, inner),
    flow(
      topology.nodes.map((node) => nodeBox(topology, node, owners, inner)),
      inner,
      PAD,
    ),
    ...missing.flatMap(({ guest, reason }) =>
      wrapped(`no place for ${guest}: ${reason}`).map((line) => label(line, { size: 13, fill: '#a01818' })),
    ),
  ]);
  const height = content.height + 2 * PAD;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="DejaVu Sans, Verdana, sans-serif">`,
    `<title>${xmlText(host)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fbfbfa"/>`,
    content.draw(PAD, PAD),
    '</svg>\n',
  ].join('\n');
}

/** Neighbours in the list differ most in hue. */
const colour = (at: number): string => `hsl(${Math.round(at * 137.5) % 360} 65% ${at % 2 === 0 ? 78 : 68}%)`;

function ownersOf(guests: readonly Guest[], placement: Placement): Map<number, Owner> {
  const owners = new Map<number, Owner>(placement.reserved.map((cpu) => [cpu, RESERVED]));
  const names = [...placement.guests.keys()];
  for (const guest of guests) {
    const place = placement.guests.get(guest.name);
    const fill = colour(names.indexOf(guest.name));
    const text = guest.name.length > LETTERS ? `${guest.name.slice(0, LETTERS - 1)}…` : guest.name;
    place?.vcpus.forEach((cpus, vcpu) => {
      for (const cpu of cpus)
        owners.set(
          cpu,
          guest.policy === 'shared' ? POOL : { fill, text, thread: `v${vcpu}`, tip: `${guest.name} vCPU ${vcpu}` },
        );
    });
    if (place && guest.policy === 'dedicated' && guest.emulator === 'isolate')
      for (const cpu of place.emulator) owners.set(cpu, { fill, text, thread: 'emu', tip: `${guest.name} emulator` });
  }
  return owners;
}

function nodeBox(topology: Topology, node: NumaNode, owners: ReadonlyMap<number, Owner>, width: number): Box {
  const llcs = topology.llcs.filter((llc) => llc.node === node.id);
  const pages = Object.entries(node.hugepages)
    .filter(([, { total }]) => total > 0)
    .map(([kib, { free, total }]) => `${free} of ${total} × ${formatKib(Number(kib))} pages free`);
  const gib = node.memoryKib === undefined ? [] : [`${(node.memoryKib / 1024 ** 2).toFixed(1)} GiB`];
  const heading = [`node ${node.id}`, ...gib, ...pages, ...(llcs.length === 0 ? ['memory alone'] : [])].join(' · ');
  const rows = flow(
    llcs.map((llc) => llcBox(topology, llc, owners, width - 4 * PAD)),
    width - 2 * PAD,
    PAD,
  );
  return panel(column([label(heading, { size: 14, bold: true }), rows]), { fill: '#eef1f4', stroke: '#8a94a0' });
}

function llcBox(topology: Topology, llc: Llc, owners: ReadonlyMap<number, Owner>, width: number): Box {
  const cores = topology.cores.filter(({ cpus }) => intersectionOf(cpus, llc.cpus).length > 0);
  const kind = topology.kinds.find(({ cpus }) => isWithin(llc.cpus, cpus));
  const shared = llc.shares === 'node' ? 'node' : llc.shares === 'l3' ? 'L3' : llc.shares;
  const threads = Math.max(1, ...cores.map(({ cpus }) => cpus.length));
  const across = Math.max(1, Math.min(Math.ceil(8 / threads) * 2, Math.floor(width / (threads * THREAD.width + 8))));
  const grid = flow(
    cores.map(({ cpus }) =>
      panel(
        flow(
          cpus.map((cpu) => threadBox(cpu, owners.get(cpu) ?? FREE)),
          threads * THREAD.width,
          0,
        ),
        { pad: 1, fill: '#ffffff', stroke: '#555d66' },
      ),
    ),
    across * (threads * THREAD.width + 8),
    6,
  );
  const heading = `${shared} ${formatCpuSet(llc.cpus)}${kind ? ` (${kind.name})` : ''}`;
  return panel(column([label(heading, { size: 11, fill: '#4a525b' }), grid]), { fill: '#dfe5ea', stroke: '#a5afb9' });
}

const threadBox = (cpu: number, { fill, text, thread, tip }: Owner): Box => ({
  ...THREAD,
  draw: (x, y) =>
    [
      `<g><title>CPU ${cpu}: ${xmlText(tip)}</title>`,
      `<rect x="${x}" y="${y}" width="${THREAD.width}" height="${THREAD.height}" fill="${fill}" stroke="#c3c9d0" stroke-width="0.5"/>`,
      `<text x="${x + 3}" y="${y + 11}" font-size="9" fill="#5a626b">${cpu}</text>`,
      `<text x="${x + THREAD.width - 3}" y="${y + 11}" font-size="9" text-anchor="end" fill="#14181c">${thread}</text>`,
      `<text x="${x + THREAD.width / 2}" y="${y + 27}" font-size="11" text-anchor="middle" fill="#14181c">${xmlText(text)}</text></g>`,
    ].join(''),
});

function legend(guests: readonly Guest[], placement: Placement, width: number): Box {
  const names = [...placement.guests.keys()];
  const shared = new Set(guests.filter(({ policy }) => policy === 'shared').map(({ name }) => name));
  const entries = names.map((name, at) => {
    const place = placement.guests.get(name);
    const text = `${name}: ${place?.why ?? ''}`;
    return keyed(shared.has(name) ? POOL.fill : colour(at), text);
  });
  const own =
    placement.reserved.length > 0 ? [keyed(RESERVED.fill, `the host's own: ${formatCpuSet(placement.reserved)}`)] : [];
  return flow([...own, ...entries], width, 10, 4);
}

function keyed(fill: string, text: string): Box {
  const words = label(text, { size: 12 });
  return {
    width: words.width + 20,
    height: words.height,
    draw: (x, y) =>
      `<rect x="${x}" y="${y + 2}" width="14" height="12" fill="${fill}" stroke="#555d66" stroke-width="0.7"/>${words.draw(x + 20, y)}`,
  };
}

/** Lines that fit the picture's width. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 135) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
