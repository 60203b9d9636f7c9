import { rename, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { censoredEvent } from '../engine/censor.ts';
import type { Event } from '../engine/events.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { gather, type RunDocument } from './document.ts';
import { humanReport } from './human.ts';
import { jsonlReport, toJson } from './json.ts';
import { toJunit } from './junit.ts';
import { paintFor } from './paint.ts';
import { toProm } from './prom.ts';
import { toSarif } from './sarif.ts';

export interface ReportOptions {
  readonly output: 'human' | 'json' | 'jsonl' | 'quiet';
  /** Files to write as well; what goes into one is told by its extension. */
  readonly files: readonly string[];
  readonly verbosity: number;
  readonly stdout: NodeJS.WriteStream;
}

export interface Reports {
  readonly emit: (event: Event) => void;
  /** Resolves when every file is on disk. */
  readonly close: () => Promise<void>;
}

type Format = (document: RunDocument) => string | Promise<string>;

const FORMATS: Readonly<Record<string, Format>> = {
  '.html': async (document) => (await import('./html.ts')).toHtml(document),
  '.json': toJson,
  '.prom': toProm,
  '.sarif': toSarif,
  '.xml': toJunit,
};

/** Every report that a run was asked for, fed from one stream of events. Throws `UserError` for files of no known kind. */
export function makeReports(options: ReportOptions): Reports {
  const { files, stdout, output, verbosity } = options;
  const formats = files.map((file) => ({ file, format: formatOf(file) }));
  const write = (text: string) => void stdout.write(text);
  const documents: RunDocument[] = [];
  const printed = {
    human: () => humanReport({ write, paint: paintFor(stdout), columns: stdout.columns, verbosity }),
    json: () => gather((document) => write(toJson(document))),
    jsonl: () => jsonlReport(write),
    quiet: () => () => {},
  }[output]();
  const reports = [printed, ...(files.length > 0 ? [gather((document) => documents.push(document))] : [])];
  return {
    emit: (event) => {
      const shown = censoredEvent(event);
      for (const report of reports) report(shown);
    },
    close: async () => {
      for (const document of documents)
        await Promise.all(formats.map(async ({ file, format }) => replace(file, await format(document))));
    },
  };
}

function formatOf(file: string): Format {
  const format = FORMATS[extname(file).toLowerCase()];
  if (format) return format;
  const hint = `end it in ${Object.keys(FORMATS).join(', ')}`;
  throw new UserError([
    mistake('UnknownReport', `what to write to the report ${file} is told by its ending`, undefined, hint),
  ]);
}

/** A report is there whole or not at all: collectors read it at any time. */
async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}
