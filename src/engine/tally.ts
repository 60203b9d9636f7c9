import type { Counts, Emit, Event, Result } from './events.ts';

/** Counts results as Ansible's recap does, and says with what status the run ends. */
export interface Tally {
  readonly emit: Emit;
  counts(): Readonly<Record<string, Counts>>;
  /** `drift`: changes that are pending, or something unknown, is a status of its own. */
  exitCode(drift: boolean): number;
}

const NONE: Counts = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0, unknown: 0 };

export function makeTally(hosts: readonly string[], emit: Emit): Tally {
  const all = new Map<string, Counts>(hosts.map((host) => [host, NONE]));
  let drifted = false;

  const add = (result: Result): void => {
    const counts = { ...(all.get(result.host) ?? NONE) };
    for (const name of countedAs(result)) counts[name] += 1;
    all.set(result.host, counts);
    drifted ||= result.status === 'changed' || result.status === 'unknown' || result.pending !== undefined;
  };

  return {
    emit(event: Event) {
      if (event.event === 'task_result') add(event.result);
      emit(event);
    },
    counts: () => Object.fromEntries(all),
    exitCode(drift) {
      const some = (name: keyof Counts) => [...all.values()].some((counts) => counts[name] > 0);
      if (some('unreachable')) return 4;
      if (some('failed')) return 2;
      return drift && drifted ? 3 : 0;
    },
  };
}

type Mutable = { -readonly [Name in keyof Counts]: Counts[Name] };

/** A change is also ok, and so is a failure that is ignored. */
function countedAs(result: Result): readonly (keyof Mutable)[] {
  if (result.status === 'changed') return ['ok', 'changed'];
  if (result.status === 'ignored') return ['ok', 'ignored'];
  return [result.status];
}
