import type { HostFiles } from './fake-files.ts';

/** A command was asked for something that it does not do here, though a real one may. */
export class NotEmulated extends Error {}

export interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command prints: its stdout with status 0, all of it, or a function of its arguments and the host's files. */
export type Command = string | Output | ((argv: readonly string[], files: HostFiles) => string | Output);
