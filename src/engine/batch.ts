import type { Emit } from './events.ts';

/** What the hosts of a batch share: how far each is, who does what is done once, and whether all must stop. */
export interface Batch {
  readonly hosts: readonly string[];
  /** This host is done with every step below this one. */
  past(host: string, step: number): void;
  /** This host has failed, and counts in `failedShare` from now on. */
  fail(host: string): void;
  /** This host will do no more, for good or ill. */
  leave(host: string): void;
  /** Resolves when every host still at work has come as far as this step. */
  reached(step: number): Promise<void>;
  /**
   * Do something once for the batch: the first host still at work, in the play's order, does it; the others wait for
   * what came of it. When the one that should have done it leaves before, the next one does.
   */
  once<T>(host: string, step: number, work: () => Promise<T>): Promise<T>;
  /** Share of the batch's hosts that failed, 0 to 1. */
  readonly failedShare: number;
  /** No host may begin another task. */
  stopped: boolean;
}

/** `end` is the step behind a play's last one. */
export function makeBatch(play: number, hosts: readonly string[], end: number, emit: Emit): Batch {
  const at = new Map(hosts.map((host) => [host, 0]));
  const working = new Set(hosts);
  const results = new Map<number, Promise<unknown>>();
  const failures = new Set<string>();
  let waiting: { ready: () => boolean; go: () => void }[] = [];

  const wake = (): void => {
    const ready = waiting.filter((one) => one.ready());
    waiting = waiting.filter((one) => !ready.includes(one));
    for (const one of ready) one.go();
  };
  const until = (ready: () => boolean): Promise<void> =>
    ready() ? Promise.resolve() : new Promise((go) => waiting.push({ ready, go }));
  const move = (host: string, step: number): void => {
    if (step <= (at.get(host) ?? 0)) return;
    at.set(host, step);
    emit({ event: 'host_past', play, host, step });
  };

  return {
    hosts,
    stopped: false,
    get failedShare() {
      return failures.size / hosts.length;
    },
    past(host, step) {
      move(host, step);
      wake();
    },
    fail: (host) => void failures.add(host),
    leave(host) {
      if (!working.delete(host)) return;
      move(host, end);
      wake();
    },
    reached: (step) => until(() => [...working].every((host) => (at.get(host) ?? 0) >= step)),
    async once<T>(host: string, step: number, work: () => Promise<T>): Promise<T> {
      const first = () => hosts.find((one) => working.has(one)) === host;
      await until(() => results.has(step) || first());
      const known = results.get(step) as Promise<T> | undefined;
      if (known) return known;
      const result = work();
      results.set(step, result);
      result.catch(() => {});
      wake();
      return result;
    },
  };
}

/** Split hosts as `serial` says: numbers or percentages, the last one repeated. */
export function batchesOf(hosts: readonly string[], serial: readonly string[]): readonly (readonly string[])[] {
  if (serial.length === 0) return hosts.length > 0 ? [hosts] : [];
  const batches: (readonly string[])[] = [];
  for (let from = 0, turn = 0; from < hosts.length; turn++) {
    const size = sizeOf(serial[Math.min(turn, serial.length - 1)] ?? '', hosts.length);
    batches.push(hosts.slice(from, from + size));
    from += size;
  }
  return batches;
}

/** As Ansible counts: a percentage is rounded down and is never less than one host; 0 is all of them. */
function sizeOf(serial: string, total: number): number {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(serial);
  if (percent) return Math.max(1, Math.floor((Number(percent[1]) / 100) * total));
  return Number(serial) > 0 ? Number(serial) : total;
}
