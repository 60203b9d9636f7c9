import type { z } from 'zod';
import { checkArguments } from '../playbook/argument-spec.ts';
import type { Task } from '../playbook/types.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import { isUnknown, renderNode, type Scope, test } from '../template/index.ts';
import { CONTROL_REFERENCE, controlReference } from './control-reference.ts';
import type { Here } from './operator.ts';
import type { Attempt } from './outcome.ts';
import { pause } from './pause.ts';
import { seeDoc } from './see-doc.ts';

/** Tasks that do their work here and touch no host. */
type Control = (task: Task, scope: Scope, here: Here) => Promise<Attempt>;

const CONTROLS: Readonly<Record<string, Control>> = {
  assert,
  debug,
  fail,
  pause: async (task, scope, here) => pause(params(task, scope, CONTROL_REFERENCE.pause.params), here),
  set_fact,
  validate_argument_spec,
};

export const controlNames = (): readonly string[] => Object.keys(CONTROLS);
export const findControl = (name: string): Control | undefined =>
  Object.hasOwn(CONTROLS, name) ? CONTROLS[name] : undefined;

/** Whether nothing comes of it but what it gives back: then it can be tried out before any host is touched. */
export const isPure = (name: string): boolean => name !== 'pause';

/** What such a task takes; undefined where nobody writes it. */
export const controlParams = (name: string): z.ZodType | undefined => controlReference(name)?.params;

/** Parameters rendered and found right. Throws `UserError`. */
export function readParams(task: Task, scope: Scope): unknown {
  const schema = controlParams(task.module);
  return schema && params(task, scope, schema);
}

async function debug(task: Task, scope: Scope, { operator }: Here): Promise<Attempt> {
  const wanted = entry(task.params, 'var');
  // Its name is what is written: what came of a template would be one in turn.
  const rest = withoutEntries(task.params, ['var']);
  const { msg, verbosity } = params({ ...task, params: rest }, scope, CONTROL_REFERENCE.debug.params);
  if (operator.verbosity < verbosity) return { status: 'skipped', reason: 'Verbosity threshold not met.' };
  if (wanted?.kind !== 'scalar') return { status: 'ok', message: { msg: msg ?? 'Hello world!' } };
  const value = renderNode({ ...wanted, value: `{{ ${wanted.value} }}` }, scope);
  return { status: 'ok', message: { [String(wanted.value)]: value } };
}

async function fail(task: Task, scope: Scope): Promise<Attempt> {
  const { msg } = params(task, scope, CONTROL_REFERENCE.fail.params);
  return { status: 'failed', error: { code: 'Failed', message: msg ?? 'Failed as requested from task' } };
}

async function set_fact(task: Task, scope: Scope): Promise<Attempt> {
  const facts = params(task, scope, CONTROL_REFERENCE.set_fact.params);
  return { status: 'ok', facts, values: { facts } };
}

/** Conditions are read as written, never rendered first: `that: swappiness == 10`. Messages are rendered when they are said. */
async function assert(task: Task, scope: Scope): Promise<Attempt> {
  const that = entry(task.params, 'that');
  const conditions = that?.kind === 'list' ? that.items : that ? [that] : [];
  const messages = (names: readonly string[]) =>
    params(
      { ...task, params: withoutEntries(task.params, [...MESSAGES.filter((one) => !names.includes(one))]) },
      scope,
      CONTROL_REFERENCE.assert.params,
    );
  for (const condition of conditions) {
    if (condition.kind !== 'scalar')
      throw new UserError([
        mistake('BadAssert', 'that takes conditions', condition.at, 'for example that: [cpus > 8]'),
      ]);
    const answer = test(condition, scope);
    if (isUnknown(answer)) return { status: 'unknown', reason: answer.because };
    if (answer) continue;
    const { fail_msg, msg } = messages(['fail_msg', 'msg']);
    const assertion = String(condition.value);
    return {
      status: 'failed',
      error: failedAssertion(fail_msg ?? msg, assertion, condition.at),
      values: { assertion, evaluated_to: false },
    };
  }
  const { success_msg, quiet } = messages(['success_msg']);
  return { status: 'ok', ...(!quiet && { message: { msg: success_msg ?? 'All assertions passed' } }) };
}

const MESSAGES = ['fail_msg', 'msg', 'success_msg'];

/** What stands before the tasks of a role that says what it needs. */
async function validate_argument_spec(task: Task, scope: Scope): Promise<Attempt> {
  const spec = task.scope.role?.argumentSpec;
  const wrong = spec ? checkArguments(spec, scope, task.at) : [];
  if (wrong.length > 0) throw new UserError(wrong);
  return { status: 'ok' };
}

const failedAssertion = (said: string | undefined, text: string, at: Position) => ({
  code: 'AssertionFailed',
  message: said ?? `\`${text}\` does not hold`,
  source: `${at.file}:${at.line}:${at.column}`,
});

const withoutEntries = (node: Node, keys: readonly string[]): Node =>
  node.kind === 'map' ? { ...node, entries: node.entries.filter(({ key }) => !keys.includes(key)) } : node;

const entry = (node: Node, key: string): Node | undefined =>
  node.kind === 'map' ? node.entries.find((one) => one.key === key)?.value : undefined;

function params<T>(task: Task, scope: Scope, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(renderNode(task.params, scope));
  if (!parsed.success) {
    const wrong = zodDiagnostics(parsed.error, task.params, schema);
    throw new UserError(wrong.map((one) => seeDoc(one, task.module)));
  }
  return parsed.data;
}
