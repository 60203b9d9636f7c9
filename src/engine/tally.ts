import type { Counts, Emit, Event, Status } from './events.ts';

/** Counts results as Ansible's recap does, and says with what status the run ends. */
export interface Tally {
  readonly emit: Emit;
  counts(): Readonly<Record<string, Counts>>;
  /** `drift`: changes that are pending, or something unknown, is a status of its own. */
  exitCode(drift: boolean): number;
}

const NONE: Counts = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0, unknown: 0 };

/** A task on a host, with what came of each of its items so far. A host does one after the other. */
interface Open {
  readonly key: string;
  readonly statuses: Set<Status>;
}

export function makeTally(hosts: readonly string[], emit: Emit): Tally {
  const closed = new Map<string, Counts>(hosts.map((host) => [host, NONE]));
  const open = new Map<string, Open>();
  let drifted = false;

  const close = (host: string): void => {
    const statuses = open.get(host)?.statuses;
    if (!statuses) return;
    open.delete(host);
    const counts = { ...(closed.get(host) ?? NONE) };
    for (const name of countedAs(statuses)) counts[name] += 1;
    closed.set(host, counts);
  };
  const counts = (): Readonly<Record<string, Counts>> => {
    for (const host of [...open.keys()]) close(host);
    return Object.fromEntries(closed);
  };

  return {
    emit(event: Event) {
      if (event.event === 'task_result') {
        const { host, status, pending } = event.result;
        const key = `${event.play}:${event.spot.join('.')}`;
        if (open.get(host)?.key !== key) close(host);
        const task = open.get(host) ?? { key, statuses: new Set() };
        task.statuses.add(status);
        open.set(host, task);
        drifted ||= status === 'changed' || status === 'unknown' || pending !== undefined;
      }
      emit(event);
    },
    counts,
    exitCode(drift) {
      const all = Object.values(counts());
      const some = (name: keyof Counts) => all.some((one) => one[name] > 0);
      if (some('unreachable')) return 4;
      if (some('failed')) return 2;
      return drift && drifted ? 3 : 0;
    },
  };
}

/** From what decides to what does not: a loop is one task, and counts as the first of these that any item was. */
const ORDER = ['unreachable', 'failed', 'rescued', 'ignored', 'unknown', 'changed', 'ok', 'skipped'] as const;

/** A change is also ok, and so is a failure that is ignored. */
function countedAs(statuses: ReadonlySet<Status>): readonly (keyof Counts)[] {
  const status = ORDER.find((one) => statuses.has(one)) ?? 'ok';
  return status === 'changed' || status === 'ignored' ? ['ok', status] : [status];
}
