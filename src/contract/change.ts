import type { Action } from './action.ts';
import type { Probe } from './probe.ts';
import type { Reading } from './reading.ts';
import type { Thing } from './thing.ts';

/** `live`: the running system. `persistent`: the next boot's configuration. `pending`: waits for a restart. */
export type Plane = 'live' | 'persistent' | 'pending';

/** What a change may do to those who use the host, from least to worst. */
export const IMPACTS = [
  'none',
  'guest-latency',
  'moves-vcpus',
  'network-blip',
  'service-restart',
  'guest-restart',
  'reboot',
] as const;
export type Impact = (typeof IMPACTS)[number];

/** One thing that is not as asked, and how to make it so and back. Plain data. */
export interface Change {
  /** The probe that this change moves. */
  readonly target: Probe;
  readonly plane: Plane;
  /** What changes, on one line: `vm.swappiness: 60 → 10`. */
  readonly summary: string;
  /** What was read at the target. */
  readonly before: Reading;
  /** What the target will read: the kernel's own form where that is known, else any form the module takes as equal. */
  readonly after: Reading;
  readonly do: readonly Action[];
  readonly undo: readonly Action[] | { readonly impossible: string };
  readonly impact: Impact;
  /** Other probes that doing this may move, so that nobody trusts what was read of them before. */
  readonly disturbs?: readonly Probe[];
  /** Other probes that it moves, and what they will read. */
  readonly moves?: readonly { readonly probe: Probe; readonly after: Reading }[];
  /** What comes of it cannot be told before it is done: in check mode the task is unknown, for this reason. */
  readonly unforeseen?: string;
  /** All that stands below this path is another after: unknown to the tasks behind it. */
  readonly covers?: string;
  /** Doing it may bring files and commands that are not there yet, for this reason. */
  readonly brings?: string;
  /** An event rather than a state (a restart, a command): done each time it is planned, and planned each time. */
  readonly once?: true;
  /** The host goes down by it and is waited for. It is then the only change of its plan, an event, and its impact is `reboot`. */
  readonly reboots?: Reboot;
  /** What to do when the host refuses one of its actions, by errno, or when it has something else after: `DidNotConverge`. */
  readonly hints?: Readonly<Record<string, string>>;
  /** What the target reads once it is undone, where that means the same as `before` and is not: a pin to every CPU. */
  readonly undone?: Reading;
  /** What it is about, where the next boot may call that something else. */
  readonly thing?: Thing;
  /** Before and after as reports show them, where the readings are more than anybody wants to see. */
  readonly shown?: Sides;
}

/** How a host that was rebooted is waited for. Times are in seconds. */
export interface Reboot {
  /** What `boot_id` read before: with another one it is back. */
  readonly boot: string;
  /** Before it is looked for at all. */
  readonly after: number;
  /** It fails when this long after that it is not back. `test` has as long again. */
  readonly seconds: number;
  /** Between two looks. */
  readonly every: number;
  /** For one connection, where not what the host's variables say. */
  readonly connect?: number;
  /** A command that has to end with 0 before it counts as being back. It only reads. */
  readonly test?: readonly string[];
}

/** Two texts to be compared line by line. */
export interface Sides {
  readonly before: string;
  readonly after: string;
}

/** Not as asked, and no action of this task can make it so: it waits for somebody. */
export interface Pending {
  readonly target: Probe;
  readonly plane: Plane;
  readonly summary: string;
  readonly before: Reading;
  readonly after: Reading;
  /** What it waits for. `manual`: a person has to decide, the summary says what. */
  readonly needs: 'reboot' | 'guest-restart' | 'manual';
  readonly shown?: Sides;
}

/** All that a module has to say of a host. Nothing to change and nothing pending: the host is as asked. */
export interface Plan {
  readonly changes: readonly Change[];
  readonly pending?: readonly Pending[];
  /** What an operator should know and kvmplay need not change. */
  readonly notes?: readonly string[];
  /** This kernel or machine has no such thing: why. The task is skipped, and is no drift. */
  readonly na?: string;
  /** It is not so yet, and nothing has to be done but wait: look again every so many seconds, and fail after so many. */
  readonly waits?: { readonly until: string; readonly seconds: number; readonly every: number };
  /** What `register` keeps beside the usual, in Ansible's names. */
  readonly values?: Readonly<Record<string, unknown>>;
}

export const NOTHING: Plan = { changes: [] };

/** A plan out of its parts; what is empty is left out. */
export function planOf(
  changes: readonly Change[],
  pending: readonly Pending[] = [],
  notes: readonly string[] = [],
): Plan {
  return { changes, ...(pending.length > 0 && { pending }), ...(notes.length > 0 && { notes }) };
}

export const worseThan = (impact: Impact, limit: Impact): boolean => IMPACTS.indexOf(impact) > IMPACTS.indexOf(limit);
