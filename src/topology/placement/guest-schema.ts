import { z } from 'zod';
import { flag, integer, kibibytes } from '../../contract/fields.ts';
import { type CpuSet, parseCpuSet } from '../../contract/index.ts';
import type { Guest } from './types.ts';

const MOST_VCPUS = 4096;

const cpus = z.union([z.string(), z.int()]).transform((list, context): CpuSet => {
  try {
    const set = parseCpuSet(String(list));
    if (set.length > 0) return set;
  } catch {
    // Told below.
  }
  context.addIssue({ code: 'custom', message: `"${list}" is no list of CPUs, such as 0-3,8` });
  return z.NEVER;
});

/** Processors have pages of powers of two, the smallest of 4k. */
const pageSize = kibibytes().refine((kib) => kib >= 4 && Number.isInteger(Math.log2(kib)), {
  error: 'no processor has pages of that size: such as 4k, 2M or 1G',
});

/** A guest as a guests file describes it: the keys, in the order in which docs/placement.md tells of them. */
export const guestSchema = z.strictObject({
  name: z.string().min(1),
  vcpus: integer(1, MOST_VCPUS),
  memory: kibibytes().prefault('0k'),
  page_size: pageSize.prefault('4k'),
  policy: z.enum(['dedicated', 'shared']).default('dedicated'),
  threads: z.enum(['prefer', 'require', 'isolate']).default('prefer'),
  numa_nodes: z.union([z.literal('auto'), integer(1)], { error: 'expected auto or a number of nodes' }).default('auto'),
  emulator: z.enum(['reserved', 'isolate', 'share']).default('reserved'),
  iothreads: integer(0, 1024).default(0),
  priority: integer(0, 1_000_000).default(0),
  running: flag().default(false),
  frozen: flag().default(false),
  current: z.record(z.string().regex(/^(0|[1-9]\d*)$/, 'expected the number of a vCPU'), cpus).default({}),
  current_emulator: cpus.optional(),
});

/** In the planner's own words. */
export function guestOf(asked: z.infer<typeof guestSchema>): Guest {
  return {
    name: asked.name,
    vcpus: asked.vcpus,
    memoryKib: asked.memory,
    pageKib: asked.page_size,
    policy: asked.policy,
    threads: asked.threads,
    numaNodes: asked.numa_nodes,
    emulator: asked.emulator,
    ioThreads: asked.iothreads,
    priority: asked.priority,
    running: asked.running,
    ...(asked.frozen && { frozen: true }),
    current: new Map(Object.entries(asked.current).map(([vcpu, pin]) => [Number(vcpu), pin])),
    ...(asked.current_emulator && { currentEmulator: asked.current_emulator }),
  };
}
