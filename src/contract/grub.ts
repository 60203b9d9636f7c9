import type { BootLine } from './boot-entries.ts';
import { type Cmdline, parseCmdline } from './cmdline.ts';
import { isGranted, reword, type Wish } from './cmdline-wish.ts';
import { command, file, glob, type Probes } from './probe.ts';
import type { Seen } from './seen.ts';
import { type Sourced, sourcedVariables } from './shell-variables.ts';
import { type Char, joined, quoted, type Splice } from './sourced-text.ts';

export const GRUB_DEFAULTS = '/etc/default/grub';
const DROP_INS = '/etc/default/grub.d/*.cfg';
/** The Debian family's is first: there /boot/grub2 is nobody's. */
const CONFIGS = ['/boot/grub/grub.cfg', '/boot/grub2/grub.cfg'];
const EFI_CONFIGS = '/boot/efi/EFI/*/grub.cfg';

/** What writes a grub.cfg anew, and how it is asked whether it is here: that prints, and does nothing. */
const MAKERS = [
  { name: 'update-grub', asked: '--help', makes: (config: string) => (config === CONFIGS[0] ? [] : undefined) },
  { name: 'grub2-mkconfig', asked: '--version', makes: (config: string) => ['-o', config] },
  { name: 'grub-mkconfig', asked: '--version', makes: (config: string) => ['-o', config] },
] as const;

export const grubProbes: Probes = {
  [GRUB_DEFAULTS]: file(GRUB_DEFAULTS),
  [DROP_INS]: glob(DROP_INS),
  ...Object.fromEntries(CONFIGS.map((path) => [path, file(path)])),
  [EFI_CONFIGS]: glob(EFI_CONFIGS),
  ...Object.fromEntries(MAKERS.map(({ name, asked }) => [name, command(name, asked)])),
};

/** A host whose menu is written out of /etc/default/grub. */
export interface Grub {
  readonly config: string;
  /** Undefined where it will be written anew anyway. */
  readonly menu: string | undefined;
  readonly sources: readonly Sourced[];
  /** Writes grub.cfg anew; undefined where there is no such command, or no command can be run. */
  readonly make: readonly string[] | undefined;
  /** Whether files in grub.d are sourced: a patch that the Debian family has. */
  readonly dropIns: boolean;
}

/** Undefined where no menu of GRUB's has Linux in it: it takes its entries from files, or is not what boots this host. */
export function grubOf(seen: Seen): Grub | undefined {
  const defaults = seen.text(GRUB_DEFAULTS);
  if (defaults === undefined) return undefined;
  const candidates = [
    ...CONFIGS.map((path) => ({ path, reading: seen.raw(path) })),
    ...[...seen.files(EFI_CONFIGS)].map(([path, text]) => ({ path, reading: { is: 'text' as const, text } })),
  ];
  const refused = candidates.find(({ reading }) => reading.is === 'refused');
  if (refused) seen.text(refused.path);
  const found = candidates.find(
    ({ reading }) => reading.is === 'unknown' || (reading.is === 'text' && menuLines(reading.text).length > 0),
  );
  if (found === undefined) return undefined;
  const [make] = MAKERS.filter(({ name }) => seen.raw(name).is === 'output').flatMap(({ name, makes }) => {
    const args = makes(found.path);
    return args ? [[name, ...args]] : [];
  });
  const dropIns = found.path === CONFIGS[0];
  const more = dropIns ? [...seen.files(DROP_INS)].map(([path, text]) => ({ path, text })) : [];
  return {
    config: found.path,
    menu: found.reading.is === 'text' ? found.reading.text : undefined,
    sources: [{ path: GRUB_DEFAULTS, text: defaults }, ...more],
    make,
    dropIns,
  };
}

const LINUX = 'GRUB_CMDLINE_LINUX';
const DEFAULT = 'GRUB_CMDLINE_LINUX_DEFAULT';

/** The command line of the entries that are not for recovery. Added to in `ours`. */
export function menuSourceLine(sources: readonly Sourced[], ours: string): BootLine {
  const variables = sourcedVariables(sources, [LINUX, DEFAULT]);
  const chars = joined(variables.get(LINUX) ?? [], variables.get(DEFAULT) ?? []);
  return { chars, add: addTo(DEFAULT, chars, sources, ours) };
}

/** What new entries are made of on hosts that boot by entries. */
export function entrySourceLine(source: Sourced): BootLine {
  const variables = sourcedVariables([source], [LINUX, DEFAULT]);
  const chars = joined(variables.get(LINUX) ?? [], variables.get(DEFAULT) ?? []);
  return { chars, add: addTo(LINUX, variables.get(LINUX) ?? [], [source], source.path) };
}

export const GRUB_HEADER = '# Written by kvmplay: arguments that no other file gives to the kernel.\n';

/** After the last character that the file gives to the variable, else on a line of its own. */
const addTo =
  (name: string, chars: readonly Char[], sources: readonly Sourced[], ours: string) =>
  (args: string): Splice => {
    const last = chars.findLast(({ from }) => from?.path === ours)?.from;
    if (last) return { path: ours, start: last.end, end: last.end, text: quoted(` ${args}`, last.quote) };
    const text = sources.find(({ path }) => path === ours)?.text ?? '';
    const before = text === '' || text.endsWith('\n') ? '' : '\n';
    const line = `${name}="$${name} ${quoted(args, 'double')}"\n`;
    return { path: ours, start: text.length, end: text.length, text: `${before}${line}` };
  };

/** What is left of our own file when nothing is added any more. */
export const isSpent = (text: string): boolean =>
  /^\s*(?:GRUB_\w+="\$GRUB_\w+\s*"\s*)*$/.test(text.replace(GRUB_HEADER, ''));

const MENU_LINE = /^(\s*linux(?:16|efi)?\s+\S+\s+)(.*?)\s*$/;

interface MenuLine {
  /** The line's number, from 0. */
  readonly at: number;
  readonly head: string;
  readonly args: string;
}

/** The lines of a grub.cfg that boot Linux as the file's maker wrote them, without those for recovery. */
function menuLines(menu: string): MenuLine[] {
  const found: MenuLine[] = [];
  let inside = false;
  let recovery = false;
  for (const [at, line] of menu.split('\n').entries()) {
    if (/^### (BEGIN|END) /.test(line)) inside = /^### BEGIN \S*_linux(_zfs)? ###/.test(line);
    if (/^\s*menuentry\s/.test(line)) recovery = /-recovery-/.test(line);
    const [, head, args] = MENU_LINE.exec(line) ?? [];
    if (inside && !recovery && head !== undefined && args !== undefined) found.push({ at, head, args });
  }
  return found;
}

/** The menu as it would be written if these were granted; undefined where they are. */
export function rewordedMenu(menu: string, wishes: readonly Wish[]): string | undefined {
  const lines = menu.split('\n');
  let granted = true;
  for (const { at, head, args } of menuLines(menu)) {
    const line = parseCmdline(args);
    const rewording = reword(line, wishes);
    if (isGranted(rewording)) continue;
    granted = false;
    lines[at] = `${head}${rewordedText(args, line, rewording)}`;
  }
  return granted ? undefined : lines.join('\n');
}

/** A line of its own, reworded. */
export function rewordedText(text: string, line: Cmdline, { instead, added }: ReturnType<Wish>): string {
  const all = line.args.flatMap((arg, at) => {
    if (!instead.has(at)) return [text.slice(arg.start, arg.end)];
    const now = instead.get(at);
    return now === undefined ? [] : [now];
  });
  const init = line.init === undefined ? [] : [text.slice(line.init).trimEnd()];
  return [...all, ...added, ...init].join(' ');
}

/** Whether two menus boot Linux with the same arguments, in whatever order they stand. */
export function sameMenu(a: string, b: string): boolean {
  const said = (menu: string) =>
    menuLines(menu)
      .map(({ head, args }) => `${head.trim()} ${args.split(/\s+/).sort().join(' ')}`)
      .join('\n');
  return said(a) === said(b);
}
