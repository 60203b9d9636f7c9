/**
 * Parameter fields that modules share. Kept out of index.ts: this is the part of the contract that loads zod.
 * Values come typed from a playbook, or as text from `-a 'key=value'`: each field takes both.
 */
import { z } from 'zod';
import { parseCpuSet } from './cpu-set.ts';
import type { Problem } from './problem.ts';
import { parseKib } from './size.ts';

const YES = ['yes', 'true', 'on'] as const;
const NO = ['no', 'false', 'off'] as const;

/** true or false; also yes, no, on, off, 1, 0. */
export const flag = () =>
  z
    .union([z.boolean(), z.literal([0, 1]), z.enum([...YES, ...NO, '0', '1'])], { error: 'expected true or false' })
    .transform((value) => value === true || value === 1 || value === '1' || YES.some((yes) => yes === value));

/** A decimal integer. A leading zero is refused: the kernel and the shell would take it for octal. */
export const integer = (min = 0, max = Number.MAX_SAFE_INTEGER) => {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const text = z
    .string()
    .regex(/^(0|-?[1-9]\d*)$/, { abort: true })
    .refine((digits) => Number(digits) >= min && Number(digits) <= max, { abort: true });
  return z
    .union([z.int().min(min, { abort: true }).max(max, { abort: true }), text], {
      error: `expected an integer ${range}, in decimal and without leading zeros`,
    })
    .transform(Number);
};

/** A size with its unit, in KiB: `2M`, `1G`, `2048kB`. */
export const kibibytes = () =>
  z.string({ error: 'expected a size with its unit, such as 2M' }).transform((size, context) => {
    try {
      return parseKib(size);
    } catch {
      context.addIssue({ code: 'custom', message: `"${size}" is no size: write it with a unit, such as 2M or 1G` });
      return z.NEVER;
    }
  });

/** CPUs as the kernel writes them: `0-3,8`; at least one. A single CPU may be a number. */
export const cpuList = () =>
  z
    .union([z.string().regex(/\S/), z.int().min(0)], { error: 'expected CPUs, such as "0-3,8"' })
    .transform((list, context) => {
      try {
        return parseCpuSet(String(list));
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Problem).message });
        return z.NEVER;
      }
    });

/** One or more words: a list, or a text with commas or blanks between them. */
export const words = () =>
  z
    .union([z.array(z.string().min(1)).min(1), z.string().regex(/\S/)], { error: 'expected a word or a list of words' })
    .transform((value) => (typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : value));

/** The planes a host module acts on: both, unless told otherwise. */
export const planes = {
  live: flag().prefault(true).describe('Whether to set the running kernel.'),
  persistent: flag().prefault(true).describe('Whether to set it for the next boots too.'),
};

/** A file in one of the directories that systemd reads, so that it cannot be written where nobody looks. */
export const dropInFile = (kind: 'sysctl.d' | 'tmpfiles.d' | 'modprobe.d' | 'modules-load.d', name: string) =>
  z
    .string()
    .regex(
      new RegExp(`^/etc/${kind.replaceAll('.', '\\.')}/[^/]+\\.conf$`),
      `expected a path like /etc/${kind}/NAME.conf`,
    )
    .prefault(`/etc/${kind}/${name}.conf`)
    .describe('Where the persistent settings are written. Other lines in it are kept as they are.');
