/** Parameter fields of modules that write files, with Ansible's names. Apart from index.ts, since zod is loaded here. */
import { z } from 'zod';
import { flag } from './fields.ts';
import { isMode } from './files/mode.ts';
import type { Problem } from './problem.ts';
import { linearRegex } from './regex.ts';
import { splitWords } from './words.ts';

export const absolutePath = () =>
  z
    .string({ error: 'expected an absolute path' })
    .regex(/^\//, 'expected an absolute path')
    .refine((path) => !path.includes('\0'), 'a path has no NUL byte in it');

/** Mode, owner and group. */
export const attributes = {
  mode: z
    .string({ error: 'expected a mode in quotes, such as "0644": without quotes YAML reads another number' })
    .refine(isMode, 'expected a mode in octal such as "0644", or in symbols such as "u=rw,g=r,o="')
    .optional()
    .describe('The mode, in octal and in quotes (`"0644"`) or in symbols (`u=rw,g+r,o-rwx`).'),
  owner: name('user').describe('The name of the user that it shall belong to.'),
  group: name('group').describe('The name of the group that it shall belong to.'),
};

function name(what: string) {
  return z
    .string({ error: `expected the name of a ${what}, not its number` })
    .regex(/^(?!\d+$)[^:\0-\x20]+$/, `expected the name of a ${what}, not its number`)
    .optional();
}

/** What modules that write a file's content have in common. */
export const writing = {
  ...attributes,
  backup: flag()
    .prefault(false)
    .describe('Whether to keep the file that is replaced, beside it, under a name with its checksum in it.'),
  validate: z
    .string()
    .regex(/%s/, 'expected a command with %s in it, for the path of the new file')
    .transform((line, context) => words(line, context))
    .optional()
    .describe(
      'A command that has to end with 0 before the file takes its place; `%s` is the path of the new file. No shell.',
    ),
};

/** A command line split into words. */
function words(line: string, context: z.core.$RefinementCtx<string>): readonly string[] {
  try {
    return splitWords(line);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Problem).message });
    return z.NEVER;
  }
}

export const commandLine = () => z.string().regex(/\S/, 'expected a command').transform(words);

/** A regular expression that a linear-time engine takes. */
export const pattern = () =>
  z.string().superRefine((text, context) => {
    try {
      linearRegex(text);
    } catch (error) {
      const { message, hint } = error as Problem;
      context.addIssue({ code: 'custom', message: `${message}: ${hint}` });
    }
  });
