import { expect } from 'vitest';
import type { Evidence, EvidenceDocument } from '../../src/evidence/index.ts';
import { INTERRUPTS, memoryOf, pidOf } from './guest-commands.ts';
import type { Kvmplay } from './kvmplay.ts';

/** What `kvmplay evidence` says of the one host, and the text of it, to be kept as a user keeps it. */
export function evidenceOf(kvmplay: Kvmplay): { evidence: Evidence; text: string } {
  const text = kvmplay.evidence('--output', 'json', '--interval', '2', '--samples', '3');
  const [evidence] = (JSON.parse(text) as EvidenceDocument).hosts;
  if (!evidence) throw new Error(`no evidence of any host: ${text}`);
  return { evidence, text };
}

/** Evidence, held against what the host's own tools count of interrupts, processes and their memory meanwhile; `read` gives what one prints. */
export function countedEvidence(kvmplay: Kvmplay, read: (command: string) => string): Evidence {
  const interrupts = () =>
    read(INTERRUPTS)
      .split('\n')
      .map((line) => Number(line.split(' ')[1]));

  const then = interrupts();
  const { evidence } = evidenceOf(kvmplay);
  const now = interrupts();

  // Counted from before its first look until after its last.
  for (const { cpu, interruptsPerSecond } of evidence.cpus)
    expect(interruptsPerSecond * evidence.seconds, `CPU ${cpu}`).toBeLessThan(
      1.05 * ((now[cpu] ?? 0) - (then[cpu] ?? 0)) + 2,
    );
  expect(Math.max(...evidence.cpus.map(({ interruptsPerSecond }) => interruptsPerSecond))).toBeGreaterThan(1);
  for (const { name, pid, memory } of evidence.guests) {
    expect(pid).toBe(Number(read(`echo ${pidOf(name)}`)));
    const counted = read(memoryOf(name));
    const found = new Map([...counted.matchAll(/^node (\d+): (\S+)$/gm)].map(([, node, mib]) => [node, Number(mib)]));
    expect(memory?.map(({ node }) => `${node}`)).toEqual([...found.keys()]);
    for (const { node, mib } of memory ?? [])
      expect(Math.abs(mib - (found.get(`${node}`) ?? 0)), `${name} in MiB, ${counted}`).toBeLessThan(4);
  }
  return evidence;
}
