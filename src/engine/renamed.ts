import type { Change, Thing } from '../contract/index.ts';

/** The same change of what is called so now. */
export function renamed(change: Change, { under, name }: Thing, now: string): Change {
  if (name === now) return change;
  const put = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(`${under}${name}/`, `${under}${now}/`);
    if (Array.isArray(value)) return value.map(put);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, put(inner)]));
  };
  const { target, do: acts, undo, disturbs, ...rest } = change;
  return {
    ...rest,
    ...(put({ target, do: acts, undo, ...(disturbs && { disturbs }) }) as Pick<
      Change,
      'target' | 'do' | 'undo' | 'disturbs'
    >),
    summary: `${change.summary} (${name} is ${now} since the reboot)`,
  };
}
