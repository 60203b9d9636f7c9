import { z } from 'zod';
import { flag } from '../contract/fields.ts';
import { META_ACTIONS } from '../playbook/parse-task.ts';
import type { Documented } from '../registry/reference.ts';
import { pauseParams } from './pause.ts';

const condition = z.union([z.string(), z.boolean()]);
/** Lines of a list stand below each other. */
const words = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))])
  .transform((given) => (Array.isArray(given) ? given.join('\n') : String(given)));

/** What is written of the tasks that touch no host: of it their parameters are checked and their pages are made. */
export const CONTROL_REFERENCE = {
  assert: {
    summary: 'Fail the host where a condition does not hold.',
    notes: `
Conditions are CEL, and are not templates: \`that: swappiness < 60\`. What failed is kept as \`assertion\`, beside \`evaluated_to\`.
What hangs on something unknown in check mode is unknown.
`,
    params: z.strictObject({
      that: z.union([condition, z.array(condition).min(1)]).describe('Conditions that must all hold.'),
      fail_msg: words.optional().describe('What to say where one does not: a text, or a list of lines.'),
      msg: words.optional().describe('The same.'),
      success_msg: words.optional().describe('What to say where all hold.'),
      quiet: flag().prefault(false).describe('Whether to say nothing where all hold.'),
    }),
    examples: [
      {
        title: 'Room for the guests',
        params: { that: ['facts.memory.total_kib > 8 * 1024 * 1024'], fail_msg: 'a hypervisor has at least 8 GiB' },
      },
    ],
  },
  debug: {
    summary: 'Say something, or what a variable holds.',
    params: z
      .strictObject({
        msg: z.unknown().optional().describe('What to print, any value. Without `msg` and `var`: Hello world!'),
        var: z.string().optional().describe('The variable to print, by its name.'),
        verbosity: z.coerce
          .number<string | number>()
          .int()
          .min(0)
          .default(0)
          .describe('How many -v it takes to print it.'),
      })
      .refine(({ msg, var: name }) => msg === undefined || name === undefined, {
        path: ['var'],
        message: 'give msg or var, and not both',
      }),
    examples: [
      { title: 'Where this is', params: { msg: '{{ inventory_hostname }} of {{ group_names }}' } },
      { title: 'Only with -vv', params: { var: 'play_hosts', verbosity: 2 } },
    ],
  },
  fail: {
    summary: 'Fail the host, with a reason.',
    params: z.strictObject({ msg: words.optional().describe('Why. Without it: Failed as requested from task') }),
    examples: [{ title: 'Not on this one', params: { msg: '{{ inventory_hostname }} is not to be tuned' } }],
  },
  meta: {
    summary: 'Say what becomes of the play, and not of the host.',
    notes: `
\`flush_handlers\` runs now what was notified so far. \`end_host\` ends the play for each host that its \`when\` holds for; \`end_play\` for all
of them, as its \`when\` holds on the first host of the batch. \`clear_facts\` has facts read anew. Only \`name\`, \`when\`, \`tags\` and
\`vars\` can stand beside it.
`,
    params: z.enum(META_ACTIONS),
    examples: [{ title: 'Restart at once what was notified', params: 'flush_handlers' }],
  },
  pause: {
    summary: 'Wait for a time, or for somebody to press enter.',
    notes: `
Done once for all hosts of the batch, when all of them are done with what stands before it. What was typed is kept as \`user_input\`.
Without a terminal a \`pause\` without a time fails (\`NoTerminal\`). In check mode it neither waits nor asks, and what would be typed
is unknown.
`,
    params: pauseParams,
    examples: [
      { title: 'Let it settle', params: { seconds: 1 } },
      { title: 'Look at the canary', params: { prompt: 'Press enter when the canary is fine' } },
    ],
  },
  set_fact: {
    summary: 'Have variables for the rest of the run.',
    notes:
      'They are stronger than those of inventory, plays and tasks; `-e` is stronger still. Values keep their types.',
    params: z
      .record(z.string(), z.unknown().describe('A variable and its value.'))
      .refine((facts) => Object.keys(facts).length > 0, { message: 'name at least one variable and its value' }),
    examples: [
      { title: 'Half of the memory', params: { guests_kib: '{{ div facts.memory.total_kib 2 }}', overcommit: false } },
    ],
  },
} as const satisfies Readonly<Record<string, Omit<Documented, 'name'>>>;

/** What a page is made of; undefined where there is none of that name. */
export const controlReference = (name: string): Documented | undefined =>
  Object.hasOwn(CONTROL_REFERENCE, name)
    ? { name, ...CONTROL_REFERENCE[name as keyof typeof CONTROL_REFERENCE] }
    : undefined;

export const documentedControls = (): readonly Documented[] =>
  Object.entries(CONTROL_REFERENCE).map(([name, page]) => ({ name, ...page }));
