import { z } from 'zod';
import { type CpuSet, cpuSet, Problem, parseCpuSet } from '../contract/index.ts';
import type { Interrupt, RunningGuest, Topology } from './model.ts';

const cpus = z.string().transform((list, context): CpuSet => {
  try {
    return parseCpuSet(list);
  } catch {
    context.addIssue({ code: 'custom', message: `"${list}" is no list of CPUs` });
    return z.NEVER;
  }
});
const group = z.object({ cpus });
const byNumber = z.record(z.string().regex(/^\d+$/), cpus);
const told = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const device = { name: z.string(), node: told };

const schema = z.object({
  schema: z.literal('kvmplay.topology/1'),
  model: z.string().nullish(),
  smt: z.string().nullish(),
  cpus: z.object({ online: cpus, offline: cpus, isolated: cpus, nohz_full: cpus.prefault('') }),
  sockets: z.array(group.extend({ id: z.int() })),
  books: z.array(group).default([]),
  drawers: z.array(group).default([]),
  dies: z.array(group).default([]),
  clusters: z.array(group).default([]),
  cores: z.array(group),
  caches: z
    .array(
      group.extend({
        level: z.int(),
        type: z.enum(['unified', 'data', 'instruction']),
        size_kib: z.number().nullish(),
      }),
    )
    .default([]),
  llc_domains: z.array(group.extend({ node: z.int(), shares: z.enum(['l3', 'cluster', 'l2', 'node']) })),
  kinds: z.array(group.extend({ name: z.string() })).default([]),
  nodes: z.array(
    group.extend({
      id: z.int(),
      memory_kib: told,
      free_kib: told,
      distances: z.array(z.number()).default([]),
      hugepages: z
        .record(z.string(), z.object({ total: z.int(), free: z.int(), surplus: z.int().default(0) }))
        .default({}),
    }),
  ),
  nics: z.array(z.object({ ...device, irqs: z.array(z.int()).default([]), driver: z.string().optional() })).default([]),
  disks: z.array(z.object(device)).default([]),
  interrupts: z
    .array(
      z.object({
        irq: z.int(),
        name: z.string(),
        allowed: cpus.nullish(),
        effective: cpus.nullish(),
        counts: z.record(z.string().regex(/^\d+$/), z.number()).default({}),
      }),
    )
    .default([]),
  hostname: z.string().nullish(),
  reserve: z.object({ host: cpus, guests: cpus }).nullish(),
  guests: z
    .array(
      z.object({
        name: z.string(),
        memory_kib: z.number(),
        vcpus: byNumber,
        pinned: z.array(z.int()).default([]),
        emulator: cpus,
        iothreads: byNumber.default({}),
        memory_nodes: cpus.nullish(),
        hugepages: z.boolean().default(false),
      }),
    )
    .default([]),
});
type Document = z.infer<typeof schema>;

/**
 * The topology that a document of schema `kvmplay.topology/1` describes. What a hand-written one leaves out is unknown. Throws `Problem` BadTopology, with every place that is wrong.
 */
export function topologyFromJson(text: string): Topology {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const places = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
    throw new Problem('BadTopology', `this is no topology: ${places.join('; ')}`, HINT);
  }
  const { nodes, caches, books, drawers, nics, model, smt, llc_domains: llcs, ...rest } = parsed.data;
  const { hostname, reserve } = rest;
  const { online, offline, isolated, nohz_full: tickless } = rest.cpus;
  const strangers = cpuSet(rest.cores.flatMap((core) => core.cpus.filter((cpu) => !online.includes(cpu))));
  if (strangers.length > 0 || online.length === 0)
    throw new Problem('BadTopology', `the CPUs of cores are not those that are online: ${strangers.join(', ')}`, HINT);
  return {
    ...(typeof hostname === 'string' && { hostname }),
    ...(typeof model === 'string' && { model }),
    cpus: { online, offline, isolated, tickless },
    sockets: rest.sockets,
    shelves: [
      ...drawers.map((one) => ({ kind: 'drawer' as const, ...one })),
      ...books.map((one) => ({ kind: 'book' as const, ...one })),
    ],
    dies: rest.dies,
    clusters: rest.clusters,
    cores: rest.cores,
    caches: caches.map(({ size_kib: size, ...cache }) => ({ ...cache, sizeKib: size ?? undefined })),
    llcs,
    nodes: nodes.map(({ memory_kib: memoryKib, free_kib: freeKib, ...node }) => ({ ...node, memoryKib, freeKib })),
    kinds: rest.kinds,
    ...(typeof smt === 'string' && { smt }),
    nics: nics.map(({ driver, ...nic }) => ({ ...nic, ...(driver !== undefined && { driver }) })),
    disks: rest.disks,
    interrupts: rest.interrupts.map(interruptOf),
    ...(reserve && { reserve }),
    guests: rest.guests.map(guestOf),
  };
}

const interruptOf = ({ irq, name, allowed, effective, counts }: Document['interrupts'][number]): Interrupt => ({
  irq,
  name,
  allowed: allowed ?? [],
  effective: effective ?? [],
  counts: new Map(Object.entries(counts).map(([cpu, count]) => [Number(cpu), count])),
});

const guestOf = (guest: Document['guests'][number]): RunningGuest => ({
  name: guest.name,
  memoryKib: guest.memory_kib,
  vcpus: numbered(guest.vcpus).map(([vcpu, allowed]) => ({
    vcpu,
    cpus: allowed,
    pinned: guest.pinned.includes(vcpu),
  })),
  emulator: guest.emulator,
  iothreads: numbered(guest.iothreads).map(([iothread, allowed]) => ({ iothread, cpus: allowed })),
  memoryNodes: guest.memory_nodes ?? undefined,
  hugepages: guest.hugepages,
});

const numbered = (sets: Readonly<Record<string, CpuSet>>): [number, CpuSet][] =>
  Object.entries(sets)
    .map(([number, set]): [number, CpuSet] => [Number(number), set])
    .sort(([a], [b]) => a - b);

const HINT = 'give what `kvmplay topology HOST --format json` prints';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem('BadTopology', `this is no JSON: ${(error as Error).message}`, HINT);
  }
}
