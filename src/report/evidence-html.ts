import { type Compared, compare, type Evidence, type GuestEvidence } from '../evidence/index.ts';
import { evidenceText } from './evidence-text.ts';
import { xmlText } from './xml-text.ts';

/** One host's evidence, and what was measured before where that is given. */
export interface Pair {
  readonly after: Evidence;
  readonly before: Evidence | undefined;
}

/** A page without anything from elsewhere: plots of who is interrupted and where memory is, and all figures. Light and dark. */
export function evidenceHtml(pairs: readonly Pair[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>kvmplay evidence</title><style>${STYLE}</style></head><body>
<h1>kvmplay evidence</h1>
${pairs.map(hostSection).join('\n')}
</body></html>
`;
}

function hostSection({ before, after }: Pair): string {
  const shown: [string, Evidence][] = before
    ? [
        [`before, ${before.taken}`, before],
        [`after, ${after.taken}`, after],
      ]
    : [[after.taken, after]];
  const most = Math.max(
    1,
    ...shown.flatMap(([, { cpus }]) => cpus.map(({ interruptsPerSecond }) => interruptsPerSecond)),
  );
  return `<section><h2>${xmlText(after.host)}</h2>
${before ? comparison(compare(before, after)) : ''}
${shown.map(([title, one]) => `<figure><figcaption>${xmlText(title)}</figcaption>${interruptsPlot(one, most)}${memoryPlot(one)}</figure>`).join('\n')}
<details><summary>All figures</summary><pre>${shown.map(([, one]) => xmlText(evidenceText(one))).join('\n')}</pre></details>
</section>`;
}

function comparison(compared: readonly Compared[]): string {
  const rows = compared.map(
    ({ subject, figure, before, after }) =>
      `<tr${before === after ? '' : ' class="moved"'}><td>${xmlText(subject)}</td><td>${xmlText(figure)}</td><td>${xmlText(before)}</td><td>${xmlText(after)}</td></tr>`,
  );
  return `<table><thead><tr><th></th><th>figure</th><th>before</th><th>after</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const HEIGHT = 90;
const WIDTH = 860;

/** A bar for each CPU, as high as it is interrupted: those where vCPUs ran stand out. Node by node. */
function interruptsPlot({ cpus }: Evidence, most: number): string {
  const left = 70;
  const step = (WIDTH - left - 10) / Math.max(cpus.length, 1);
  const sorted = [...cpus].sort((a, b) => a.node - b.node || a.cpu - b.cpu);
  const every = Math.ceil(26 / step);
  const bars = sorted.map(({ cpu, node, interruptsPerSecond, vcpus }, at) => {
    const height = (HEIGHT * interruptsPerSecond) / most;
    const x = left + at * step;
    const title = `CPU ${cpu}, node ${node}: ${interruptsPerSecond} interrupts/s${vcpus.length > 0 ? `; ${vcpus.join(', ')} ran here` : ''}`;
    const label =
      at % every === 0 ? `<text x="${x + step / 2}" y="${HEIGHT + 34}" text-anchor="middle">${cpu}</text>` : '';
    return `<g><title>${xmlText(title)}</title><rect x="${x}" y="16" width="${step}" height="${HEIGHT}" class="node${node % 2}"/><rect x="${x + step * 0.15}" y="${16 + HEIGHT - height}" width="${step * 0.7}" height="${height}" class="${vcpus.length > 0 ? 'guest' : 'other'}"/>${label}</g>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT + 60}" role="img" aria-label="Interrupts per second of each CPU">
<text x="0" y="24">${most}/s</text><text x="0" y="${HEIGHT + 16}">0</text><text x="0" y="${HEIGHT + 34}">CPU</text>
${bars.join('\n')}
<rect x="${left}" y="${HEIGHT + 44}" width="10" height="10" class="guest"/><text x="${left + 14}" y="${HEIGHT + 53}">interrupts/s where vCPUs ran</text><rect x="${left + 220}" y="${HEIGHT + 44}" width="10" height="10" class="other"/><text x="${left + 234}" y="${HEIGHT + 53}">interrupts/s elsewhere; shades are NUMA nodes</text>
</svg>`;
}

/** A bar for each guest: its memory by node, the part outlined in which none of its vCPUs ran. */
function memoryPlot({ guests, cpus }: Evidence): string {
  const known = guests.flatMap((guest) => (guest.memory === null ? [] : [{ guest, memory: guest.memory }]));
  if (known.length === 0) return '';
  const most = Math.max(1, ...known.map(({ memory }) => memory.reduce((sum, { mib }) => sum + mib, 0)));
  const rows = known.map(({ guest, memory }, row) => {
    let x = 150;
    const home = homeOf(guest, cpus);
    const parts = memory.map(({ node, mib }) => {
      const width = ((WIDTH - 160) * mib) / most;
      const from = x;
      x += width;
      const where = home.has(node) ? '' : ', none of its vCPUs ran there';
      return `<g><title>${xmlText(`${guest.name}: ${mib} MiB on node ${node}${where}`)}</title><rect x="${from}" y="${row * 20 + 4}" width="${width}" height="14" class="${home.has(node) ? 'near' : 'remote'}"/>${width > 60 ? `<text x="${from + 4}" y="${row * 20 + 15}" class="in">node ${node}</text>` : ''}</g>`;
    });
    return `<text x="0" y="${row * 20 + 15}">${xmlText(guest.name.slice(0, 20))}</text>${parts.join('')}`;
  });
  const foot = known.length * 20 + 8;
  return `<svg viewBox="0 0 ${WIDTH} ${foot + 20}" role="img" aria-label="Memory of each guest by NUMA node">${rows.join('\n')}
<rect x="150" y="${foot}" width="10" height="10" class="near"/><text x="164" y="${foot + 9}">memory where its vCPUs ran</text><rect x="350" y="${foot}" width="10" height="10" class="remote"/><text x="364" y="${foot + 9}">remote memory; the longest bar is ${most} MiB</text></svg>`;
}

function homeOf({ vcpus }: GuestEvidence, cpus: Evidence['cpus']): ReadonlySet<number> {
  const ran = new Set(vcpus.flatMap((one) => one.ran.map(({ cpu }) => cpu)));
  return new Set(cpus.filter(({ cpu }) => ran.has(cpu)).map(({ node }) => node));
}

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--guest:#c62828;--other:#1565c0;--near:#2e7d32;--shade0:#8881;--shade1:#8883}
@media(prefers-color-scheme:dark){:root{--guest:#ef9a9a;--other:#90caf9;--near:#a5d6a7}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}figure{margin:1rem 0}figcaption{opacity:.7;font-size:.9rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{border-bottom:1px solid var(--line);padding:.2rem .6rem;text-align:left}
th{font-size:.85rem}.moved td{font-weight:600}pre{overflow:auto;font:12px/1.4 ui-monospace,monospace}
svg{width:100%;height:auto;display:block;margin:.4rem 0;font:11px system-ui,sans-serif;fill:currentColor}
.node0{fill:var(--shade0)}.node1{fill:var(--shade1)}.guest,.remote{fill:var(--guest)}.other{fill:var(--other)}.near{fill:var(--near)}.in{fill:Canvas}
`;
