import type { RunDocument, TaskReport } from './document.ts';
import { summaryOf } from './summary.ts';
import { xmlText } from './xml-text.ts';

type Row = TaskReport['results'][number];

/** One page without anything from elsewhere: who is as asked, who is not, and every change. Light and dark. */
export function toHtml(document: RunDocument): string {
  const hosts = Object.entries(document.hosts);
  const off = hosts.filter(([, counts]) => counts.failed + counts.unreachable + counts.changed + counts.unknown > 0);
  const title = `kvmplay ${document.mode}: ${off.length === 0 ? 'every host is as asked' : `${off.length} of ${hosts.length} hosts are not as asked or were changed`}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${xmlText(title)}</title><style>${STYLE}</style></head><body>
<h1>${xmlText(title)}</h1>
<p class="meta">${xmlText(metaOf(document))}</p>
<h2>Hosts</h2>
<table><thead><tr><th>host</th>${COUNTS.map((name) => `<th>${name}</th>`).join('')}<th>round trips</th></tr></thead><tbody>
${hosts.map(([host, counts]) => hostRow(host, counts, document.round_trips[host] ?? 0)).join('\n')}
</tbody></table>
<h2>Tasks</h2>
${document.tasks.map(taskSection).join('\n')}
</body></html>
`;
}

const COUNTS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored', 'unknown'] as const;

const metaOf = (document: RunDocument): string =>
  [
    `run ${document.run_id}`,
    document.started,
    `${((Date.parse(document.finished) - Date.parse(document.started)) / 1000).toFixed(1)} s`,
    `exit ${document.exit_code}`,
    document.git ? `commit ${document.git.commit.slice(0, 12)}${document.git.dirty ? ' with changes' : ''}` : '',
    `kvmplay ${document.kvmplay_version}`,
  ]
    .filter(Boolean)
    .join(' · ');

const hostRow = (host: string, counts: RunDocument['hosts'][string], trips: number): string =>
  `<tr><td>${xmlText(host)}</td>${COUNTS.map((name) => `<td class="${counts[name] > 0 ? name : 'none'}">${counts[name]}</td>`).join('')}<td>${trips}</td></tr>`;

function taskSection(task: TaskReport): string {
  const loud = task.results.filter((result) => result.status !== 'ok' && result.status !== 'skipped');
  const quiet = task.results.length - loud.length;
  return `<details${loud.length > 0 ? ' open' : ''}><summary><b>${xmlText(task.name)}</b> <code>${xmlText(task.module)}</code> <span class="meta">${xmlText(task.source)}${quiet > 0 ? ` · ${quiet} ok or skipped` : ''}</span></summary>
${loud.map(resultBlock).join('\n')}
</details>`;
}

function resultBlock(result: Row): string {
  const item =
    result.item === undefined ? '' : ` <span class="meta">item=${xmlText(JSON.stringify(result.item))}</span>`;
  const hint = result.error?.hint ? `<p class="meta">hint: ${xmlText(result.error.hint)}</p>` : '';
  return `<div class="result"><b class="${result.status}">${result.status}</b> ${xmlText(result.host)}${item}
${result.changes.length > 0 ? changesTable(result) : `<p>${xmlText(summaryOf(result))}</p>`}${result.error && result.changes.length > 0 ? `<p>${xmlText(summaryOf(result))}</p>` : ''}${hint}</div>`;
}

const changesTable = (result: Row): string =>
  `<table><thead><tr><th>plane</th><th>what</th><th>before</th><th>after</th><th>impact</th></tr></thead><tbody>${result.changes
    .map(
      (change) =>
        `<tr><td>${change.plane}</td><td>${xmlText(change.target)}</td><td><pre>${xmlText(change.before ?? 'absent')}</pre></td><td><pre>${xmlText(change.after ?? 'absent')}</pre></td><td>${change.impact}</td></tr>`,
    )
    .join('')}</tbody></table>`;

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--red:#c62828;--amber:#b26a00;--green:#2e7d32;--blue:#1565c0;--violet:#7b1fa2}
@media(prefers-color-scheme:dark){:root{--red:#ef9a9a;--amber:#ffcc80;--green:#a5d6a7;--blue:#90caf9;--violet:#ce93d8}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{border-bottom:1px solid var(--line);padding:.2rem .6rem;text-align:left;vertical-align:top}
th{font-weight:600;font-size:.85rem}pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.4 ui-monospace,monospace;max-height:16rem;overflow:auto}
.meta{opacity:.7;font-size:.9rem}.none{opacity:.35}details{border:1px solid var(--line);border-radius:6px;padding:.4rem .8rem;margin:.4rem 0}
.result{margin:.6rem 0}.changed,.rescued{color:var(--amber)}.failed,.unreachable{color:var(--red)}.ok{color:var(--green)}.skipped,.ignored{color:var(--blue)}.unknown{color:var(--violet)}
`;
