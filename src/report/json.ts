import type { Event, Result, RunStart, Step } from '../engine/events.ts';

interface TaskReport {
  readonly play: string;
  readonly name: string;
  readonly module: string;
  readonly source: string;
  readonly results: Omit<Result, 'diff'>[];
}

/** The whole run as one document of schema `kvmplay.run/1`, given out at the end. */
export function jsonReport(write: (text: string) => void): (event: Event) => void {
  let start: RunStart | undefined;
  const tasks: TaskReport[] = [];
  const warnings: string[] = [];
  let reports = new Map<number, TaskReport>();
  let steps: readonly Step[] = [];

  return (event) => {
    switch (event.event) {
      case 'run_start':
        start = event;
        break;
      case 'play_start':
        steps = event.steps;
        reports = new Map(
          steps.map(({ play, name, module, source }, index) => [index, { play, name, module, source, results: [] }]),
        );
        tasks.push(...reports.values());
        break;
      case 'task_result': {
        const { diff: _, ...result } = event.result;
        reports.get(event.step)?.results.push(result);
        break;
      }
      case 'warning':
        warnings.push(event.host ? `${event.host}: ${event.message}` : event.message);
        break;
      case 'run_end': {
        const { event: _, ...head } = start ?? { event: '' };
        const { event: __, ...tail } = event;
        const done = tasks.filter((task) => task.results.length > 0);
        for (const task of done) task.results.sort(byHost(Object.keys(event.hosts)));
        write(`${JSON.stringify({ ...head, ...tail, warnings, tasks: done }, null, 2)}\n`);
      }
    }
  };
}

const byHost = (hosts: readonly string[]) => (a: Pick<Result, 'host'>, b: Pick<Result, 'host'>) =>
  hosts.indexOf(a.host) - hosts.indexOf(b.host);

/** The same facts as they happen: one event a line. */
export function jsonlReport(write: (text: string) => void): (event: Event) => void {
  return (event) => write(`${JSON.stringify(event)}\n`);
}
