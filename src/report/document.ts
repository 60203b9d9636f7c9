import type { Event, Result, RunEnd, RunStart, Step } from '../engine/events.ts';

/** A whole run as data: schema `kvmplay.run/1`. */
export type RunDocument = Omit<RunStart, 'event'> &
  Omit<RunEnd, 'event'> & { readonly warnings: readonly string[]; readonly tasks: readonly TaskReport[] };

/** One task with what came of it on every host that came to it, in the run's order of hosts. */
export interface TaskReport {
  readonly play: string;
  readonly name: string;
  readonly module: string;
  /** `site.yml:12:7`. */
  readonly source: string;
  readonly results: readonly Omit<Result, 'diff'>[];
}

/** Gather events into a document, given out when the run has ended. */
export function gather(done: (document: RunDocument) => void): (event: Event) => void {
  let start: Omit<RunStart, 'event'> | undefined;
  const tasks: { step: Step; results: Omit<Result, 'diff'>[] }[] = [];
  const warnings: string[] = [];
  let ofPlay: (typeof tasks)[number][] = [];

  return (event) => {
    switch (event.event) {
      case 'run_start': {
        const { event: _, ...head } = event;
        start = head;
        break;
      }
      case 'play_start':
        ofPlay = event.steps.map((step) => ({ step, results: [] }));
        tasks.push(...ofPlay);
        break;
      case 'task_result': {
        const { diff: _, ...result } = event.result;
        ofPlay[event.step]?.results.push(result);
        break;
      }
      case 'warning':
        warnings.push(event.host ? `${event.host}: ${event.message}` : event.message);
        break;
      case 'run_end': {
        const { event: _, ...tail } = event;
        if (!start) throw new Error('a run ended that had not started');
        const order = new Map(Object.keys(event.hosts).map((host, index) => [host, index]));
        done({ ...start, ...tail, warnings, tasks: tasks.flatMap((task) => reported(task, order)) });
      }
    }
  };
}

function reported(
  { step, results }: { step: Step; results: Omit<Result, 'diff'>[] },
  order: ReadonlyMap<string, number>,
): TaskReport[] {
  if (results.length === 0) return [];
  const { play, name, module, source } = step;
  const place = (host: string) => order.get(host) ?? order.size;
  return [{ play, name, module, source, results: results.toSorted((a, b) => place(a.host) - place(b.host)) }];
}
