import type { Event } from '../engine/events.ts';
import { humanReport } from './human.ts';
import { jsonlReport, jsonReport } from './json.ts';
import { paintFor } from './paint.ts';

export interface ReportOptions {
  readonly output: 'human' | 'json' | 'jsonl' | 'quiet';
  /** Files to write as well; what goes into one is told by its extension. */
  readonly files: readonly string[];
  readonly verbosity: number;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Reports {
  readonly emit: (event: Event) => void;
  /** Resolves when every file is on disk. */
  readonly close: () => Promise<void>;
}

/** Every report that a run was asked for, fed from one stream of events. */
export async function makeReports(options: ReportOptions): Promise<Reports> {
  const write = (text: string) => void options.stdout.write(text);
  const { output, verbosity, stdout } = options;
  const shown = {
    human: () => humanReport({ write, paint: paintFor(stdout), columns: stdout.columns, verbosity }),
    json: () => jsonReport(write),
    jsonl: () => jsonlReport(write),
    quiet: () => () => {},
  }[output]();
  const reports = [shown];
  return {
    emit: (event) => {
      for (const report of reports) report(event);
    },
    close: async () => {},
  };
}
