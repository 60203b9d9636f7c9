import type { Action } from '../action.ts';
import type { Change } from '../change.ts';
import { type CpuSet, formatCpuMask, formatCpuSet, parseCpuMask, parseCpuSet, sameCpus } from '../cpu-set.ts';
import { type LineFormat, says, settingsIn, withSettings } from '../lines.ts';
import { replaceFile } from '../make-change.ts';
import { command, file, type Probes } from '../probe.ts';
import type { Seen } from '../seen.ts';
import { maskUnits, unitOf, unitProbe } from '../unit.ts';

const UNIT = 'irqbalance.service';
const DEBIAN = '/etc/default/irqbalance';
const REDHAT = '/etc/sysconfig/irqbalance';
const VERSION = 'irqbalance --version';
const LIST = 'IRQBALANCE_BANNED_CPULIST';
const MASK = 'IRQBALANCE_BANNED_CPUS';

/** What to do with the daemon that moves interrupts by itself. */
export type Balancing = 'ban' | 'mask' | 'keep';

export const irqbalanceProbes: Probes = {
  [UNIT]: unitProbe(UNIT),
  [VERSION]: command('irqbalance', '--version'),
  [DEBIAN]: file(DEBIAN),
  [REDHAT]: file(REDHAT),
};

const plain = (value: string): string => value.replaceAll(/^["']|["']$/g, '').trim();

/** `KEY=value`, as systemd's EnvironmentFile has it. */
const ENVIRONMENT: LineFormat = {
  parse: (line) => {
    const [, key, value] = /^\s*(?:export\s+)?(IRQBALANCE_BANNED_CPU(?:S|LIST))=(.*?)\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [{ key, value }];
  },
  print: (key, value) => `${key}=${value}`,
  same: (a, b) => {
    try {
      return sameCpus(parseCpuSet(plain(a)), parseCpuSet(plain(b)));
    } catch {
      return false;
    }
  },
};
const MASKS: LineFormat = {
  ...ENVIRONMENT,
  same: (a, b) => {
    try {
      return sameCpus(parseCpuMask(plain(a)), parseCpuMask(plain(b)));
    } catch {
      return false;
    }
  },
};

/** Whether it runs or will at the next boot. */
export function balances(seen: Seen): boolean {
  const unit = unitOf(seen, UNIT);
  return unit !== undefined && (unit.active === 'active' || unit.enabled === 'enabled');
}

/**
 * See to it that irqbalance does not undo what is asked: `ban` has it use no CPU but these. The mask counts over the list
 * where both are set, and before 1.8 there is no list. Source: setup_banned_cpus in irqbalance's cputree.c.
 */
export function settleIrqbalance(
  seen: Seen,
  how: Balancing,
  { cpus, all }: { cpus: CpuSet; all: CpuSet },
): { changes: readonly Change[]; notes: readonly string[] } {
  if (!balances(seen)) return { changes: [], notes: [] };
  if (how === 'mask') return { changes: maskUnits(seen, [UNIT]).changes, notes: [] };
  if (how === 'keep') {
    const note = `${UNIT} is active or enabled and moves interrupts by itself: set \`irqbalance: ban\` or \`mask\``;
    return { changes: [], notes: [note] };
  }
  const path = seen.text(DEBIAN) === undefined && seen.text(REDHAT) !== undefined ? REDHAT : DEBIAN;
  const banned = all.filter((cpu) => !cpus.includes(cpu));
  const text = seen.text(path) ?? '';
  const old = isOld(seen, text);
  const format = old ? MASKS : ENVIRONMENT;
  const wanted = new Map(
    old ? [[MASK, formatCpuMask(banned)]] : [[LIST, formatCpuSet(banned)] as const, [MASK, undefined] as const],
  );
  if ([...wanted].every(([key, value]) => says(text, format, key, value))) return { changes: [], notes: [] };
  const now = settingsIn(text, format).map(({ key, value }) => `${key}=${value}`);
  const running = unitOf(seen, UNIT)?.active === 'active';
  const then: Action[] = running ? [{ do: 'exec', argv: ['systemctl', 'restart', UNIT] }] : [];
  const change = replaceFile({
    path,
    before: seen.raw(path),
    content: withSettings(text, format, wanted),
    summary: `irqbalance keeps off CPUs ${formatCpuSet(banned)}${now.length > 0 ? ` (was ${now.join(', ')})` : ''}`,
    then,
  });
  return { changes: [{ ...change, impact: running ? 'service-restart' : 'none' }], notes: [] };
}

/** Before 1.8, which is before a list could be given. */
function isOld(seen: Seen, text: string): boolean {
  if (text.includes(LIST)) return false;
  const [, major, minor] = /(\d+)\.(\d+)/.exec(seen.output(VERSION)?.stdout ?? '') ?? [];
  return major !== undefined && (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 8));
}
