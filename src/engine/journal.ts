import { type FileHandle, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ActionResult, Change, Reading } from '../contract/index.ts';
import { hideIn, hideSecrets, holdsSecret } from '../source/secrets.ts';
import { censoredSecret } from './censor.ts';
import type { Identity } from './host.ts';

/** What a run meant to do and did, one JSON line each, on disk before it is relied on. */
export type JournalRecord =
  | {
      readonly is: 'run';
      readonly run_id: string;
      readonly mode: string;
      readonly version: string;
      readonly started: string;
      readonly playbooks: readonly string[];
      readonly inventory: readonly string[];
      readonly cwd: string;
      /** All hosts that the run is to work on. */
      readonly hosts: readonly string[];
      /** How it was asked for, in the command line's own form, so that it can be asked for again. */
      readonly flags?: object;
    }
  /** Written before acting: all that is needed to see what may have happened, and to go back. */
  | {
      readonly is: 'intent';
      readonly seq: number;
      readonly host: string;
      /** As whom it was done. */
      readonly identity: Identity;
      readonly task: string;
      readonly module: string;
      readonly source: string;
      readonly at: string;
      readonly changes: readonly Change[];
      /** What is to be run when it was done, should kvmplay not live to say so. */
      readonly notifies?: Notified;
    }
  | {
      readonly is: 'done';
      readonly seq: number;
      readonly results: readonly ActionResult[];
      /** What was read of the changes' targets after, one by one, where it may be other than `after`. */
      readonly left?: readonly (Reading | null)[];
    }
  /** One of its changes was half done when an action was refused, and was undone at once. */
  | { readonly is: 'taken-back'; readonly seq: number; readonly results: readonly ActionResult[] }
  /** The connection broke before an answer came: whether it was done is not known. */
  | { readonly is: 'lost'; readonly seq: number; readonly why: string }
  /** How it went with the timer of `--confirm`. `undone`: the host undid the run `id` at this time, by its own clock. */
  | { readonly is: 'confirmed'; readonly host: string; readonly id: string }
  | {
      readonly is: 'undone';
      readonly host: string;
      readonly id: string;
      readonly at: string;
      /** Steps that could not be undone. */
      readonly failed: number;
    }
  | { readonly is: 'unconfirmed'; readonly host: string; readonly id: string; readonly why: string }
  /** Handlers that are to be run on a host, or that were. */
  | ({ readonly is: 'notified' | 'settled'; readonly host: string } & Notified)
  /** The host is out of the run: through all of its plays, or not. */
  | { readonly is: 'left'; readonly host: string; readonly how: 'done' | 'failed' | 'unreachable' | 'stopped' }
  | { readonly is: 'end'; readonly finished: string; readonly exit_code: number };

/** Handlers of a play, by the names under which they are written. */
export interface Notified {
  /** The file that the play stands in. */
  readonly playbook: string;
  readonly play: string;
  readonly handlers: readonly string[];
}

export interface Journal {
  readonly runId: string;
  /** Resolves when the record is on disk. */
  append(record: JournalRecord): Promise<void>;
  nextSeq(): number;
  close(): Promise<void>;
}

export const journalDir = (): string =>
  join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'kvmplay', 'runs');

/** `20261122T221640.123-3f9c`: sorts by time, unique between control nodes. */
export function newRunId(now: Date, random: string): string {
  return `${now.toISOString().replace(/[-:Z]/g, '')}-${random}`;
}

/** Records of many hosts that wait at the same time share one write and one fsync. */
export async function openJournal(directory: string, runId: string): Promise<Journal> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const handle = await open(join(directory, `${runId}.jsonl`), 'ax', 0o600);
  let waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let flushing: Promise<void> | undefined;
  let seq = 0;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await writeDurably(handle, batch.map(({ line }) => line).join(''));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    flushing = undefined;
  };

  return {
    runId,
    nextSeq: () => ++seq,
    append(record) {
      const written = new Promise<void>((resolve, reject) => {
        waiting.push({ line: `${JSON.stringify(censoredRecord(record))}\n`, resolve, reject });
      });
      flushing ??= flush();
      return written;
    },
    async close() {
      await flushing;
      await handle.close();
    },
  };
}

/** What may be kept on disk: a change with a secret in it is written down as a `no_log` one is. */
function censoredRecord(record: JournalRecord): JournalRecord {
  switch (record.is) {
    case 'intent': {
      const changes = record.changes.map(censoredSecret);
      return { ...record, task: hideSecrets(record.task), changes };
    }
    case 'done': {
      const { left, ...rest } = holdsSecret(record.results) ? { ...record, results: hideIn(record.results) } : record;
      return left && !holdsSecret(left) ? { ...rest, left } : rest;
    }
    case 'taken-back':
      return holdsSecret(record.results) ? { ...record, results: hideIn(record.results) } : record;
    case 'lost':
      return { ...record, why: hideSecrets(record.why) };
    default:
      return record;
  }
}

async function writeDurably(handle: FileHandle, lines: string): Promise<void> {
  await handle.appendFile(lines);
  await handle.datasync();
}

/** The records of one run; a last line that was torn by a crash is left out. */
export async function readJournal(directory: string, runId: string): Promise<readonly JournalRecord[]> {
  const lines = (await readFile(join(directory, `${runId}.jsonl`), 'utf8')).split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as JournalRecord);
}

/** What a journal begins with; undefined where nothing was written yet. */
export async function readHead(directory: string, runId: string): Promise<JournalRecord | undefined> {
  const file = await open(join(directory, `${runId}.jsonl`));
  try {
    for await (const line of file.readLines()) return JSON.parse(line) as JournalRecord;
    return undefined;
  } finally {
    await file.close();
  }
}

/** Run ids, oldest first. */
export async function listRuns(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.slice(0, -'.jsonl'.length))
    .sort();
}
