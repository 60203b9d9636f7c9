import type { Seen } from '../contract/index.ts';

/** Ticks of one CPU since the boot. Source: proc(5), `/proc/stat`; guest time is counted in user time too. */
export interface CpuTimes {
  readonly total: number;
  readonly idle: number;
  readonly softirq: number;
  readonly steal: number;
  readonly guest: number;
}

export function cpuTimes(stat: string): Map<number, CpuTimes> {
  const rows = [...stat.matchAll(/^cpu(\d+) (.*)$/gm)];
  return new Map(
    rows.map(([, cpu, columns = '']) => {
      const [
        user = 0,
        nice = 0,
        system = 0,
        idle = 0,
        iowait = 0,
        irq = 0,
        softirq = 0,
        steal = 0,
        guest = 0,
        niced = 0,
      ] = columns.trim().split(/\s+/).map(Number);
      const total = user + nice + system + idle + iowait + irq + softirq + steal;
      return [Number(cpu), { total, idle: idle + iowait, softirq, steal, guest: guest + niced }];
    }),
  );
}

/** All interrupts of each CPU since the boot: those of devices and, in lines with a name, those of the CPUs' own. */
export function interruptsByCpu(table: string): Map<number, number> {
  const [heading = '', ...lines] = table.split('\n');
  const cpus = [...heading.matchAll(/CPU(\d+)/g)].map((match) => Number(match[1]));
  const sums = new Map(cpus.map((cpu) => [cpu, 0]));
  for (const line of lines) {
    const counts = /^\s*\S+:((?:\s+\d+)+)/.exec(line)?.[1]?.trim().split(/\s+/).map(Number) ?? [];
    // ERR and MIS are one sum of the whole host.
    if (counts.length < cpus.length) continue;
    for (const [at, cpu] of cpus.entries()) sums.set(cpu, (sums.get(cpu) ?? 0) + (counts[at] ?? 0));
  }
  return sums;
}

/** Nanoseconds that vCPUs polled in vain before a halt, by `guest/vcpu`. Source: virsh domstats --vcpu, under KVM alone. */
export function haltPolls(seen: Seen): Map<string, number> {
  const found = new Map<string, number>();
  const reading = seen.raw('domstats');
  if (reading.is !== 'output' || reading.status !== 0) return found;
  let guest = '';
  for (const line of reading.stdout.split('\n')) {
    guest = /^Domain: '(.*)'$/.exec(line)?.[1] ?? guest;
    const [, vcpu, ns] = /^\s*vcpu\.(\d+)\.halt_poll_fail_ns(?:\.sum)?=(\d+)$/.exec(line) ?? [];
    if (vcpu !== undefined) found.set(`${guest}/${vcpu}`, Number(ns));
  }
  return found;
}
