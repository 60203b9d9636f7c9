import { NotKnown } from '../contract/index.ts';
import { KEYWORDS, type KeywordName } from '../playbook/keywords.ts';
import { type Reader, seconds, texts } from '../playbook/readers.ts';
import type { OrTemplate, Task, Templated } from '../playbook/types.ts';
import { type Diagnostic, type Position, UserError } from '../source/diagnostic.ts';
import { type Node, nodeOf } from '../source/node.ts';
import { isTemplated, renderScalar, type Scope } from '../template/index.ts';

/** Keywords of a task as they are on one host and for one item. */
export interface Settings {
  readonly ignoreErrors: boolean;
  readonly ignoreUnreachable: boolean;
  readonly noLog: boolean;
  readonly diff: boolean;
  readonly check: boolean;
  readonly retries: number;
  /** Seconds. */
  readonly delay: number;
  /** Seconds; 0 is none. */
  readonly timeout: number;
}

/** What counts where a task says nothing. */
export type Otherwise = Pick<Settings, 'check' | 'diff'>;

/** Keywords of a task. Throws `UserError` where a template gives what the keyword does not take, and `NotKnown`. */
export function settle(task: Task, scope: Scope, otherwise: Otherwise): Settings {
  return {
    ignoreErrors: settled('ignore_errors', task.ignoreErrors, scope),
    ignoreUnreachable: settled('ignore_unreachable', task.ignoreUnreachable, scope),
    noLog: task.noLog.some((one) => settled('no_log', one, scope)),
    diff: task.diff === undefined ? otherwise.diff : settled('diff', task.diff, scope),
    check: task.checkMode === undefined ? otherwise.check : settled('check_mode', task.checkMode, scope),
    retries: settled('retries', task.retries, scope),
    delay: settled('delay', task.delay, scope),
    timeout: settled('timeout', task.timeout, scope),
  };
}

/**
 * The same of a task that may not come so far: what cannot be told is hidden, and makes light of nothing.
 */
export function settleWarily(task: Task, scope: Scope, otherwise: Otherwise): Settings {
  const or = <T>(fallback: T, read: () => T): T => unlessUntold(read) ?? fallback;
  return {
    ignoreErrors: or(false, () => settled('ignore_errors', task.ignoreErrors, scope)),
    ignoreUnreachable: or(false, () => settled('ignore_unreachable', task.ignoreUnreachable, scope)),
    noLog: isHidden(task, scope),
    diff: or(otherwise.diff, () => (task.diff === undefined ? otherwise.diff : settled('diff', task.diff, scope))),
    check: isCheck(task, scope, otherwise.check),
    retries: 0,
    delay: 0,
    timeout: 0,
  };
}

/** Whether nothing of a task may be shown. Where it cannot be told, nothing may. */
export const isHidden = ({ noLog }: Pick<Task, 'noLog'>, scope: Scope): boolean =>
  noLog.some((one) => unlessUntold(() => settled('no_log', one, scope)) ?? true);

/** Whether a task is only to be foretold. Where it cannot be told, it says nothing of it. */
export const isCheck = ({ checkMode }: Pick<Task, 'checkMode'>, scope: Scope, otherwise: boolean): boolean =>
  (checkMode === undefined ? undefined : unlessUntold(() => settled('check_mode', checkMode, scope))) ?? otherwise;

function unlessUntold<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError || error instanceof NotKnown) return undefined;
    throw error;
  }
}

/** What one keyword says here. Throws as `settle` does. */
export function settled<T extends boolean | number>(name: KeywordName, given: OrTemplate<T>, scope: Scope): T {
  return typeof given === 'object' ? (read(given, name, KEYWORDS[name].read as Reader<unknown>, scope) as T) : given;
}

/** Seconds between the turns of a loop. */
export const settledPause = (given: OrTemplate<number>, scope: Scope): number =>
  typeof given === 'object' ? read(given, 'pause', seconds, scope) : given;

type TextKeyword = 'become_user' | 'become_method' | 'delegate_to' | 'remote_user';

/** The text that a keyword gives here. */
export function settledText(name: TextKeyword, given: Templated, scope: Scope): string {
  const reader: Reader<Templated> = KEYWORDS[name].read;
  return String(isTemplated(given) ? read(given, name, reader, scope).value : given.value);
}

/** Names that a task notifies: a template may give several. */
export const settledNames = (given: Templated, scope: Scope): readonly string[] =>
  (isTemplated(given) ? read(given, 'notify', texts, scope) : [given]).map(({ value }) => String(value));

function read<T>(given: Templated, name: string, reader: Reader<T>, scope: Scope): T {
  const found: Diagnostic[] = [];
  const value = reader(asWritten(renderScalar(given, scope), given.at), name, found);
  if (value === undefined || found.length > 0) throw new UserError(found);
  return value;
}

/** What a template gave is data, and no template in turn. */
function asWritten(value: unknown, at: Position): Node {
  const node = nodeOf(value, at);
  if (node.kind === 'scalar') return { ...node, tag: '!unsafe' };
  return node.kind === 'list' && Array.isArray(value)
    ? { ...node, items: value.map((one) => asWritten(one, at)) }
    : node;
}
