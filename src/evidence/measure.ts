import { cpuSet, formatCpuSet, parseCpuSet, type Seen } from '../contract/index.ts';
import { buildTopology, type NumaNode } from '../topology/index.ts';
import { cpuTimes, haltPolls, interruptsByCpu } from './cpu-times.ts';
import { guestMemory, ksmOf, round } from './memory.ts';
import type { CpuEvidence, Evidence, GuestEvidence, NodeEvidence, ThreadEvidence } from './model.ts';
import type { Pids, Vhost } from './probes.ts';
import { partOf, type Thread, threadsOf, vcpuOf } from './threads.ts';

/** What was read of a host: the samples in the order in which they were taken, two at least, and the memory at the end. */
export interface Readings {
  readonly host: string;
  readonly taken: string;
  readonly pids: Pids;
  readonly vhost?: Vhost;
  readonly samples: readonly Seen[];
  readonly memory: Seen;
}

export function measure({ host, taken, pids, vhost, samples, memory }: Readings): Evidence {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || first === last) throw new Error('evidence takes two samples');
  const seconds = Math.max(uptime(last) - uptime(first), 0.001);
  const topology = buildTopology(memory);
  const nodes = new Map(topology.nodes.flatMap(({ id, cpus }) => cpus.map((cpu) => [cpu, id] as const)));
  const polled = difference(haltPolls(first), haltPolls(last));
  const guests = [...pids].flatMap(([name, pid]): GuestEvidence[] => {
    const threads = followed(
      samples.map((seen) => threadsOf(name, seen, vhost?.get(name))),
      seconds,
    );
    const vcpus = threads.flatMap((thread) => {
      const vcpu = vcpuOf(thread.thread);
      if (vcpu === undefined) return [];
      const ns = polled.get(`${name}/${vcpu}`);
      return [{ vcpu, ...thread, haltPollPercent: ns === undefined ? null : percent(ns / 1e9, seconds) }];
    });
    // libvirt keeps its own process beside its guests'.
    if (vcpus.length === 0) return [];
    const others = threads.filter(({ thread }) => vcpuOf(thread) === undefined);
    const home = new Set(vcpus.flatMap(({ ran }) => ran.map(({ cpu }) => nodes.get(cpu) ?? 0)));
    return [
      { name, pid, vcpus: vcpus.sort((a, b) => a.vcpu - b.vcpu), threads: others, ...guestMemory(name, memory, home) },
    ];
  });
  const cpus = cpusOf(first, last, seconds, nodes, guests);
  return {
    ...{ host, taken, seconds: round(seconds), samples: samples.length },
    ...{ guests, cpus, nodes: topology.nodes.map(nodeEvidence), ksm: ksmOf(memory) },
  };
}

const nodeEvidence = ({ id, hugepages }: NumaNode): NodeEvidence => ({
  node: id,
  hugepages: Object.entries(hugepages).map(([kib, { total, free }]) => ({
    kib: Number(kib),
    total,
    used: total - free,
  })),
});

const uptime = (seen: Seen): number => Number.parseFloat(seen.text('uptime') ?? '0');
const percent = (part: number, whole: number): number => (whole > 0 ? round((100 * part) / whole) : 0);

/** The threads that lived through all samples, by what they are for, with the CPUs on which they were seen. */
function followed(samples: readonly (readonly Thread[])[], seconds: number): ThreadEvidence[] {
  const first = new Map(samples[0]?.map((thread) => [thread.tid, thread]));
  const parts = new Map<string, Thread[]>();
  for (const thread of samples.at(-1) ?? [])
    if (first.has(thread.tid)) parts.set(partOf(thread), [...(parts.get(partOf(thread)) ?? []), thread]);
  return [...parts].map(([thread, now]) => {
    const tids = new Set(now.map(({ tid }) => tid));
    const times = new Map<number, number>();
    for (const { tid, cpu } of samples.flat()) if (tids.has(tid)) times.set(cpu, (times.get(cpu) ?? 0) + 1);
    const grown = (what: 'ran' | 'waited') =>
      now.reduce((sum, one) => sum + one[what] - (first.get(one.tid)?.[what] ?? 0), 0);
    return {
      thread,
      allowed: formatCpuSet(cpuSet(now.flatMap(({ allowed }) => parseCpuSet(allowed)))),
      ran: [...times].sort(([a], [b]) => a - b).map(([cpu, count]) => ({ cpu, times: count })),
      runPercent: percent(grown('ran') / 1e9, seconds),
      waitPercent: percent(grown('waited') / 1e9, seconds),
    };
  });
}

function cpusOf(
  first: Seen,
  last: Seen,
  seconds: number,
  nodes: ReadonlyMap<number, number>,
  guests: readonly GuestEvidence[],
): CpuEvidence[] {
  const interrupts = difference(
    interruptsByCpu(first.text('interrupts') ?? ''),
    interruptsByCpu(last.text('interrupts') ?? ''),
  );
  const [then, now] = [cpuTimes(first.text('stat') ?? ''), cpuTimes(last.text('stat') ?? '')];
  return [...now].map(([cpu, times]) => {
    const was = then.get(cpu) ?? times;
    const total = times.total - was.total;
    return {
      cpu,
      node: nodes.get(cpu) ?? 0,
      interruptsPerSecond: round((interrupts.get(cpu) ?? 0) / seconds),
      busyPercent: percent(total - (times.idle - was.idle), total),
      guestPercent: percent(times.guest - was.guest, total),
      softirqPercent: percent(times.softirq - was.softirq, total),
      stealPercent: percent(times.steal - was.steal, total),
      vcpus: guests.flatMap(({ name, vcpus }) =>
        vcpus.filter(({ ran }) => ran.some((one) => one.cpu === cpu)).map(({ vcpu }) => `${name}/${vcpu}`),
      ),
    };
  });
}

/** How much each counter grew. One that began anew in between counts from 0. */
function difference<K>(before: ReadonlyMap<K, number>, after: ReadonlyMap<K, number>): Map<K, number> {
  return new Map(
    [...after].map(([key, value]) => {
      const was = before.get(key) ?? 0;
      return [key, value >= was ? value - was : value];
    }),
  );
}
