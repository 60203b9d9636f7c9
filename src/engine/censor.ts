import { type ActionResult, type Change, unknown } from '../contract/index.ts';
import { hideIn, hideSecrets, holdsSecret } from '../source/secrets.ts';
import type { Event, Result } from './events.ts';

const HIDDEN = 'the output has been hidden due to the fact that no_log: true was specified';

/** What is told of a `no_log` task: how it ended, and nothing else. */
export function censored(result: Result): Result {
  const { host, status, unreachable, pending, diff, ms, error, item } = result;
  return {
    host,
    status,
    ...(unreachable && { unreachable }),
    ...(item !== undefined && { item: null }),
    ...(pending && { pending }),
    reason: HIDDEN,
    changes: [],
    ...(error && { error: { code: error.code, message: HIDDEN } }),
    diff,
    ms,
  };
}

/** What is written down of a `no_log` task's change: where it was made. It cannot be taken back by what is not kept. */
export const censoredChange = (change: Change): Change => blanked(change, 'hidden by no_log', 'no_log');

function blanked({ target, plane, impact, once, disturbs, hints }: Change, why: string, by: string): Change {
  return {
    target,
    plane,
    impact,
    ...(once && { once }),
    ...(disturbs && { disturbs }),
    ...(hints && { hints }),
    summary: why,
    before: unknown(why),
    after: unknown(why),
    do: [],
    undo: { impossible: `${by}: what stood there before was not kept` },
  };
}

/** Variables that are passwords wherever they are written. */
export const isPassword = (variable: string): boolean =>
  /^ansible_(?:.*_)?(?:pass|password|passphrase)$/.test(variable);

/** An event without any secret in what comes from users and hosts. */
export function censoredEvent(event: Event): Event {
  switch (event.event) {
    case 'task_result': {
      const { host, status, unreachable, pending, delegated_to, diff, ms, changes, error, ...free } = event.result;
      const result: Result = {
        ...hideIn(free),
        host,
        status,
        ...(unreachable && { unreachable }),
        ...(pending && { pending }),
        ...(delegated_to !== undefined && { delegated_to }),
        ...(error && { error: { ...hideIn(error), code: error.code } }),
        changes: changes.map((change) => ({ ...hideIn(change), plane: change.plane, impact: change.impact })),
        diff,
        ms,
      };
      return { ...event, result };
    }
    case 'warning':
      return { ...event, message: hideSecrets(event.message) };
    case 'play_start': {
      const steps = event.steps.map((step) => ({
        ...step,
        play: hideSecrets(step.play),
        name: hideSecrets(step.name),
      }));
      return { ...event, name: hideSecrets(event.name), steps };
    }
    default:
      return event;
  }
}

/** What is written down of a change that may hold a secret: as of a `no_log` one where it does. */
export function censoredSecret(change: Change): Change {
  if (!holdsSecret(change)) return change;
  const blank = blanked(change, 'hidden: it holds a secret', 'it held a secret');
  const { disturbs, hints, ...rest } = blank;
  return {
    ...rest,
    target: hideIn(rest.target),
    ...(disturbs && { disturbs: hideIn(disturbs) }),
    ...(hints && { hints: hideIn(hints) }),
  };
}

/** What a host says of a refusal may hold what was to be hidden. */
export const censoredResult = (result: ActionResult): ActionResult =>
  result.ok === false ? { ok: false, message: 'hidden by no_log' } : { ok: result.ok };
