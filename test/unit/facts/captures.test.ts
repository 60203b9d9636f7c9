import { readFileSync } from 'node:fs';
import { hostname, machine, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { look, withRoot } from '../../../src/cli/ask-hosts.ts';
import { FACTS } from '../../../src/facts/index.ts';
import { captures } from '../../support/captures.ts';
import { readIfThere } from '../../support/expected.ts';

const machines = captures();
if (machines.length === 0) it.skip('the captured machines are not there', () => {});

const known = new Map<string, Promise<Record<string, never>>>();

/** By a real shell, all in one frame, as `kvmplay facts --root` reads them. */
function factsAt(root: string): Promise<Record<string, never>> {
  const facts = known.get(root) ?? readFacts(root);
  known.set(root, facts);
  return facts;
}

async function readFacts(root: string): Promise<Record<string, never>> {
  const probes = FACTS.flatMap(({ name, probes }) =>
    Object.entries(probes).map(([key, probe]) => [`${name} ${key}`, probe] as const),
  );
  const seen = await withRoot(root, (remote) => look(remote, Object.fromEntries(probes)));
  return Object.fromEntries(FACTS.map(({ name, read }) => [name, read(seen.part(`${name} `))])) as Record<
    string,
    never
  >;
}

describe.each(machines)('the facts of $name', ({ root }) => {
  const lscpu: { field: string; data: string | null }[] = JSON.parse(
    readIfThere(join(root, 'expected/lscpu.json')) ?? '{"lscpu":[]}',
  ).lscpu;
  const said = (field: string) => lscpu.find((one) => one.field === `${field}:`)?.data ?? undefined;

  it('are what the schema says they are', async () => {
    const facts = await factsAt(root);

    for (const { name, schema } of FACTS) expect(schema.safeParse(facts[name]).error, name).toBeUndefined();
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
  });

  it.skipIf(lscpu.length === 0)('agree with lscpu', async () => {
    const { cpu, numa } = (await factsAt(root)) as Record<string, never> & {
      cpu: Record<string, unknown>;
      numa: { nodes: unknown[] };
    };

    const theirs = {
      model: said('Model name') === '-' ? undefined : said('Model name'),
      flags: said('Flags')?.split(' ').sort(),
      online: said('On-line CPU(s) list'),
      threads_per_core: said('Thread(s) per core') && Number(said('Thread(s) per core')),
      nodes: said('NUMA node(s)') && Number(said('NUMA node(s)')),
    };
    const ours = { ...cpu, flags: (cpu.flags as string[]).toSorted(), nodes: numa.nodes.length };
    const told = Object.fromEntries(Object.entries(theirs).filter(([, value]) => value !== undefined));
    expect(ours).toMatchObject(told);
  });

  it('agree with its own meminfo and command line to the letter', async () => {
    const { memory, cmdline } = (await factsAt(root)) as Record<string, Record<string, unknown>>;

    const total = /^MemTotal:\s+(\d+)/m.exec(readIfThere(join(root, 'proc/meminfo')) ?? '')?.[1];
    expect(memory?.total_kib).toBe(total === undefined ? null : Number(total));
    expect(cmdline?.text).toBe(readIfThere(join(root, 'proc/cmdline'))?.trim() ?? null);
  });
});

it('say of this machine what its own tools say', async () => {
  const facts = (await factsAt('/')) as Record<string, Record<string, unknown>>;

  expect(facts.hostname).toBe(hostname());
  expect(facts.kernel).toMatchObject({ release: release(), machine: machine() });
  expect(facts.memory?.total_kib).toBe(totalmem() / 1024);
  expect(facts.uptime?.boot_id).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
});
