import { glob, type Probes } from './probe.ts';
import type { Seen } from './seen.ts';
import { expandPlain } from './shell-variables.ts';
import { type Char, charsOf, joined, type Splice } from './sourced-text.ts';

/** A command line that some boot will take, and where an argument is added to it. */
export interface BootLine {
  readonly chars: readonly Char[];
  readonly add: (args: string) => Splice;
}

/** Where the partition that the firmware reads may be mounted, and GRUB's own. Source: the Boot Loader Specification. */
const FOLDERS = ['/boot/loader/entries', '/boot/efi/loader/entries', '/efi/loader/entries'];
export const GRUB_ENV = '/boot/grub2/grubenv';

export const entryProbes: Probes = Object.fromEntries(
  FOLDERS.map((folder) => [`${folder}/*.conf`, glob(`${folder}/*.conf`)]),
);

/** One `options` line after another makes the command line of an entry. What is for rescue is left as it is. */
export function entryLines(seen: Seen, env: string | undefined): BootLine[] {
  const variables = grubVariables(env);
  const entries = FOLDERS.flatMap((folder) => [...seen.files(`${folder}/*.conf`)]);
  return entries.flatMap(([path, text]) => {
    if (!/^linux\s/m.test(text) || /-rescue\b[^/]*\.conf$/.test(path)) return [];
    const spans = [...text.matchAll(/^(options[ \t]+)(.*?)[ \t]*$/gm)].map(
      ({ 1: key = '', 2: value = '', index }): [number, number] => [
        index + key.length,
        index + key.length + value.length,
      ],
    );
    const chars = joined(...spans.map((span) => expandPlain(path, text, span, variables)));
    const shared = /^options\s.*\$kernelopts\b/m.test(text) ? variables.get('kernelopts')?.at(-1)?.from : undefined;
    const end = shared?.end ?? spans.at(-1)?.[1];
    const at = shared?.path ?? path;
    const add = (args: string): Splice =>
      end === undefined
        ? { path, start: text.length, end: text.length, text: `${text.endsWith('\n') ? '' : '\n'}options ${args}\n` }
        : { path: at, start: end, end, text: ` ${args}` };
    return [{ chars, add }];
  });
}

/** GRUB's variables, which entries may name. `tuned_params` is what tuned has a host boot with. */
function grubVariables(env: string | undefined): ReadonlyMap<string, readonly Char[]> {
  const lines = [...(env ?? '').matchAll(/^(\w+)=(.*)$/gm)];
  return new Map(
    lines.map(({ 1: name = '', 2: value = '', index }) => {
      const start = index + name.length + 1;
      const chars = charsOf(GRUB_ENV, env ?? '', start, start + value.length);
      const whose = `tuned's active profile ($tuned_params in ${GRUB_ENV})`;
      return [name, name === 'tuned_params' ? chars.map(({ char }) => ({ char, whose })) : chars];
    }),
  );
}

/** GRUB reads an environment block of this very size, filled up with `#`. */
export function environmentBlock(text: string, size: number): string | undefined {
  const used = text.replace(/#+$/, '');
  return used.length > size ? undefined : used.padEnd(size, '#');
}

/** What new kernels are installed with. Source: kernel-install(8). */
export const KERNEL_CMDLINE = '/etc/kernel/cmdline';

export function kernelLine(text: string): BootLine {
  const parts = [...text.matchAll(/^(?!\s*#).*$/gm)].map(({ 0: line, index }) =>
    charsOf(KERNEL_CMDLINE, text, index, index + line.length),
  );
  const chars = joined(...parts.filter((part) => part.length > 0));
  const end = chars.at(-1)?.from?.end;
  const newline = text === '' || text.endsWith('\n') ? '' : '\n';
  const add = (args: string): Splice =>
    end === undefined
      ? { path: KERNEL_CMDLINE, start: text.length, end: text.length, text: `${newline}${args}\n` }
      : { path: KERNEL_CMDLINE, start: end, end, text: ` ${args}` };
  return { chars, add };
}
