import type { RunDocument, TaskReport } from './document.ts';
import { summaryOf } from './summary.ts';

/** SARIF 2.1.0, so that a code host shows drift and failures at the task in the playbook that they belong to. */
export function toSarif(document: RunDocument): string {
  const results = document.tasks.flatMap((task) =>
    task.results.flatMap((result) => {
      const level = levelOf(result.status);
      if (!level) return [];
      return [
        {
          ruleId: result.error?.code ?? (result.status === 'unknown' ? 'Unknown' : 'Drift'),
          level,
          message: { text: `${result.host}: ${summaryOf(result)}` },
          locations: [{ physicalLocation: physical(task.source) }],
          partialFingerprints: { hostTask: `${result.host}/${task.source}` },
        },
      ];
    }),
  );
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].sort().map((id) => ({ id }));
  const driver = { name: 'kvmplay', version: document.kvmplay_version, rules };
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function levelOf(status: TaskReport['results'][number]['status']): 'error' | 'warning' | 'note' | undefined {
  if (status === 'failed' || status === 'unreachable') return 'error';
  if (status === 'changed') return 'warning';
  return status === 'unknown' ? 'note' : undefined;
}

function physical(source: string) {
  const [, uri = source, line = '1', column = '1'] = /^(.*):(\d+):(\d+)$/.exec(source) ?? [];
  return {
    artifactLocation: { uri: encodeURI(uri) },
    region: { startLine: Number(line), startColumn: Number(column) },
  };
}
