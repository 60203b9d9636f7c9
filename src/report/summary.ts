import type { Result } from '../engine/events.ts';

/** What there is to say of a result on one line. */
export function summaryOf(result: Omit<Result, 'diff'>): string {
  if (result.error) return `${result.error.code}: ${result.error.message}`;
  if (result.changes.length > 0) return result.changes.map((change) => change.summary).join('; ');
  return result.reason ?? result.status;
}
