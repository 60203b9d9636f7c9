import type { Item, Play, Task } from '../playbook/types.ts';
import type { Scope } from '../template/index.ts';
import type { Batch } from './batch.ts';
import type { Clash } from './cross-check.ts';
import type { Result } from './events.ts';
import type { Attempt } from './outcome.ts';
import type { TaskEnd } from './run-task.ts';
import type { Spot } from './spot.ts';
import type { Steps } from './steps.ts';
import type { TaskContext } from './task-context.ts';

/** One host's walk through one play. */
export interface HostWalk {
  readonly host: string;
  readonly play: Play;
  readonly steps: Steps;
  readonly batch: Batch;
  /** All hosts of the batch go step by step, since a failure of one must stop the others. */
  readonly lockstep: boolean;
  /** What does not say otherwise is only foretold. */
  readonly check: boolean;
  readonly forceHandlers: boolean;
  readonly context: (
    task: Task,
    inside: Inside,
    way: { readonly told: readonly Task[]; readonly once: boolean; readonly emit: (result: Result) => void },
  ) => TaskContext;
  /** Reads the facts that this looks at; gives what there is to say where they cannot be read. */
  readonly ready: (item: Item, inside: Inside) => Promise<Attempt | undefined>;
  readonly clearFacts: () => Promise<void>;
  readonly scope: (item: Item, inside: Inside) => Scope;
  readonly emit: (spot: Spot, result: Result) => void;
  /** So many at a time for tasks with `throttle`, and asked of the operator with `--step`. */
  readonly admit: (task: Task, throttle: number, work: () => Promise<TaskEnd>) => Promise<TaskEnd>;
  /** Handlers that an earlier run left. */
  readonly pending: readonly Task[];
  /** Written down: `by` makes it necessary to run these handlers, or has run them. */
  readonly note: (is: 'notified' | 'settled', by: Task, handlers: readonly Task[]) => Promise<void>;
  /** What tasks of the play cannot both have here. */
  readonly clashes: () => Promise<readonly Clash[]>;
  /** Told before the host leaves, so that the others can be stopped in time. */
  readonly failed: (task?: Task) => void;
}

/** What a list of tasks is done in. */
export interface Inside {
  /** A `rescue` around will take a failure. */
  readonly rescued: boolean;
  /** Turns of the loops around, as they stand before a step in a spot. */
  readonly turns: Spot;
  /** What the loops around name. */
  readonly locals: Readonly<Record<string, unknown>>;
  /** How the turns are called in reports. */
  readonly labels: readonly unknown[];
  /** An `always`: it is done even if another host's failure ends the play. */
  readonly always: boolean;
  /** Told of every task of a role that was done, and not skipped. */
  readonly worked?: () => void;
}

export const OUTSIDE: Inside = { rescued: false, turns: [], locals: {}, labels: [], always: false };

/** How the host left the play. */
export type Leave = 'done' | 'failed' | 'unreachable' | 'ended' | 'play-ended' | 'stopped';
