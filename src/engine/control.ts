import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { checkArguments } from '../playbook/argument-spec.ts';
import type { Task } from '../playbook/types.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import { isUnknown, renderNode, type Scope, test } from '../template/index.ts';
import type { Attempt } from './outcome.ts';

/** Tasks that do their work here and touch no host. */
type Control = (task: Task, scope: Scope) => Promise<Attempt>;

const CONTROLS: Readonly<Record<string, Control>> = {
  assert,
  debug,
  fail,
  pause,
  set_fact,
  validate_argument_spec,
};

export const controlNames = (): readonly string[] => Object.keys(CONTROLS);
export const findControl = (name: string): Control | undefined =>
  Object.hasOwn(CONTROLS, name) ? CONTROLS[name] : undefined;

/** Whether nothing comes of it but what it gives back: then it can be tried out before any host is touched. */
export const isPure = (name: string): boolean => name !== 'pause';

const condition = z.union([z.string(), z.boolean()]);

const PARAMS = {
  assert: z.strictObject({
    that: z.union([condition, z.array(condition)]).describe('Conditions that must all hold'),
    fail_msg: z.unknown().optional().describe('What to say where one does not'),
    msg: z.unknown().optional().describe('The same'),
    success_msg: z.unknown().optional().describe('What to say where all hold'),
    quiet: z.unknown().optional().describe('Without effect: little is said anyway'),
  }),
  debug: z.strictObject({
    msg: z.unknown().optional().describe('What to print. Default: Hello world!'),
    var: z.string().optional().describe('The variable to print, by its name'),
  }),
  fail: z.strictObject({ msg: z.string().optional().describe('Why. Default: Failed as requested from task') }),
  pause: z.strictObject({
    seconds: z.coerce.number().min(0).optional().describe('How long, in seconds'),
    minutes: z.coerce.number().min(0).optional().describe('How long, in minutes'),
  }),
  set_fact: z.record(z.string(), z.unknown()),
} as const;

/** What such a task takes; undefined where nobody writes it. */
export const controlParams = (name: string): z.ZodType | undefined =>
  Object.hasOwn(PARAMS, name) ? PARAMS[name as keyof typeof PARAMS] : undefined;

/** Parameters rendered and found right. Throws `UserError`. */
export function readParams(task: Task, scope: Scope): unknown {
  const schema = controlParams(task.module);
  return schema && params(task, scope, schema);
}

async function debug(task: Task, scope: Scope): Promise<Attempt> {
  const { msg, var: name } = params(task, scope, PARAMS.debug);
  if (name === undefined) return { status: 'ok', message: { msg: msg ?? 'Hello world!' } };
  const at = entry(task.params, 'var')?.at ?? task.at;
  const value = renderNode({ kind: 'scalar', value: `{{ ${name} }}`, at, quoted: false }, scope);
  return { status: 'ok', message: { [name]: value } };
}

async function fail(task: Task, scope: Scope): Promise<Attempt> {
  const { msg } = params(task, scope, PARAMS.fail);
  return { status: 'failed', error: { code: 'Failed', message: msg ?? 'Failed as requested from task' } };
}

async function set_fact(task: Task, scope: Scope): Promise<Attempt> {
  const facts = params(task, scope, PARAMS.set_fact);
  return { status: 'ok', facts, values: { facts } };
}

async function pause(task: Task, scope: Scope): Promise<Attempt> {
  const { seconds, minutes } = params(task, scope, PARAMS.pause);
  await sleep(((minutes ?? 0) * 60 + (seconds ?? 0)) * 1000);
  return { status: 'ok' };
}

/** Conditions are read as written, never rendered first: `that: swappiness == 10`. */
async function assert(task: Task, scope: Scope): Promise<Attempt> {
  const that = entry(task.params, 'that');
  const said = entry(task.params, 'fail_msg') ?? entry(task.params, 'msg');
  const conditions = that?.kind === 'list' ? that.items : that ? [that] : [];
  for (const condition of conditions) {
    if (condition.kind !== 'scalar')
      throw new UserError([
        mistake('BadAssert', 'that takes conditions', condition.at, 'for example that: [cpus > 8]'),
      ]);
    const answer = test(condition, scope);
    if (isUnknown(answer)) return { status: 'unknown', reason: answer.because };
    if (!answer)
      return {
        status: 'failed',
        error: failedAssertion(said && String(renderNode(said, scope)), String(condition.value), condition.at),
      };
  }
  const fine = entry(task.params, 'success_msg');
  return { status: 'ok', message: { msg: fine ? renderNode(fine, scope) : 'All assertions passed' } };
}

/** What stands before the tasks of a role that says what it needs. */
async function validate_argument_spec(task: Task, scope: Scope): Promise<Attempt> {
  const spec = task.scope.role?.argumentSpec;
  const wrong = spec ? checkArguments(spec, scope, task.at) : [];
  if (wrong.length > 0) throw new UserError(wrong);
  return { status: 'ok', message: { msg: 'The arg spec validation passed' } };
}

const failedAssertion = (said: string | undefined, text: string, at: Position) => ({
  code: 'AssertionFailed',
  message: said ?? `\`${text}\` does not hold`,
  source: `${at.file}:${at.line}:${at.column}`,
});

const entry = (node: Node, key: string): Node | undefined =>
  node.kind === 'map' ? node.entries.find((one) => one.key === key)?.value : undefined;

function params<T>(task: Task, scope: Scope, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(renderNode(task.params, scope));
  if (!parsed.success) throw new UserError(zodDiagnostics(parsed.error, task.params, schema));
  return parsed.data;
}
