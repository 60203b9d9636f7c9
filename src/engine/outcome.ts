import {
  type Change,
  describeReading,
  type Pending,
  type Plan,
  Problem,
  probeName,
  type Reading,
  Unreachable,
} from '../contract/index.ts';
import { type Diagnostic, UserError } from '../source/diagnostic.ts';
import { showAt } from '../source/show-at.ts';
import type { ShownChange, ShownError } from './events.ts';

/** What came of doing a task once, for one item, before `failed_when` and the like have their say. */
export interface Attempt {
  readonly status: 'ok' | 'changed' | 'failed' | 'skipped' | 'unknown' | 'unreachable';
  readonly plan?: Plan;
  readonly reason?: string;
  /** Of what is unknown: what it looks at has been put in doubt. */
  readonly doubted?: true;
  readonly error?: ShownError;
  readonly message?: unknown;
  /** What a module gives beside the usual: a command's `stdout`, `rc`. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What `set_fact` sets. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** A change as reports show it. */
export function shownChange(change: Change): ShownChange {
  const { plane, summary, impact } = change;
  return { target: probeName(change.target), plane, summary, ...sidesOf(change), impact };
}

export function shownPending(pending: Pending): ShownChange {
  const { plane, summary, needs } = pending;
  const impact = needs === 'manual' ? 'none' : needs;
  return { target: probeName(pending.target), plane, summary, ...sidesOf(pending), impact };
}

const sidesOf = (change: Change | Pending) =>
  change.shown ?? { before: shown(change.before), after: shown(change.after) };

function shown(reading: Reading): string | null {
  if (reading.is === 'absent') return null;
  return reading.is === 'text' ? reading.text : describeReading(reading);
}

/** What the longest wait is for: a reboot settles what a guest restart would. */
export function pendingOf(plan: Plan): Pending['needs'] | undefined {
  const needs = new Set((plan.pending ?? []).map((one) => one.needs));
  return (['reboot', 'guest-restart', 'manual'] as const).find((one) => needs.has(one));
}

/** What came of a host that did not answer; undefined for any other error. */
export function unreachable(error: unknown): Attempt | undefined {
  if (!(error instanceof Unreachable)) return undefined;
  return { status: 'unreachable', error: withHint(error.code, error.message, error.hint) };
}

/** An error a person can act on; anything else is a bug and is thrown on. */
export function shownError(error: unknown): ShownError {
  if (error instanceof Problem) return withHint(error.code, error.message, error.hint);
  if (error instanceof UserError && error.diagnostics[0]) return fromDiagnostic(error.diagnostics[0]);
  throw error;
}

function fromDiagnostic({ code, message, hint, at }: Diagnostic): ShownError {
  return { ...withHint(code, message, hint), ...(at && { source: showAt(at) }) };
}

const withHint = (code: string, message: string, hint: string | undefined): ShownError => ({
  code,
  message,
  ...(hint !== undefined && { hint }),
});
