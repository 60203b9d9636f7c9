import type { Event, Result, RunEnd, RunStart, Step } from '../engine/events.ts';
import { bySpot, type Gathered, gatherResult, nameOf } from './by-spot.ts';

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
  readonly results: readonly Omit<Result, 'diff' | 'name'>[];
}

/** Gather events into a document, given out when the run has ended. */
export function gather(done: (document: RunDocument) => void): (event: Event) => void {
  let start: Omit<RunStart, 'event'> | undefined;
  const plays: { steps: readonly Step[]; gathered: Gathered }[] = [];
  const warnings: string[] = [];

  return (event) => {
    switch (event.event) {
      case 'run_start': {
        const { event: _, ...head } = event;
        start = head;
        break;
      }
      case 'play_start':
        plays.push({ steps: event.steps, gathered: new Map() });
        break;
      case 'task_result': {
        const play = plays.at(-1);
        if (play) gatherResult(play.gathered, event);
        break;
      }
      case 'warning':
        warnings.push(event.host ? `${event.host}: ${event.message}` : event.message);
        break;
      case 'run_end': {
        const { event: _, ...tail } = event;
        if (!start) throw new Error('a run ended that had not started');
        const order = new Map(Object.keys(event.hosts).map((host, index) => [host, index]));
        const tasks = plays.flatMap(({ steps, gathered }) =>
          bySpot(gathered).flatMap(({ step, results }) => reported(steps[step], results, order)),
        );
        done({ ...start, ...tail, warnings, tasks });
      }
    }
  };
}

function reported(
  step: Step | undefined,
  results: readonly Result[],
  order: ReadonlyMap<string, number>,
): TaskReport[] {
  if (!step) return [];
  const { play, module, source } = step;
  const place = ({ host }: Result) => order.get(host) ?? order.size;
  const ordered = results.toSorted((a, b) => place(a) - place(b));
  const plain = ordered.map(({ diff: _, name: __, ...result }) => result);
  return [{ play, name: nameOf(step, ordered), module, source, results: plain }];
}
