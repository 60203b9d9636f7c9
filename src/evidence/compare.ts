import { formatCpuSet } from '../contract/index.ts';
import { round } from './memory.ts';
import type { CpuEvidence, Evidence, GuestEvidence } from './model.ts';

/** One figure of a host's or a guest's, before and after. */
export interface Compared {
  /** `host`, or a guest's name. */
  readonly subject: string;
  readonly figure: string;
  readonly before: string;
  readonly after: string;
}

/** What tells whether a tuning had its effect, before beside after. A guest that was not there shows `-`. */
export function compare(before: Evidence, after: Evidence): Compared[] {
  const hostRows = rows('host', hostFigures(before), hostFigures(after));
  const names = [...new Set([...before.guests, ...after.guests].map(({ name }) => name))];
  const guestRows = names.flatMap((name) => {
    const figures = (evidence: Evidence) => {
      const guest = evidence.guests.find((one) => one.name === name);
      return guest ? guestFigures(guest, evidence.cpus) : {};
    };
    return rows(name, figures(before), figures(after));
  });
  return [...hostRows, ...guestRows];
}

type Figures = Readonly<Record<string, string>>;

function rows(subject: string, before: Figures, after: Figures): Compared[] {
  const figures = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return figures.map((figure) => ({
    subject,
    figure,
    before: before[figure] ?? '-',
    after: after[figure] ?? '-',
  }));
}

function hostFigures({ cpus, nodes, ksm }: Evidence): Figures {
  const guests = cpus.filter(({ vcpus }) => vcpus.length > 0);
  const others = cpus.filter(({ vcpus }) => vcpus.length === 0);
  const interrupts = (some: readonly CpuEvidence[]) =>
    String(round(some.reduce((sum, { interruptsPerSecond }) => sum + interruptsPerSecond, 0)));
  const pages = nodes.flatMap(({ node, hugepages }) =>
    hugepages.map(({ kib, total, used }): [string, string] => [
      `huge pages of ${kib} KiB used, node ${node}`,
      `${used} of ${total}`,
    ]),
  );
  return {
    "interrupts/s on guests' CPUs": interrupts(guests),
    'interrupts/s on the other CPUs': interrupts(others),
    ...Object.fromEntries(pages),
    ...(ksm && { 'KSM saves, MiB': String(ksm.savedMib) }),
  };
}

function guestFigures(
  { vcpus, memory, remoteMib, hugetlbMib, thpMib, ksmPages }: GuestEvidence,
  cpus: readonly CpuEvidence[],
): Figures {
  const seen = [...new Set(vcpus.flatMap(({ ran }) => ran.map(({ cpu }) => cpu)))].sort((a, b) => a - b);
  const nodes = [...new Set(cpus.filter(({ cpu }) => seen.includes(cpu)).map(({ node }) => node))].sort(
    (a, b) => a - b,
  );
  const worst = Math.max(0, ...vcpus.map(({ waitPercent }) => waitPercent));
  const figure = (value: number | null) => (value === null ? '-' : String(value));
  return {
    'vCPUs ran on CPUs': formatCpuSet(seen) || '-',
    'vCPUs ran on nodes': formatCpuSet(nodes) || '-',
    'longest wait of a vCPU, %': String(worst),
    'memory by node, MiB': memory === null ? '-' : memory.map(({ node, mib }) => `${node}: ${mib}`).join(', '),
    'remote memory, MiB': figure(remoteMib),
    'in huge pages, MiB': figure(hugetlbMib),
    'in transparent huge pages, MiB': figure(thpMib),
    'pages merged by KSM': figure(ksmPages),
  };
}
