import { z } from 'zod';
import { checkArguments } from '../playbook/argument-spec.ts';
import type { Task } from '../playbook/types.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import { isUnknown, renderNode, type Scope, test } from '../template/index.ts';
import type { Here } from './operator.ts';
import type { Attempt } from './outcome.ts';
import { pause, pauseParams } from './pause.ts';

/** Tasks that do their work here and touch no host. */
type Control = (task: Task, scope: Scope, here: Here) => Promise<Attempt>;

const CONTROLS: Readonly<Record<string, Control>> = {
  assert,
  debug,
  fail,
  pause: async (task, scope, here) => pause(params(task, scope, pauseParams), here),
  set_fact,
  validate_argument_spec,
};

export const controlNames = (): readonly string[] => Object.keys(CONTROLS);
export const findControl = (name: string): Control | undefined =>
  Object.hasOwn(CONTROLS, name) ? CONTROLS[name] : undefined;

/** Whether nothing comes of it but what it gives back: then it can be tried out before any host is touched. */
export const isPure = (name: string): boolean => name !== 'pause';

const condition = z.union([z.string(), z.boolean()]);
/** Lines of a list stand below each other. */
const words = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))])
  .transform((given) => (Array.isArray(given) ? given.join('\n') : String(given)));

const PARAMS = {
  assert: z.strictObject({
    that: z.union([condition, z.array(condition).min(1)]).describe('Conditions that must all hold'),
    fail_msg: words.optional().describe('What to say where one does not'),
    msg: words.optional().describe('The same'),
    success_msg: words.optional().describe('What to say where all hold'),
    quiet: z.boolean().default(false).describe('Whether to say nothing where all hold'),
  }),
  debug: z
    .strictObject({
      msg: z.unknown().optional().describe('What to print. Default: Hello world!'),
      var: z.string().optional().describe('The variable to print, by its name'),
      verbosity: z.coerce.number().int().min(0).default(0).describe('How many -v it takes to print it'),
    })
    .refine(({ msg, var: name }) => msg === undefined || name === undefined, {
      path: ['var'],
      message: 'give msg or var, and not both',
    }),
  fail: z.strictObject({ msg: words.optional().describe('Why. Default: Failed as requested from task') }),
  pause: pauseParams,
  set_fact: z
    .record(z.string(), z.unknown())
    .refine((facts) => Object.keys(facts).length > 0, { message: 'name at least one variable and its value' }),
} as const;

/** What such a task takes; undefined where nobody writes it. */
export const controlParams = (name: string): z.ZodType | undefined =>
  Object.hasOwn(PARAMS, name) ? PARAMS[name as keyof typeof PARAMS] : undefined;

/** Parameters rendered and found right. Throws `UserError`. */
export function readParams(task: Task, scope: Scope): unknown {
  const schema = controlParams(task.module);
  return schema && params(task, scope, schema);
}

async function debug(task: Task, scope: Scope, { operator }: Here): Promise<Attempt> {
  const wanted = entry(task.params, 'var');
  // Its name is what is written: what came of a template would be one in turn.
  const rest = withoutEntries(task.params, ['var']);
  const { msg, verbosity } = params({ ...task, params: rest }, scope, PARAMS.debug);
  if (operator.verbosity < verbosity) return { status: 'skipped', reason: 'Verbosity threshold not met.' };
  if (wanted?.kind !== 'scalar') return { status: 'ok', message: { msg: msg ?? 'Hello world!' } };
  const value = renderNode({ ...wanted, value: `{{ ${wanted.value} }}` }, scope);
  return { status: 'ok', message: { [String(wanted.value)]: value } };
}

async function fail(task: Task, scope: Scope): Promise<Attempt> {
  const { msg } = params(task, scope, PARAMS.fail);
  return { status: 'failed', error: { code: 'Failed', message: msg ?? 'Failed as requested from task' } };
}

async function set_fact(task: Task, scope: Scope): Promise<Attempt> {
  const facts = params(task, scope, PARAMS.set_fact);
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
      PARAMS.assert,
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
  return { status: 'ok', message: { msg: 'The arg spec validation passed' } };
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
  if (!parsed.success) throw new UserError(zodDiagnostics(parsed.error, task.params, schema));
  return parsed.data;
}
