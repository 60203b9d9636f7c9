import type { Impact, Plane } from '../contract/index.ts';
import type { Spot } from './spot.ts';

/** The one stream that every report is made of. Plain data; secrets are masked before an event is made. */
export type Event =
  | RunStart
  | PlayStart
  | BatchStart
  | TaskResult
  | HostPast
  | BatchEnd
  | { readonly event: 'warning'; readonly message: string; readonly host?: string }
  | RunEnd;

export type Mode = 'run' | 'check' | 'audit' | 'apply' | 'rollback';

export interface RunStart {
  readonly event: 'run_start';
  readonly schema: 'kvmplay.run/1';
  readonly mode: Mode;
  readonly run_id: string;
  readonly kvmplay_version: string;
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly playbooks: readonly string[];
}

/** Everything a play may print, in the order in which it is printed, whatever order hosts do it in. */
export interface PlayStart {
  readonly event: 'play_start';
  readonly play: number;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly steps: readonly Step[];
}

/** One task or handler at one place of a play's printed order. */
export interface Step {
  readonly play: string;
  readonly name: string;
  readonly module: string;
  /** `site.yml:12:7`. */
  readonly source: string;
  readonly handler: boolean;
}

/** Hosts run independently inside a batch; batches follow each other. */
export interface BatchStart {
  readonly event: 'batch_start';
  readonly play: number;
  readonly hosts: readonly string[];
}

export interface BatchEnd {
  readonly event: 'batch_end';
  readonly play: number;
}

export interface TaskResult {
  readonly event: 'task_result';
  readonly play: number;
  /** Index into the play's steps. */
  readonly step: number;
  /** Where that is in the order of what was done: blocks that loop come to a step several times. */
  readonly spot: Spot;
  readonly result: Result;
}

/** This host is done with every step below this one. */
export interface HostPast {
  readonly event: 'host_past';
  readonly play: number;
  readonly host: string;
  readonly step: number;
}

export type Status = 'ok' | 'changed' | 'failed' | 'skipped' | 'unreachable' | 'unknown' | 'rescued' | 'ignored';

export interface Result {
  readonly host: string;
  /** The task's name as it is on this host, where it holds templates. */
  readonly name?: string;
  /** The loop item's label; inside of blocks that loop a list of the labels, the outermost first. */
  readonly item?: unknown;
  readonly status: Status;
  /** The host was lost, whatever was made of that. */
  readonly unreachable?: true;
  readonly pending?: 'reboot' | 'guest-restart' | 'manual';
  /** Why it was skipped, or is unknown, or what there is to say of it. */
  readonly reason?: string;
  readonly changes: readonly ShownChange[];
  readonly notes?: readonly string[];
  /** What `debug` prints. */
  readonly message?: unknown;
  readonly error?: ShownError;
  /** What `register` stored. */
  readonly registered?: unknown;
  readonly delegated_to?: string;
  /** Whether `diff` (or --diff) asks for before and after to be printed. */
  readonly diff: boolean;
  readonly ms: number;
}

/** A change as it is shown: `before` and `after` as text, null for what is not there. */
export interface ShownChange {
  readonly target: string;
  readonly plane: Plane;
  readonly summary: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly impact: Impact;
}

export interface ShownError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** `site.yml:12:7`. */
  readonly source?: string;
}

export interface Counts {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
  readonly unknown: number;
}

export interface RunEnd {
  readonly event: 'run_end';
  readonly finished: string;
  readonly exit_code: number;
  readonly hosts: Readonly<Record<string, Counts>>;
  /** Frames sent to each host and answered, after the handshake. */
  readonly round_trips: Readonly<Record<string, number>>;
}

export type Emit = (event: Event) => void;
