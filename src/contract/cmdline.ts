import { parseCpuSet, sameCpus } from './cpu-set.ts';
import { parseKib } from './size.ts';

/** One argument of a kernel command line. */
export interface Argument {
  readonly name: string;
  /** Undefined for a bare word such as `quiet`. */
  readonly value: string | undefined;
  /** Where it stands in the text that was read. */
  readonly start: number;
  readonly end: number;
}

/** The kernel's arguments, and where those of init begin (`--`), if they do. */
export interface Cmdline {
  readonly args: readonly Argument[];
  readonly init: number | undefined;
}

const ARGUMENT = /(?:[^\s"]|"[^"]*(?:"|$))+/g;

/**
 * Read a command line as the kernel does: blanks separate, double quotes hold blanks together, and stand around a value or
 * around all of it (`dyndbg="file a.c +p"`, `"dyndbg=file a.c +p"`). Source: next_arg() in the kernel's lib/cmdline.c.
 */
export function parseCmdline(text: string): Cmdline {
  const found = [...text.matchAll(ARGUMENT)].map(({ 0: raw, index }) => ({ raw, start: index }));
  const stop = found.findIndex(({ raw }) => raw === '--');
  const own = stop === -1 ? found : found.slice(0, stop);
  const args = own.map(({ raw, start }): Argument => {
    const plain = raw.replaceAll('"', '');
    const at = plain.indexOf('=');
    const [name, value] = at <= 0 ? [plain, undefined] : [plain.slice(0, at), plain.slice(at + 1)];
    return { name, value, start, end: start + raw.length };
  });
  return { args, init: found[stop]?.start };
}

export const printArgument = (name: string, value: string | undefined): string => {
  if (value === undefined) return name;
  return /\s/.test(value) ? `${name}="${value}"` : `${name}=${value}`;
};

/** To the kernel `rcu-nocbs` and `rcu_nocbs` are one. */
export const sameName = (a: string, b: string): boolean => a.replaceAll('-', '_') === b.replaceAll('-', '_');

/** Sets of CPUs. Source: Documentation/admin-guide/kernel-parameters.txt. */
export const CPU_ARGUMENTS = ['isolcpus', 'nohz_full', 'rcu_nocbs', 'irqaffinity', 'kthread_cpus'];
const SIZES = ['hugepagesz', 'default_hugepagesz'];

/** Whether two values of an argument mean the same: `0-3` and `0,1,2,3`, `1G` and `1024M`. */
export function sameValue(name: string, a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (SIZES.some((one) => sameName(one, name))) return sameAs(parseKib, a, b, Object.is);
  if (!CPU_ARGUMENTS.some((one) => sameName(one, name))) return false;
  const [one, other] = [splitCpus(a), splitCpus(b)];
  return one.flags === other.flags && sameAs(parseCpuSet, one.list, other.list, sameCpus);
}

/** What only the kernel can read (`0-N`) is compared by the letter. */
function sameAs<T>(parse: (text: string) => T, a: string, b: string, same: (a: T, b: T) => boolean): boolean {
  try {
    return same(parse(a), parse(b));
  } catch {
    return false;
  }
}

/** `managed_irq,domain,2-7`: flags before the CPUs. Where none is given, isolcpus means `domain`. */
export function splitCpus(value: string): { flags: string; list: string } {
  const parts = value.split(',');
  const first = parts.findIndex((part) => !FLAGS.includes(part));
  const cut = first === -1 ? parts.length : first;
  return { flags: [...new Set(parts.slice(0, cut))].sort().join() || 'domain', list: parts.slice(cut).join() };
}

const FLAGS = ['nohz', 'domain', 'managed_irq'];
