import { type Action, type ActionResult, complaintOf } from '../contract/index.ts';
import { attempt, execSeconds } from './action-script.ts';
import { refusalIn } from './errno.ts';
import type { Section } from './frame.ts';
import { parseTail } from './readings.ts';

/** What the sections of an answer say of each action; `limit` is the most bytes that a command may print. */
export function resultsOf(actions: readonly Action[], parts: readonly Section[], limit: number): ActionResult[] {
  const heads = new Map(parts.map((part) => [part.head.split(' ').slice(0, 2).join(' '), part]));
  let stopped = false;
  return actions.map((action, index) => {
    if (stopped) return { ok: 'skipped' };
    const result = resultOf(action, index, heads, limit);
    stopped = result.ok !== true;
    return result;
  });
}

function resultOf(action: Action, index: number, heads: ReadonlyMap<string, Section>, limit: number): ActionResult {
  const plain = heads.get(`a ${index}`);
  if (plain) return plainResult(action, plain);
  const out = heads.get(`c x${index}`);
  const tail = heads.get(`t x${index}`);
  if (action.do === 'exec' && out && tail) return execResult(action, out, tail, limit);
  return { ok: false, message: `cannot ${attempt(action)}: the shell on the host ended while it did this` };
}

function plainResult(action: Action, { head, body }: Section): ActionResult {
  const status = Number(head.split(' ')[2]);
  if (status === 0) return { ok: true };
  const { errno, meaning, words } = refusalIn(body.toString());
  const reason = errno === undefined ? words || `status ${status}` : `${words} (${errno}: ${meaning})`;
  return {
    ok: false,
    message: `cannot ${attempt(action)}: ${reason}`,
    ...(errno !== undefined && { errno }),
    ...(action.do === 'exec' && { status }),
  };
}

/** Behind `env` and the variables that it sets stands who is meant. */
function programOf([program, ...rest]: readonly string[]): string | undefined {
  const meant = program === 'env' ? rest.find((word) => !/^(-|\w+=)/.test(word)) : program;
  return meant ?? program;
}

function execResult(action: Action & { do: 'exec' }, out: Section, tail: Section, limit: number): ActionResult {
  const { stderr, status } = parseTail(tail.body.toString());
  const { errno } = refusalIn(stderr);
  const stdout = out.body.toString('utf8', 0, limit);
  const failed = (message: string): ActionResult => ({
    ok: false,
    message: `${programOf(action.argv)} ${message}`,
    ...(errno !== undefined && { errno }),
    stdout,
    stderr,
    status,
  });
  if (tail.head.endsWith(' late')) {
    // On stderr the shell tells of the killing.
    const printed = complaintOf({ stdout, stderr: '' });
    return failed(`did not end within ${execSeconds(action)} s${printed && `; on stdout: ${printed}`}`);
  }
  if ((action.ok ?? [0]).includes(status)) return { ok: true, stdout, stderr, status };
  if (out.body.length > limit) return failed(`printed more than ${limit} bytes`);
  const complaint = complaintOf({ stdout, stderr });
  return failed(`ended with status ${status}${complaint && `: ${complaint}`}`);
}
