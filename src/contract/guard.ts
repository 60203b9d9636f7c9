import type { Action } from './action.ts';

/** What a frame asks of the timer that undoes a run's changes on a host, unless a new connection confirms them. */
export type Guard =
  /**
   * Before the frame's actions: have these steps undone, the last first, unless a sign of life comes every so many seconds.
   * `number` counts the steps from 1; the first makes the timer. Without the timer no action is done.
   */
  | {
      readonly do: 'arm';
      readonly id: string;
      readonly seconds: number;
      readonly number: number;
      readonly steps: readonly (readonly Action[])[];
    }
  /** A sign of life. */
  | { readonly do: 'touch'; readonly id: string; readonly seconds: number }
  /** Take the timer away: the changes stay. */
  | { readonly do: 'confirm'; readonly id: string }
  /** What it undid has been told: take its note away. */
  | { readonly do: 'forget'; readonly id: string };

/** How it stands with the timer. `gone`: there is none, as after a reboot. */
export type GuardState =
  | { readonly is: 'armed' | 'confirmed' | 'gone' }
  | { readonly is: 'fired'; readonly undone?: Undone }
  | { readonly is: 'refused'; readonly why: string };

/** What a timer left on a host for whoever comes next. */
export interface Undone {
  readonly id: string;
  readonly seconds: number;
  /** ISO 8601, UTC, by the host's clock. */
  readonly at: string;
  /** Steps that could not be undone. */
  readonly failed: number;
}
