import type { Emit } from './events.ts';
import { compareSpots, type Spot } from './spot.ts';

/** What the hosts of a batch share: how far each is, who does what is done once, and whether all must stop. */
export interface Batch {
  readonly hosts: readonly string[];
  /** This host is done with all that comes before this. */
  past(host: string, spot: Spot): void;
  /** This host has failed, and counts in `failedShare` from now on. */
  fail(host: string): void;
  /** This host will do no more, for good or ill. */
  leave(host: string): void;
  /** Resolves when every host still at work has come as far as this. */
  reached(spot: Spot): Promise<void>;
  /**
   * Do something once for the batch: the first host still at work, in the play's order, does it; the others wait for
   * what came of it. When the one that should have done it leaves or passes by, the next one does.
   */
  once<T>(host: string, spot: Spot, work: () => Promise<T>): Promise<T>;
  /** Share of the batch's hosts that failed, 0 to 1. */
  readonly failedShare: number;
  /** No host may begin another task. */
  stopped: boolean;
}

/** `end` is the step behind a play's last one. */
export function makeBatch(play: number, hosts: readonly string[], end: number, emit: Emit): Batch {
  const at = new Map<string, Spot>(hosts.map((host) => [host, [0]]));
  const working = new Set(hosts);
  const results = new Map<string, Promise<unknown>>();
  const failures = new Set<string>();
  let waiting: { ready: () => boolean; go: () => void }[] = [];

  const wake = (): void => {
    const ready = waiting.filter((one) => one.ready());
    waiting = waiting.filter((one) => !ready.includes(one));
    for (const one of ready) one.go();
  };
  const until = (ready: () => boolean): Promise<void> =>
    ready() ? Promise.resolve() : new Promise((go) => waiting.push({ ready, go }));
  const isBefore = (host: string, spot: Spot): boolean => compareSpots(at.get(host) ?? [], spot) < 0;
  const move = (host: string, spot: Spot): void => {
    if (!isBefore(host, spot)) return;
    const [step = 0] = spot;
    const [before] = at.get(host) ?? [];
    at.set(host, spot);
    // A report waits for the whole of a loop.
    if (step !== before) emit({ event: 'host_past', play, host, step });
  };

  return {
    hosts,
    stopped: false,
    get failedShare() {
      return failures.size / hosts.length;
    },
    past(host, spot) {
      move(host, spot);
      wake();
    },
    fail: (host) => void failures.add(host),
    leave(host) {
      if (!working.delete(host)) return;
      move(host, [end]);
      wake();
    },
    reached: (spot) => until(() => [...working].every((host) => !isBefore(host, spot))),
    async once<T>(host: string, spot: Spot, work: () => Promise<T>): Promise<T> {
      const key = spot.join('.');
      const mayCome = (one: string) => working.has(one) && compareSpots(at.get(one) ?? [], spot) <= 0;
      await until(() => results.has(key) || hosts.find(mayCome) === host);
      const known = results.get(key) as Promise<T> | undefined;
      if (known) return known;
      const result = work();
      results.set(key, result);
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
