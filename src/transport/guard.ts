import type { ActionResult, Guard, GuardState, Request, Undone } from '../contract/index.ts';
import { actionScript, execSeconds } from './action-script.ts';
import type { GuardScript, Section } from './frame.ts';
import { quote } from './quote.ts';

/** Beside the time limits of a frame's commands: how long its other actions may take, in seconds. */
const ACTIONS_SECONDS = 10;

/** `library`: all functions that the timer needs; of which guard.sh's are not in the session. */
export function guardScript(request: Request, library: { readonly all: string; readonly guard: string }): GuardScript {
  const { guard, actions } = request;
  if (!guard) return { before: '', after: '' };
  const ask = (...words: readonly (string | number)[]): string => words.map((word) => quote(`${word}`)).join(' ');
  const functions = `${library.guard}\n`;
  switch (guard.do) {
    case 'arm': {
      const more = actions.reduce((sum, action) => sum + execSeconds(action), ACTIONS_SECONDS);
      const steps = guard.steps.map((undo) => `${actionScript(undo)}:`);
      const program = `${library.all}k_nonce1= k_nonce2=\nk_boot '' >/dev/null\nk_watch ${ask(guard.id, guard.seconds)}\n`;
      return {
        before: `${functions}k_guard k_arm ${ask(guard.id, guard.seconds, more, guard.number, program, ...steps)} &&\n`,
        after: `k_touch ${ask(guard.id, guard.seconds)} >/dev/null\n`,
      };
    }
    case 'touch':
      return { before: `${functions}k_guard k_touch ${ask(guard.id, guard.seconds)}\n`, after: '' };
    default:
      return { before: `${functions}k_guard k_${guard.do} ${ask(guard.id)}\n`, after: '' };
  }
}

export function guardStateOf(guard: Guard | undefined, parts: readonly Section[]): GuardState | undefined {
  if (!guard) return undefined;
  const section = parts.find(({ head }) => head.startsWith('w '));
  if (!section) return { is: 'refused', why: 'the shell on the host ended while it set the timer' };
  const words = section.body.toString().trim();
  const [word = ''] = words.split(' ');
  if (word === 'armed' || word === 'confirmed' || word === 'gone') return { is: word };
  if (word !== 'fired') return guard.do === 'forget' ? { is: 'gone' } : { is: 'refused', why: words };
  const undone = undoneIn(words.slice('fired '.length));
  return { is: 'fired', ...(undone && { undone }) };
}

/** `ID SECONDS TIME FAILED`. */
export function undoneIn(line: string): Undone | undefined {
  const [, id, seconds, at, failed] = /^(\S+) (\d+) (\S+) (\d+)$/.exec(line.trim()) ?? [];
  if (id === undefined || at === undefined) return undefined;
  return { id, seconds: Number(seconds), at, failed: Number(failed) };
}

/** Without its timer nothing is done. */
export function refusedBy(state: GuardState | undefined, count: number): readonly ActionResult[] | undefined {
  if (state === undefined || state.is === 'armed' || state.is === 'confirmed' || count === 0) return undefined;
  const why = {
    fired: 'the timer of --confirm ran out, and the host has undone the changes of this run',
    gone: 'the timer of --confirm is gone: was the host rebooted?',
    refused: `the timer of --confirm cannot be set: ${state.is === 'refused' ? state.why : ''}`,
  }[state.is];
  return Array.from(
    { length: count },
    (_, at): ActionResult => (at === 0 ? { ok: false, message: why } : { ok: 'skipped' }),
  );
}
