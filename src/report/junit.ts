import type { RunDocument, TaskReport } from './document.ts';
import { summaryOf } from './summary.ts';
import { xmlText } from './xml-text.ts';

/**
 * JUnit's XML as CI servers read it: a test suite for each host, a test case for each task. In an audit, drift is a
 * failure: that is what the pipeline is asked to stop at.
 */
export function toJunit(document: RunDocument): string {
  const drift = document.mode === 'audit';
  const suites = Object.keys(document.hosts).map((host) => {
    const cases = document.tasks.flatMap((task) =>
      task.results.filter((result) => result.host === host).map((result) => testCase(task, result, drift)),
    );
    const count = (kind: Kind) => cases.filter((one) => one.kind === kind).length;
    return [
      `  <testsuite name="${xmlText(host)}" tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" timestamp="${document.started}">`,
      ...cases.map((one) => one.xml),
      '  </testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="kvmplay ${document.mode}">\n${suites.join('\n')}\n</testsuites>\n`;
}

type Kind = 'passed' | 'failure' | 'error' | 'skipped';

function testCase(
  task: TaskReport,
  result: TaskReport['results'][number],
  drift: boolean,
): { kind: Kind; xml: string } {
  const kind = kindOf(result.status, drift);
  const item = result.item === undefined ? '' : ` (item=${JSON.stringify(result.item)})`;
  const open = `    <testcase classname="${xmlText(task.play)}" name="${xmlText(task.name + item)}" file="${xmlText(task.source)}" time="${(result.ms / 1000).toFixed(3)}"`;
  if (kind === 'passed') return { kind, xml: `${open}/>` };
  const summary = summaryOf(result);
  const inner =
    kind === 'skipped'
      ? `<skipped message="${xmlText(summary)}"/>`
      : `<${kind} type="${xmlText(result.error?.code ?? result.status)}" message="${xmlText(summary)}">${xmlText(detailsOf(result))}</${kind}>`;
  return { kind, xml: `${open}>\n      ${inner}\n    </testcase>` };
}

function kindOf(status: TaskReport['results'][number]['status'], drift: boolean): Kind {
  if (status === 'failed') return 'failure';
  if (status === 'unreachable') return 'error';
  if (status === 'skipped') return 'skipped';
  return drift && (status === 'changed' || status === 'unknown') ? 'failure' : 'passed';
}

const detailsOf = (result: TaskReport['results'][number]): string =>
  [
    ...result.changes.map((change) => `${change.plane}: ${change.summary}`),
    ...(result.error?.hint ? [`hint: ${result.error.hint}`] : []),
  ].join('\n');
