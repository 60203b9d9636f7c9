import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { flag } from '../contract/fields.ts';
import { Unreachable } from '../contract/index.ts';
import { Unknown } from '../template/index.ts';
import type { Here } from './operator.ts';
import type { Attempt } from './outcome.ts';

export const pauseParams = z
  .strictObject({
    seconds: z.coerce.number<string | number>().min(0).optional().describe('How long, in seconds.'),
    minutes: z.coerce.number<string | number>().min(0).optional().describe('How long, in minutes.'),
    prompt: z.coerce.string<string | number>().optional().describe('What to ask or, with a time, to say.'),
    echo: flag().prefault(true).describe('Whether what is typed is shown; what is not is a secret.'),
  })
  .refine(({ seconds, minutes }) => seconds === undefined || minutes === undefined, {
    path: ['minutes'],
    message: 'give seconds or minutes, and not both',
  });

/**
 * Waits for a time or, without one, for somebody to press enter. What was typed is `user_input`. Where nobody can be asked it
 * fails: a playbook that stops to be looked at must not go on unseen. Check mode changes nothing that could be waited for.
 */
export async function pause(given: z.infer<typeof pauseParams>, here: Here): Promise<Attempt> {
  const { seconds, minutes, prompt, echo } = given;
  const { title, operator } = here;
  const wait = minutes === undefined ? seconds : minutes * 60;
  if (here.check) {
    const user_input = wait === undefined ? new Unknown(`nobody is asked in check mode ("${title}")`) : '';
    return { status: 'ok', message: { msg: 'check mode does not pause' }, values: { user_input } };
  }
  const began = performance.now();
  const question = `[${title}]\n${prompt ?? 'Press enter to continue, Ctrl+C to interrupt'}${echo ? '' : ' (output is hidden)'}:`;
  const answer = wait === undefined ? await operator.ask(`${question} `, !echo) : '';
  if (wait !== undefined) {
    operator.say(`Pausing for ${wait} seconds${prompt === undefined ? '' : `\n${question}`}\n`);
    await sleep(wait * 1000, undefined, { signal: operator.interrupted }).catch(() => {});
  }
  if (operator.interrupted.aborted) throw new Unreachable('Interrupted', 'interrupted while it paused');
  if (answer === undefined) return nobodyThere;
  const delta = Math.round((performance.now() - began) / 10) / 100;
  return { status: 'ok', values: { user_input: answer, delta, stdout: `Paused for ${delta} seconds` } };
}

const nobodyThere: Attempt = {
  status: 'failed',
  error: {
    code: 'NoTerminal',
    message: 'it waits for somebody to press enter, and there is no terminal',
    hint: 'run it at a terminal, leave it out with --skip-tags, or give it seconds or minutes to wait',
  },
};
