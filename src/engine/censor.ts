import { type Change, unknown } from '../contract/index.ts';
import type { Result } from './events.ts';

const HIDDEN = 'the output has been hidden due to the fact that no_log: true was specified';

/** What is told of a `no_log` task: how it ended, and nothing else. */
export function censored(result: Result): Result {
  const { host, status, pending, diff, ms, error, item } = result;
  return {
    host,
    status,
    ...(item !== undefined && { item: null }),
    ...(pending && { pending }),
    reason: HIDDEN,
    changes: [],
    ...(error && { error: { code: error.code, message: HIDDEN } }),
    diff,
    ms,
  };
}

/** What is written down of a `no_log` task's change: where it was made. It cannot be taken back by what is not kept. */
export function censoredChange(change: Change): Change {
  return {
    ...change,
    summary: 'hidden by no_log',
    before: unknown('hidden by no_log'),
    after: unknown('hidden by no_log'),
    do: [],
    undo: { impossible: 'no_log: what stood there before was not kept' },
  };
}
