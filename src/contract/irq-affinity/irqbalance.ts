import type { Action } from '../action.ts';
import type { Change } from '../change.ts';
import { type CpuSet, formatCpuMask, formatCpuSet, parseCpuMask, parseCpuSet, sameCpus } from '../cpu-set.ts';
import { type LineFormat, says, settingsIn, withSettings } from '../lines.ts';
import { replaceFile } from '../make-change.ts';
import { command, file, type Probes } from '../probe.ts';
import type { Seen } from '../seen.ts';
import { maskUnits, unitOf, unitProbe } from '../unit.ts';
import { SCRIPT } from './table.ts';

const UNIT = 'irqbalance.service';
const DEBIAN = '/etc/default/irqbalance';
const REDHAT = '/etc/sysconfig/irqbalance';
const VERSION = 'irqbalance --version';
const LIST = 'IRQBALANCE_BANNED_CPULIST';
const MASK = 'IRQBALANCE_BANNED_CPUS';
const ARGS = 'IRQBALANCE_ARGS';

/** Asked once for each interrupt that irqbalance finds. Source: irqbalance(1). */
const POLICY = '/etc/kvmplay/irqbalance_policy.sh';
const POLICY_TEXT = `#!/bin/sh
# Written by kvmplay (irq_affinity): has irqbalance leave alone what kvmplay sends somewhere.
exec /bin/sh ${SCRIPT} "$@"
`;

/** What to do with the daemon that moves interrupts by itself. */
export type Balancing = 'ban' | 'mask' | 'keep';

export const irqbalanceProbes: Probes = {
  [UNIT]: unitProbe(UNIT),
  [VERSION]: command('irqbalance', '--version'),
  [DEBIAN]: file(DEBIAN),
  [REDHAT]: file(REDHAT),
  [POLICY]: file(POLICY),
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

/** What is passed to it as it starts. */
const ARGUMENTS: LineFormat = {
  parse: (line) => {
    const [, value] = /^\s*(?:export\s+)?IRQBALANCE_ARGS=(.*?)\s*$/.exec(line) ?? [];
    return value === undefined ? [] : [{ key: ARGS, value }];
  },
  print: (key, value) => `${key}="${value}"`,
  same: (a, b) => plain(a) === plain(b),
};

/** Whether it runs or will at the next boot. */
function balances(seen: Seen): boolean {
  const unit = unitOf(seen, UNIT);
  return unit !== undefined && (unit.active === 'active' || unit.enabled === 'enabled');
}

interface Settled {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
  /** It moves interrupts among the CPUs that it is left with: nobody could tell it to leave ours alone. */
  readonly roams: boolean;
  /** What it takes to have it ask again which interrupts are ours. */
  readonly askAgain: readonly Action[];
}

/**
 * See to it that irqbalance does not undo what is asked: `ban` has it use no CPU but these, and asks it to leave alone what the
 * table sends somewhere. The mask counts over the list where both are set, and before 1.8 there is no list. Source:
 * setup_banned_cpus in irqbalance's cputree.c.
 */
export function settleIrqbalance(seen: Seen, how: Balancing, { cpus, all }: { cpus: CpuSet; all: CpuSet }): Settled {
  const settled = { changes: [], notes: [], roams: false, askAgain: [] };
  if (!balances(seen)) return settled;
  if (how === 'mask') return { ...settled, changes: maskUnits(seen, [UNIT]).changes };
  if (how === 'keep') {
    const note = `${UNIT} is active or enabled and moves interrupts by itself: set \`irqbalance: ban\` or \`mask\``;
    return { ...settled, notes: [note] };
  }
  const path = seen.text(DEBIAN) === undefined && seen.text(REDHAT) !== undefined ? REDHAT : DEBIAN;
  const text = seen.text(path) ?? '';
  const banned = all.filter((cpu) => !cpus.includes(cpu));
  const taught = withBan(seen, text, banned);
  const args = plain(settingsIn(text, ARGUMENTS).at(-1)?.value ?? '');
  const other = policyOf(args);
  const roams = other !== undefined && other !== POLICY;
  const asking = [...args.split(/\s+/).filter(Boolean), `--policyscript=${POLICY}`].join(' ');
  const content = other === undefined ? withSettings(taught, ARGUMENTS, new Map([[ARGS, asking]])) : taught;
  const running = unitOf(seen, UNIT)?.active === 'active';
  const restart: Action[] = running ? [{ do: 'exec', argv: ['systemctl', 'restart', UNIT] }] : [];
  const notes = roams
    ? [`irqbalance has a policy script of its own, ${other}: interrupts may be on any of CPUs ${formatCpuSet(cpus)}`]
    : [];
  const changes = [
    ...(roams || seen.text(POLICY) === POLICY_TEXT
      ? []
      : [
          replaceFile({
            path: POLICY,
            before: seen.raw(POLICY),
            content: POLICY_TEXT,
            summary: `${POLICY}: tells irqbalance which interrupts to leave alone`,
            mode: '0755',
          }),
        ]),
    ...(content === text ? [] : [teach(path, content, banned, seen, restart)]),
  ];
  return { changes, notes, roams, askAgain: content === text && !roams ? restart : [] };
}

function teach(path: string, content: string, banned: CpuSet, seen: Seen, then: readonly Action[]): Change {
  const now = settingsIn(seen.text(path) ?? '', ENVIRONMENT).map(({ key, value }) => `${key}=${value}`);
  const summary = `irqbalance keeps off CPUs ${formatCpuSet(banned)}${now.length > 0 ? ` (was ${now.join(', ')})` : ''}`;
  const change = replaceFile({ path, before: seen.raw(path), content, summary, then });
  return { ...change, impact: then.length > 0 ? 'service-restart' : 'none' };
}

function withBan(seen: Seen, text: string, banned: CpuSet): string {
  const old = isOld(seen, text);
  const format = old ? MASKS : ENVIRONMENT;
  const wanted = new Map(
    old ? [[MASK, formatCpuMask(banned)]] : [[LIST, formatCpuSet(banned)] as const, [MASK, undefined] as const],
  );
  return [...wanted].every(([key, value]) => says(text, format, key, value))
    ? text
    : withSettings(text, format, wanted);
}

/** The policy script that its arguments name: `-l FILE`, `--policyscript=FILE`. */
const policyOf = (args: string): string | undefined => /(?:^|\s)(?:-l\s*|--policyscript[=\s]\s*)(\S+)/.exec(args)?.[1];

/** Before 1.8, which is before a list could be given. */
function isOld(seen: Seen, text: string): boolean {
  if (text.includes(LIST)) return false;
  const [, major, minor] = /(\d+)\.(\d+)/.exec(seen.output(VERSION)?.stdout ?? '') ?? [];
  return major !== undefined && (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 8));
}
