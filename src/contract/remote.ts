import type { Action, ActionResult } from './action.ts';
import type { Guard, GuardState, Undone } from './guard.ts';
import type { Probe } from './probe.ts';
import type { Reading } from './reading.ts';

/** One frame to a host: actions in order, then, whether or not they all succeeded, probes. */
export interface Request {
  readonly actions: readonly Action[];
  readonly probes: readonly Probe[];
  readonly guard?: Guard;
}

/** One result for each action and one reading for each probe, in the order asked. */
export interface Answer {
  readonly results: readonly ActionResult[];
  readonly readings: readonly Reading[];
  /** Where a guard was asked for. */
  readonly guard?: GuardState;
}

/** A host that can be asked: an ssh session, this machine, a directory, or a fake. The engine knows no more of it. */
export interface Remote {
  /** One round trip. Rejects with `Unreachable` when no whole answer came back. */
  exchange(request: Request): Promise<Answer>;
  /** Frames sent and answered so far. */
  readonly roundTrips: number;
  close(): Promise<void>;
  /** What timers of `--confirm` undid on this host, and nobody knew of when it was connected to. */
  readonly undone?: readonly Undone[];
}

/** The host could not be reached, or stopped answering. `code` is stable; the message names the host's own words. */
export class Unreachable extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.name = 'Unreachable';
    this.code = code;
    this.hint = hint;
  }
}
