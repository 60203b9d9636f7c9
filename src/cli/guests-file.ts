import { z } from 'zod';
import { flag, integer, kibibytes } from '../contract/fields.ts';
import { type CpuSet, parseCpuSet } from '../contract/index.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import { describeNode, type Node, toData } from '../source/node.ts';
import { readText } from '../source/read-text.ts';
import { parseYaml } from '../source/yaml.ts';
import type { Guest, Topology } from '../topology/index.ts';

const MOST_VCPUS = 4096;

const cpus = z.union([z.string(), z.int()]).transform((list, context): CpuSet => {
  try {
    return parseCpuSet(String(list));
  } catch {
    context.addIssue({ code: 'custom', message: `"${list}" is no list of CPUs, such as 0-3,8` });
    return z.NEVER;
  }
});

/** A guest as a guests file describes it: the keys, in the order in which docs/placement.md tells of them. */
const guestSchema = z.strictObject({
  name: z.string().min(1),
  vcpus: integer(1, MOST_VCPUS),
  memory: kibibytes().prefault('0k'),
  page_size: kibibytes().prefault('4k'),
  policy: z.enum(['dedicated', 'shared']).default('dedicated'),
  threads: z.enum(['prefer', 'require', 'isolate']).default('prefer'),
  numa_nodes: z.union([z.literal('auto'), integer(1)], { error: 'expected auto or a number of nodes' }).default('auto'),
  emulator: z.enum(['reserved', 'isolate', 'share']).default('reserved'),
  iothreads: integer(0, 1024).default(0),
  priority: integer(0, 1_000_000).default(0),
  running: flag().default(false),
  frozen: flag().default(false),
  current: z.record(z.string().regex(/^\d+$/, 'expected the number of a vCPU'), cpus).default({}),
  current_emulator: cpus.optional(),
});

export interface GuestsFile {
  readonly guests: readonly Guest[];
  /** By name. */
  readonly at: ReadonlyMap<string, Position>;
}

/** The guests that a file lists. Throws `UserError` with every mistake in it. */
export function readGuests(file: string): GuestsFile {
  const node = parseYaml(readText(file), file);
  if (node.kind !== 'list')
    throw new UserError([
      mistake('BadGuests', `expected a list of guests, not ${describeNode(node)}`, node.at, 'begin with `- name: …`'),
    ]);
  const wrong: Diagnostic[] = [];
  const at = new Map<string, Position>();
  const guests = node.items.flatMap((item): Guest[] => {
    const parsed = guestSchema.safeParse(toData(item));
    if (!parsed.success) {
      wrong.push(...zodDiagnostics(parsed.error, item, guestSchema));
      return [];
    }
    const guest = guestOf(parsed.data);
    wrong.push(...contradictions(guest, item, at));
    at.set(guest.name, item.at);
    return [guest];
  });
  if (wrong.length > 0) throw new UserError(wrong);
  return { guests, at };
}

function guestOf(asked: z.infer<typeof guestSchema>): Guest {
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

function contradictions(guest: Guest, item: Node, before: ReadonlyMap<string, Position>): Diagnostic[] {
  const wrong: Diagnostic[] = [];
  const first = before.get(guest.name);
  if (first)
    wrong.push(mistake('DuplicateGuest', `the guest ${guest.name} is listed in line ${first.line} already`, item.at));
  const beyond = [...guest.current.keys()].filter((vcpu) => vcpu >= guest.vcpus);
  if (beyond.length > 0)
    wrong.push(
      mistake(
        'NoSuchVcpu',
        `${guest.name} has ${guest.vcpus} vCPUs, numbered from 0: there is no vCPU ${beyond.join(', ')} to be pinned`,
        item.at,
      ),
    );
  if (guest.frozen && guest.current.size === 0)
    wrong.push(
      mistake('NowhereToStay', `${guest.name} is frozen, and not said where: \`current\` is missing`, item.at),
    );
  return wrong;
}

/** Pins to CPUs that the host has not. */
export function strangePins({ guests, at }: GuestsFile, { cpus: { online, offline } }: Topology): Diagnostic[] {
  return guests.flatMap(({ name, current }) => {
    const strange = [...current.values()].flat().filter((cpu) => !online.includes(cpu) && !offline.includes(cpu));
    if (strange.length === 0) return [];
    return [mistake('NoSuchCpu', `${name} is said to be on CPU ${strange[0]}, which this host has not`, at.get(name))];
  });
}
