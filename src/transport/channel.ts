import type { Readable, Writable } from 'node:stream';

/** A process's three streams, wherever it runs: binary-safe, and as reliable as what carries them. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves, and never rejects, when the process or what carries it is gone. Both null: nobody knows how it ended. */
  readonly closed: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** End it now, however it is. */
  kill(): void;
}
