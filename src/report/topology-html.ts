import { formatCpuSet, formatKib } from '../contract/index.ts';
import type { Topology } from '../topology/index.ts';
import { interruptRows } from './interrupt-rows.ts';
import { topologySvg } from './topology-svg.ts';
import { topologyText } from './topology-text.ts';
import { cpuSets, listOr, memory, summaryOf, vcpuWords } from './topology-words.ts';
import { xmlText } from './xml-text.ts';

/** A page without anything from elsewhere: the picture, and what is in it as tables. Light and dark. */
export function topologyHtml(name: string, topology: Topology): string {
  const title = `${name}: ${summaryOf(topology)}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${xmlText(title)}</title><style>${STYLE}</style></head><body>
<figure>${topologySvg(name, topology)}</figure>
${sections(topology).join('\n')}
<details><summary>As text</summary><pre>${xmlText(topologyText(name, topology))}</pre></details>
</body></html>
`;
}

function sections(topology: Topology): string[] {
  const { nodes, nics, disks, guests } = topology;
  const at = (node: number | undefined) => (node === undefined ? '' : String(node));
  return [
    table('CPUs', ['', 'CPUs'], cpuSets(topology)),
    table(
      'Nodes',
      ['node', 'CPUs', 'memory', 'free', 'huge pages', 'distances'],
      nodes.map(({ id, cpus, memoryKib, freeKib, hugepages, distances }) => [
        String(id),
        listOr(cpus, 'none'),
        memoryKib === undefined ? '' : memory(memoryKib),
        freeKib === undefined ? '' : memory(freeKib),
        Object.entries(hugepages)
          .map(([kib, { total, free }]) => `${formatKib(Number(kib))}: ${free} of ${total} free`)
          .join(', '),
        distances.join(' '),
      ]),
    ),
    table(
      'Guests',
      ['guest', 'vCPUs on', 'emulator', 'IO threads', 'memory', 'nodes'],
      guests.map((guest) => [
        guest.name,
        vcpuWords(guest),
        formatCpuSet(guest.emulator),
        guest.iothreads.map(({ iothread, cpus }) => `${iothread}: ${formatCpuSet(cpus)}`).join(', '),
        `${memory(guest.memoryKib)}${guest.hugepages ? ' in huge pages' : ''}`,
        listOr(guest.memoryNodes ?? [], 'any'),
      ]),
    ),
    table(
      'NICs and disks',
      ['device', 'node', 'driver', 'IRQs'],
      [
        ...nics.map(({ name, node, driver, irqs }) => [name, at(node), driver ?? '', formatCpuSet(irqs)]),
        ...disks.map(({ name, node }) => [name, at(node), '', '']),
      ],
    ),
    table(
      'Interrupts',
      ['of', 'node', 'IRQs', 'came', 'go to', 'may go to'],
      interruptRows(topology).map(({ name, node, irqs, came, effective, allowed }) => [
        name,
        at(node),
        formatCpuSet(irqs),
        effective.length > 0 ? String(came) : '',
        formatCpuSet(effective),
        formatCpuSet(allowed),
      ]),
    ),
  ];
}

function table(title: string, heading: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${xmlText(cell)}</${tag}>`).join('')}</tr>`;
  return `<h2>${title}</h2><table><thead>${row(heading, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`;
}

const STYLE = `
:root{color-scheme:light dark;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;max-width:110rem;margin:1rem auto;padding:0 1rem}
figure{margin:0;overflow-x:auto}figure svg{max-width:100%;height:auto}h2{font-size:1.1rem;margin:1.5rem 0 .3rem}
table{border-collapse:collapse}th,td{border-bottom:1px solid var(--line);padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-size:.85rem}pre{overflow:auto;font:12px/1.3 ui-monospace,monospace}details{margin:1.5rem 0}
`;
