import type { Seen } from '../contract/index.ts';

/** One thread of a guest's process at one moment. */
export interface Thread {
  readonly tid: number;
  /** As QEMU names it: `CPU 0/KVM`, `IO iothread1`. */
  readonly name: string;
  readonly allowed: string;
  /** The CPU on which it ran last. */
  readonly cpu: number;
  /** Nanoseconds since it began: on a CPU, and waiting for one. */
  readonly ran: number;
  readonly waited: number;
}

/**
 * The threads of a guest's process and, by their numbers, those of the kernel that carry its packets, by the kernel's own account. Those that ended while they were read are left out.
 * Source: proc(5), `/proc/pid/stat` field 39; Documentation/scheduler/sched-stats.rst.
 */
export function threadsOf(guest: string, seen: Seen, vhost: readonly number[] = []): Thread[] {
  const texts = (kind: string) => {
    const own = `${kind} of ${guest}`;
    const found = [own, ...vhost.map((tid) => `${own}: ${tid}`)].flatMap((name) => [...seen.files(name)]);
    return new Map(found.map(([path, text]) => [path.split('/').at(-2) ?? '', text]));
  };
  const [stats, statuses, schedules] = [texts('stat'), texts('status'), texts('schedstat')];
  return [...stats].flatMap(([tid, stat]) => {
    const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
    const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(statuses.get(tid) ?? '')?.[1];
    if (name === undefined || rest === undefined || allowed === undefined) return [];
    const [ran = 0, waited = 0] = (schedules.get(tid) ?? '').split(' ').map(Number);
    // Behind the name stands field 3.
    return [{ tid: Number(tid), name, allowed, cpu: Number(rest.split(' ')[39 - 3]), ran, waited }];
  });
}

const VCPU = /^vCPU (\d+)$/;

/** What a thread is for: `vCPU 0`, `iothread1`, or else the `emulator`. Source: the names that QEMU gives its threads. */
export function partOf({ name }: Thread): string {
  const vcpu = /^CPU (\d+)\/(?:KVM|TCG)$/.exec(name)?.[1];
  if (vcpu !== undefined) return `vCPU ${vcpu}`;
  return /^IO (iothread\d+)/.exec(name)?.[1] ?? (name.startsWith('vhost-') ? 'vhost' : 'emulator');
}

export function vcpuOf(part: string): number | undefined {
  const digits = VCPU.exec(part)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
