import type { Compared, Evidence, ThreadEvidence } from '../evidence/index.ts';
import { table } from './table.ts';

/** Evidence of one host as tables for a terminal. */
export function evidenceText(evidence: Evidence): string {
  const { host, seconds, samples, guests, cpus, nodes, ksm } = evidence;
  const head = `${host}: ${samples} samples in ${seconds} s, ${guests.length} ${guests.length === 1 ? 'guest runs' : 'guests run'}\n`;
  const threads = guests.flatMap(({ name, vcpus, threads: others }) => [
    ...vcpus.map((one) => [name, one.thread, ...threadCells(one), percent(one.haltPollPercent)]),
    ...others.map((one) => [name, one.thread, ...threadCells(one), '']),
  ]);
  const memory = guests.map(({ name, memory: byNode, remoteMib, hugetlbMib, thpMib, ksmPages }) => [
    name,
    byNode === null ? '-' : byNode.map(({ node, mib }) => `${node}: ${mib}`).join(', '),
    ...[remoteMib, hugetlbMib, thpMib, ksmPages].map(figure),
  ]);
  const loads = cpus.map((cpu) => [
    ...[cpu.cpu, cpu.node, cpu.interruptsPerSecond].map(String),
    ...[cpu.busyPercent, cpu.guestPercent, cpu.softirqPercent, cpu.stealPercent].map(percent),
    cpu.vcpus.join(' '),
  ]);
  const pools = nodes.flatMap(({ node, hugepages }) =>
    hugepages.map(({ kib, total, used }) => [String(node), `${kib} KiB`, String(used), String(total)]),
  );
  const merged = ksm
    ? `KSM: run ${ksm.run}, ${ksm.pagesSharing} pages share ${ksm.pagesShared}, which saves ${ksm.savedMib} MiB${ksm.mergeAcrossNodes === null ? '' : `; across nodes: ${ksm.mergeAcrossNodes ? 'yes' : 'no'}`}\n`
    : 'KSM: this kernel has none\n';
  return [
    head,
    ...(threads.length > 0
      ? [table(['GUEST', 'THREAD', 'MAY RUN ON', 'RAN ON', 'RUN', 'WAIT', 'HALT POLL'], threads)]
      : []),
    ...(memory.length > 0
      ? [table(['GUEST', 'MIB BY NODE', 'REMOTE MIB', 'HUGE PAGES MIB', 'THP MIB', 'KSM PAGES'], memory)]
      : []),
    table(['CPU', 'NODE', 'INTERRUPTS/S', 'BUSY', 'GUEST', 'SOFTIRQ', 'STEAL', 'VCPUS'], loads),
    ...(pools.length > 0 ? [table(['NODE', 'HUGE PAGES', 'USED', 'TOTAL'], pools)] : []),
    merged,
  ].join('\n');
}

/** Before and after, side by side. */
export function comparisonText(host: string, compared: readonly Compared[]): string {
  const rows = compared.map(({ subject, figure: name, before, after }) => [subject, name, before, after]);
  return `${host}: before and after\n\n${table(['', 'FIGURE', 'BEFORE', 'AFTER'], rows)}`;
}

const percent = (value: number | null): string => (value === null ? '-' : `${value}%`);
const figure = (value: number | null): string => (value === null ? '-' : String(value));

function threadCells({ allowed, ran, runPercent, waitPercent }: ThreadEvidence): string[] {
  const places = ran.map(({ cpu, times }) => (ran.length === 1 ? `${cpu}` : `${cpu}×${times}`)).join(' ');
  return [allowed, places, percent(runPercent), percent(waitPercent)];
}
