import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Remote, Seen } from '../contract/index.ts';
import {
  compare,
  type Evidence,
  type EvidenceDocument,
  guestProbes,
  measure,
  memoryProbes,
  pidsOf,
  sampleProbes,
  vhostOf,
} from '../evidence/index.ts';
import { evidenceHtml } from '../report/evidence-html.ts';
import { comparisonText, evidenceText } from '../report/evidence-text.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { askHosts, look } from './ask-hosts.ts';
import { EXIT } from './exit.ts';
import type { AskFlags } from './run-flags.ts';

export interface EvidenceFlags extends AskFlags {
  /** Seconds from the first sample to the last. */
  readonly interval: number;
  readonly samples: number;
  readonly before?: string;
  readonly output: 'human' | 'json' | 'html';
}

/** `kvmplay evidence PATTERN`. Gives the exit status: 4 where a host did not answer. */
export async function evidenceCommand(pattern: string, flags: EvidenceFlags): Promise<number> {
  const before = new Map((flags.before === undefined ? [] : readBefore(flags.before)).map((one) => [one.host, one]));
  const asked = await askHosts(pattern, flags, (remote, host) => collect(remote, host, flags));
  const hosts = asked.flatMap((one) => ('answer' in one ? [one.answer] : []));
  const silent = asked.flatMap((one) => ('error' in one ? [one] : []));
  for (const { host, error } of silent)
    process.stderr.write(`${host}: ${error.code}: ${error.message}${error.hint ? ` (${error.hint})` : ''}\n`);
  process.stdout.write(printed(hosts, before, flags.output));
  return silent.length > 0 ? EXIT.unreachable : EXIT.ok;
}

function printed(
  hosts: readonly Evidence[],
  before: ReadonlyMap<string, Evidence>,
  output: EvidenceFlags['output'],
): string {
  if (output === 'json') {
    const document: EvidenceDocument = { schema: 'kvmplay.evidence/1', hosts };
    return `${JSON.stringify(document, null, 2)}\n`;
  }
  const pairs = hosts.map((after) => ({ after, before: before.get(after.host) }));
  if (output === 'html') return evidenceHtml(pairs);
  return pairs
    .map(({ after, before: was }) => (was ? comparisonText(after.host, compare(was, after)) : evidenceText(after)))
    .join('\n');
}

/** One look for the guests, one for each sample, one for memory. */
async function collect(remote: Remote, host: string, { interval, samples: count }: EvidenceFlags): Promise<Evidence> {
  const found = await look(remote, guestProbes);
  const pids = pidsOf(found);
  const vhost = vhostOf(found, pids);
  const samples: Seen[] = [await look(remote, sampleProbes(pids, vhost))];
  for (let at = 1; at < Math.max(count, 2); at++) {
    await sleep((interval * 1000) / (Math.max(count, 2) - 1));
    samples.push(await look(remote, sampleProbes(pids, vhost)));
  }
  const memory = await look(remote, memoryProbes(pids));
  return measure({ host, taken: new Date().toISOString(), pids, vhost, samples, memory });
}

/** Throws `UserError` where the file is not what `--output json` gave. */
function readBefore(file: string): readonly Evidence[] {
  const hint = 'give a file made by `kvmplay evidence … --output json >FILE`';
  try {
    const document = JSON.parse(readFileSync(file, 'utf8')) as Partial<EvidenceDocument> | null;
    if (document?.schema === 'kvmplay.evidence/1' && Array.isArray(document.hosts)) return document.hosts;
  } catch (error) {
    throw new UserError([mistake('BadEvidence', `${file}: ${(error as Error).message}`, undefined, hint)]);
  }
  throw new UserError([
    mistake('BadEvidence', `${file} is not evidence of schema kvmplay.evidence/1`, undefined, hint),
  ]);
}
