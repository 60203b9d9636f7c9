import {
  type BootLine,
  entryLines,
  entryProbes,
  environmentBlock,
  GRUB_ENV,
  KERNEL_CMDLINE,
  kernelLine,
} from './boot-entries.ts';
import type { Change, Pending } from './change.ts';
import { parseCmdline } from './cmdline.ts';
import { isGranted, reword, type Wish } from './cmdline-wish.ts';
import {
  entrySourceLine,
  GRUB_DEFAULTS,
  GRUB_HEADER,
  type Grub,
  grubOf,
  grubProbes,
  isSpent,
  menuSourceLine,
  rewordedMenu,
  rewordedText,
  sameMenu,
} from './grub.ts';
import { replaceFile } from './make-change.ts';
import { file, type Probe, type Probes } from './probe.ts';
import { Problem } from './problem.ts';
import { text } from './reading.ts';
import type { Seen } from './seen.ts';
import { parseChars, type Splice, spliced, splicesFor } from './sourced-text.ts';

/** What the running kernel was booted with. */
const RUNNING = '/proc/cmdline';
export const GRUB_DROP_IN = '/etc/default/grub.d/90-kvmplay.cfg';

/** What to read to know what the next boots are given. */
export const bootProbes = (ours: string): Probes => ({
  [RUNNING]: file(RUNNING),
  ...grubProbes,
  ...entryProbes,
  [GRUB_ENV]: file(GRUB_ENV),
  [KERNEL_CMDLINE]: file(KERNEL_CMDLINE),
  [ours]: file(ours),
});

interface BootPlan {
  readonly changes: readonly Change[];
  readonly pending: readonly Pending[];
  /** Nothing is known here that gives the kernel its command line: why. */
  readonly na?: string;
}

/**
 * Have every boot of this host that is not for rescue be given what is wished: by GRUB's menu, by the entries of GRUB or
 * systemd-boot, by what new kernels are installed with; in all of them that are here. Where the running kernel was booted
 * without it, that is pending. Throws `Problem` NotUnderstood, NotEditable or Overridden.
 */
export function setBootArguments(seen: Seen, ours: string, wishes: readonly Wish[]): BootPlan {
  const grub = grubOf(seen);
  const env = seen.text(GRUB_ENV);
  const entries = entryLines(seen, env);
  const installed = seen.text(KERNEL_CMDLINE);
  if (!grub && entries.length === 0 && installed === undefined) {
    const na = `no bootloader is known here: no menu of GRUB, no entries in /boot/loader/entries, no ${KERNEL_CMDLINE}`;
    return { changes: [], pending: [], na };
  }
  const home = grub?.dropIns ? ours : GRUB_DEFAULTS;
  const defaults = seen.text(GRUB_DEFAULTS);
  const lines: BootLine[] = [
    ...entries,
    ...(installed === undefined ? [] : [kernelLine(installed)]),
    ...(grub ? [menuSourceLine(grub.sources, home)] : []),
    ...(!grub && entries.length > 0 && defaults !== undefined
      ? [entrySourceLine({ path: GRUB_DEFAULTS, text: defaults })]
      : []),
  ];
  const edits = edited(
    seen,
    lines.flatMap((line) => splicesOf(line, wishes)),
    ours,
  );
  if (grub) requireHeard(grub, home, edits, wishes);
  const files = fileChanges(seen, edits, grub);
  const menu = grub && edits.size === 0 ? menuChange(seen, grub, wishes) : undefined;
  const made = grub === undefined || grub.make !== undefined;
  const stale = made ? [] : staleMenu(seen, grub, wishes);
  return { changes: [...files, ...(menu ? [menu] : [])], pending: [...stale, ...running(seen, wishes)] };
}

function splicesOf({ chars, add }: BootLine, wishes: readonly Wish[]): Splice[] {
  const line = parseChars(chars);
  const rewording = reword(line, wishes);
  if (isGranted(rewording)) return [];
  const { splices, added } = splicesFor(chars, line, rewording);
  return added.length > 0 ? [...splices, add(added.join(' '))] : splices;
}

/** The files as they shall be. Lines that share a part ask for the same edit of it. */
function edited(seen: Seen, splices: readonly Splice[], ours: string): ReadonlyMap<string, string> {
  const distinct = [...new Map(splices.map((one) => [JSON.stringify(one), one])).values()];
  const paths = [...new Set(distinct.map(({ path }) => path))];
  return new Map(
    paths.map((path) => {
      const now = seen.textAt(path) ?? '';
      const next = spliced(now, path, distinct);
      if (path === ours && now === '') return [path, `${GRUB_HEADER}${next}`];
      return [path, path === GRUB_ENV ? block(next, now.length) : next];
    }),
  );
}

function block(next: string, size: number): string {
  const fitted = environmentBlock(next, size);
  if (fitted !== undefined) return fitted;
  throw new Problem(
    'NoRoom',
    `${GRUB_ENV} has room for ${size} bytes only`,
    'take arguments out of it that are not needed',
  );
}

/** Where a file that is sourced after ours forgets what ours adds, nothing that is written there is heard. */
function requireHeard(grub: Grub, ours: string, edits: ReadonlyMap<string, string>, wishes: readonly Wish[]): void {
  const own = grub.sources.some(({ path }) => path === ours) ? [] : [{ path: ours, text: '' }];
  const sources = [...grub.sources, ...own]
    .map(({ path, text: now }) => ({ path, text: edits.get(path) ?? now }))
    .sort((a, b) => Number(a.path !== GRUB_DEFAULTS) - Number(b.path !== GRUB_DEFAULTS) || (a.path < b.path ? -1 : 1));
  const { chars } = menuSourceLine(sources, ours);
  if (isGranted(reword(parseChars(chars), wishes))) return;
  const after = chars.findLast(({ from }) => from !== undefined)?.from?.path ?? GRUB_DEFAULTS;
  throw new Problem(
    'Overridden',
    `${after} is read after ${ours} and sets the command line anew, so what is added there is lost`,
    'have it add to "$GRUB_CMDLINE_LINUX_DEFAULT", or give `file` a name that sorts after it',
  );
}

/** The menu is made anew after the last file, and on the way back after the first, which is then the last. */
function fileChanges(seen: Seen, edits: ReadonlyMap<string, string>, grub: Grub | undefined): Change[] {
  const make = grub?.make ? [{ do: 'exec', argv: grub.make, timeout: 300 } as const] : [];
  const changes = [...edits].map(([path, next]): Change => {
    const before = seen.at(path);
    const gone = path.includes('/grub.d/') && isSpent(next);
    return replaceFile({
      path,
      before,
      content: gone ? undefined : next,
      summary: `${path}: ${difference(before.is === 'text' ? before.text : '', next)}`,
    });
  });
  const disturbs: Probe[] = grub?.make ? [file(grub.config)] : [];
  return changes.map((change, at) => ({
    ...change,
    do: at === changes.length - 1 ? [...change.do, ...make] : change.do,
    undo: at === 0 && !('impossible' in change.undo) ? [...change.undo, ...make] : change.undo,
    ...(disturbs.length > 0 && { disturbs }),
  }));
}

/** The arguments that come and go, in short. */
function difference(before: string, after: string): string {
  const wordsOf = (all: string) => all.split(/[\s"']+/).filter((word) => word !== '' && !/^[#$]|^GRUB_/.test(word));
  const [was, is] = [wordsOf(before), wordsOf(after)];
  const comment = new Set(wordsOf(GRUB_HEADER));
  const gone = was.filter((word) => !is.includes(word)).map((word) => `-${word}`);
  const come = is.filter((word) => !was.includes(word) && !comment.has(word)).map((word) => `+${word}`);
  return [...gone, ...come].join(' ') || 'kernel arguments in another order';
}

/** The files are right, and the menu was made before they were. */
function menuChange(seen: Seen, grub: Grub, wishes: readonly Wish[]): Change | undefined {
  const next = grub.menu === undefined ? undefined : rewordedMenu(grub.menu, wishes);
  if (next === undefined || grub.menu === undefined || grub.make === undefined) return undefined;
  return {
    target: file(grub.config),
    plane: 'persistent',
    summary: `${grub.config}: made before ${GRUB_DEFAULTS} was as it is now → made anew`,
    before: seen.at(grub.config),
    after: text(next),
    do: [{ do: 'exec', argv: grub.make, timeout: 300 }],
    undo: [{ do: 'write', path: grub.config, content: grub.menu }],
    impact: 'none',
  };
}

function staleMenu(seen: Seen, grub: Grub | undefined, wishes: readonly Wish[]): Pending[] {
  const next = grub?.menu === undefined ? undefined : rewordedMenu(grub.menu, wishes);
  if (grub === undefined || next === undefined) return [];
  const summary = `${grub.config}: has to be made anew, and there is no command here that does`;
  const before = seen.at(grub.config);
  return [{ target: file(grub.config), plane: 'persistent', summary, before, after: text(next), needs: 'manual' }];
}

/** What the running kernel was not booted with. */
function running(seen: Seen, wishes: readonly Wish[]): Pending[] {
  const now = seen.text(RUNNING)?.trim();
  if (now === undefined) return [];
  const line = parseCmdline(now);
  const rewording = reword(line, wishes);
  if (isGranted(rewording)) return [];
  const next = rewordedText(now, line, rewording);
  return [
    {
      target: file(RUNNING),
      plane: 'pending',
      summary: `${RUNNING}: ${difference(now, next)}`,
      before: seen.raw(RUNNING),
      after: text(`${next}\n`),
      needs: 'reboot',
    },
  ];
}

/** When two texts of what was read here mean the same. */
export const sameBoot = (probe: Probe, a: string, b: string): boolean =>
  probe.kind === 'file' && probe.path.endsWith('/grub.cfg') && sameMenu(a, b);
