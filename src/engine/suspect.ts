import { NotKnown, Problem } from '../contract/index.ts';
import type { Loop, Task } from '../playbook/types.ts';
import { findModule } from '../registry/index.ts';
import { UserError } from '../source/diagnostic.ts';
import { type Scope, Unknown } from '../template/index.ts';
import { paramsOf } from './attempt.ts';
import { findControl } from './control.ts';
import type { Eyes } from './eyes.ts';
import { type Attempt, unreachable } from './outcome.ts';
import { runModule, suspicious } from './run-module.ts';
import { isCheck, settledText } from './settle.ts';
import { firstLook } from './stand-ins.ts';
import type { TaskContext } from './task-context.ts';

export const targetOf = (task: Task, context: TaskContext, scope: Scope): string =>
  task.delegateTo ? settledText('delegate_to', task.delegateTo, scope) : context.host;

/** What a loop names where its items cannot be told. */
export function unknownTurn(loop: Loop | undefined, { reason }: Attempt): Readonly<Record<string, Unknown>> {
  if (!loop) return {};
  const one = new Unknown(reason ?? 'it is not known');
  return { [loop.loopVar]: one, ...(loop.indexVar !== undefined && { [loop.indexVar]: one }) };
}

/**
 * In check mode, a task of which it cannot be told whether or how it will be done: what it would change if it were reads as
 * unknown for the tasks behind it, and so do the variables that it would set. What it would leave as it is, it cannot harm.
 */
export async function suspect(
  task: Task,
  context: TaskContext,
  locals: Readonly<Record<string, unknown>>,
  { reason = 'it is not known' }: Attempt,
): Promise<void> {
  const scope = context.scope(locals);
  // In a run that acts a task with `check_mode: true` must not make the others see what is not there.
  if (!context.otherwise.check || !isCheck(task, scope, true)) return;
  const told = new Unknown(reason);
  if (task.register !== undefined && task.loop === undefined) context.remember({ [task.register]: told });
  if (task.module === 'set_fact' && task.params.kind === 'map')
    context.remember(Object.fromEntries(task.params.entries.map(({ key }) => [key, told])));
  if (findControl(task.module)) return;
  try {
    const eyes = await context.hostNamed(targetOf(task, context, scope)).eyes(context.identity(task, scope));
    await doubt(task, context, scope, eyes, `${context.title} may change it, which cannot be known before`);
  } catch (error) {
    // It is nothing that would be done; and of a host that is lost or not known, the tasks behind it say so themselves.
    if (error instanceof NotKnown || error instanceof UserError || error instanceof Problem || unreachable(error))
      return;
    throw error;
  }
}

async function doubt(task: Task, context: TaskContext, scope: Scope, eyes: Eyes, because: string): Promise<void> {
  try {
    const { module, params } = await paramsOf(task, scope);
    // To read is to run it.
    if (readsOnly(params)) return;
    await runModule(module, params, eyes, suspicious(because), context.maxImpact);
  } catch (error) {
    if (!(error instanceof NotKnown)) throw error;
    const module = await findModule(task.module);
    const probes = module && firstLook(module, task.params, scope);
    if (probes) eyes.doubt(probes, because);
    else eyes.doubtAll(because);
  }
}

const readsOnly = (params: unknown): boolean =>
  typeof params === 'object' && params !== null && 'reads_only' in params && params.reads_only === true;
