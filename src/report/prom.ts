import type { RunDocument } from './document.ts';

/** Prometheus' text format, for node_exporter's textfile collector: is a host as asked, and since when is that known. */
export function toProm(document: RunDocument): string {
  const mode = `mode="${document.mode}"`;
  const hosts = Object.entries(document.hosts);
  const perHost = (
    counts: (counts: RunDocument['hosts'][string]) => readonly (readonly [string, number])[],
    name: string,
  ) =>
    hosts.flatMap(([host, all]) =>
      counts(all).map(([labels, value]) => `${name}{host="${label(host)}",${mode}${labels}} ${value}`),
    );
  const started = Date.parse(document.started) / 1000;
  const finished = Date.parse(document.finished) / 1000;
  return [
    ...family('kvmplay_tasks', 'Task results of the last run, by host and status.', 'gauge'),
    ...perHost(
      (counts) => Object.entries(counts).map(([status, count]) => [`,status="${status}"`, count]),
      'kvmplay_tasks',
    ),
    ...family('kvmplay_host_as_asked', '1 when nothing failed, changed or was unknown on the host.', 'gauge'),
    ...perHost(
      ({ failed, unreachable, changed, unknown }) => [['', failed + unreachable + changed + unknown === 0 ? 1 : 0]],
      'kvmplay_host_as_asked',
    ),
    ...family('kvmplay_round_trips', 'Frames sent to the host and answered.', 'gauge'),
    ...Object.entries(document.round_trips).map(
      ([host, trips]) => `kvmplay_round_trips{host="${label(host)}",${mode}} ${trips}`,
    ),
    ...family('kvmplay_run_exit_code', "The last run's exit status.", 'gauge'),
    `kvmplay_run_exit_code{${mode}} ${document.exit_code}`,
    ...family('kvmplay_run_finished_timestamp_seconds', 'When the last run finished.', 'gauge'),
    `kvmplay_run_finished_timestamp_seconds{${mode}} ${finished}`,
    ...family('kvmplay_run_duration_seconds', 'How long the last run took.', 'gauge'),
    `kvmplay_run_duration_seconds{${mode}} ${(finished - started).toFixed(3)}`,
    '',
  ].join('\n');
}

const family = (name: string, help: string, type: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
];

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const label = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
