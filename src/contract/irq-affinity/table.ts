import { readFileSync } from 'node:fs';
import type { Action } from '../action.ts';
import type { Change } from '../change.ts';
import { type CpuSet, formatCpuSet, parseCpuSet, unionOf } from '../cpu-set.ts';
import { setDropIn } from '../drop-ins.ts';
import { type LineFormat, settingsIn } from '../lines.ts';
import { replaceFile } from '../make-change.ts';
import { file, type Probes } from '../probe.ts';
import type { Seen } from '../seen.ts';
import { installUnit, type OwnUnit, ownUnitProbes } from '../unit-file.ts';

/** Which interrupts go where: what is done at boot and when a device comes, by a script that reads it. */
const TABLE = '/etc/kvmplay/irq_affinity';
export const SCRIPT = '/etc/kvmplay/irq_affinity.sh';
const RULES = '/etc/udev/rules.d/66-kvmplay-irq_affinity.rules';

const SCRIPT_TEXT = readFileSync(new URL('irq_affinity.sh', import.meta.url), 'utf8');

/** A NIC gets its interrupts when it is brought up, and virtio-net spreads them anew when a CPU comes or goes. */
const RULES_TEXT = `# Written by kvmplay (irq_affinity).
ACTION=="add", SUBSYSTEM=="net", SUBSYSTEMS=="pci|virtio|usb|platform|vmbus", RUN+="/bin/systemctl --no-block try-restart kvmplay-irq_affinity.service"
ACTION=="online|offline", SUBSYSTEM=="cpu", RUN+="/bin/systemctl --no-block try-restart kvmplay-irq_affinity.service"
`;

/** It stays active when it is done, for udev to restart. */
const UNIT: OwnUnit = {
  name: 'kvmplay-irq_affinity.service',
  wantedBy: 'multi-user.target',
  content: `[Unit]
Description=Interrupts where kvmplay wants them
After=network.target network-online.target irqbalance.service
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/sh ${SCRIPT}
RemainAfterExit=yes

[Install]
WantedBy=multi-user.target
`,
};

/** One line: what is chosen, by words with `-` for any, and where it goes. */
export interface TableLine {
  /** Shell patterns of names; `default` alone is what interrupts get that are requested later. */
  readonly devices: readonly string[];
  readonly drivers: readonly string[];
  readonly names: readonly string[];
  readonly irqs: CpuSet;
  readonly cpus: CpuSet;
  readonly spread: boolean;
  /** `-`: left alone. */
  readonly rps: string;
  readonly xps: string;
}

const FORMAT: LineFormat = {
  parse: (line) => {
    const words = line.trim().split(/\s+/);
    if (line.trim().startsWith('#') || words.length !== 8) return [];
    return [{ key: words.slice(0, 4).join(' '), value: words.slice(4).join(' ') }];
  },
  print: (key, value) => `${key} ${value}`,
  same: Object.is,
};

const any = (words: readonly string[]): string => (words.length === 0 ? '-' : words.join(',').replaceAll(/\s/g, '?'));

function settingOf(line: TableLine): [string, string] {
  const { devices, drivers, names, irqs, cpus, spread, rps, xps } = line;
  const chosen = [any(devices), any(drivers), any(names), formatCpuSet(irqs) || '-'];
  return [chosen.join(' '), [formatCpuSet(cpus), spread ? 'spread' : 'together', rps, xps].join(' ')];
}

/** In words: `NICs ens*, of them *-TxRx-*: CPUs 0-1, each queue one`. */
function described({ devices, drivers, names, irqs, cpus, spread, rps, xps }: TableLine): string {
  const which = [
    ...(devices[0] === 'default' ? ['interrupts to come'] : devices.length > 0 ? [`NICs ${devices.join(', ')}`] : []),
    ...(drivers.length > 0 ? [`drivers ${drivers.join(', ')}`] : []),
    ...(names.length > 0 ? [`names ${names.join(', ')}`] : []),
    ...(irqs.length > 0 ? [`IRQs ${formatCpuSet(irqs)}`] : []),
  ];
  const where = [
    `CPUs ${formatCpuSet(cpus)}${spread ? ', each queue on one' : ''}`,
    ...(rps === '-' ? [] : [`RPS ${rps}`]),
    ...(xps === '-' ? [] : [`XPS ${xps}`]),
  ];
  return `${which.join(', ')} → ${where.join(', ')}`;
}

export const tableProbes: Probes = {
  [TABLE]: file(TABLE),
  [SCRIPT]: file(SCRIPT),
  [RULES]: file(RULES),
  ...ownUnitProbes(UNIT),
};

/** All CPUs that the table sends interrupts to once these lines are in it. */
export function tableCpus(seen: Seen, lines: readonly TableLine[]): CpuSet {
  const ours = new Set(lines.map((line) => settingOf(line)[0]));
  const others = settingsIn(seen.text(TABLE) ?? '', FORMAT).filter(({ key }) => !ours.has(key));
  const theirs = others.map(({ value = '' }) => parseCpuSet(value.split(' ')[0] ?? ''));
  return unionOf(...theirs, ...lines.map(({ cpus }) => cpus));
}

/** Have these lines carried out at boot and when devices come. `then`: done once the table says so, and again when it is put back. */
export function persistTable(
  seen: Seen,
  lines: readonly TableLine[],
  planes: { live: boolean },
  then: readonly Action[] = [],
): Change[] {
  const table = setDropIn(seen, TABLE, FORMAT, new Map(lines.map(settingOf)));
  const summary = `${TABLE}: ${lines.map(described).join('; ')}`;
  const whole = (path: string, content: string, summary: string) =>
    seen.text(path) === content ? [] : [replaceFile({ path, before: seen.raw(path), content, summary })];
  const told = (change: Change): Change =>
    then.length === 0 || 'impossible' in change.undo
      ? { ...change, summary }
      : {
          ...change,
          summary,
          do: [...change.do, ...then],
          undo: [...change.undo, ...then],
          impact: 'service-restart',
        };
  return [
    ...(table ? [told(table)] : []),
    ...whole(SCRIPT, SCRIPT_TEXT, `${SCRIPT}: carries out ${TABLE}`),
    ...installUnit(seen, UNIT, { live: planes.live, persistent: true }),
    ...whole(RULES, RULES_TEXT, `${RULES}: again when a device or a CPU comes`),
  ];
}
