import { type Impact, NotKnown } from '../contract/index.ts';
import type { Task } from '../playbook/types.ts';
import { zodDiagnostics } from '../playbook/zod-diagnostics.ts';
import { findModule } from '../registry/index.ts';
import { UserError } from '../source/diagnostic.ts';
import { renderNode, type Scope, Unknown } from '../template/index.ts';
import { findControl } from './control.ts';
import { environmentOf, inEnvironment } from './environment.ts';
import type { Eyes } from './eyes.ts';
import type { Here } from './operator.ts';
import { type Attempt, pendingOf, shownError, unreachable } from './outcome.ts';
import { type Hand, runModule } from './run-module.ts';
import { inSecret } from './sealed-source.ts';
import { seeDoc } from './see-doc.ts';
import { sourceOf } from './source.ts';

/** A task's parameters with every template rendered, and accepted by its module's schema. Throws `UserError`. */
export async function paramsOf(task: Task, scope: Scope) {
  const module = await findModule(task.module);
  if (!module) throw new Error(`the module ${task.module} was there when the playbook was read`);
  const rendered = renderNode(task.params, scope);
  const parsed = module.params.safeParse(rendered);
  if (!parsed.success) {
    const wrong = zodDiagnostics(parsed.error, task.params, module.params);
    throw new UserError(wrong.map((one) => seeDoc(one, task.module)));
  }
  const source = await sourceOf(module, parsed.data, task, scope);
  const params = source ? { ...(parsed.data as object), source } : parsed.data;
  const own = inEnvironment(module, environmentOf(task, scope));
  return { module: source?.secret ? inSecret(own) : own, params };
}

/** Do a task once. Everything that an operator can act on comes back as an attempt; only bugs of ours are thrown. */
export async function attempt(
  task: Task,
  scope: Scope,
  see: () => Promise<Eyes>,
  hand: Hand,
  maxImpact: Impact,
  here: Here,
): Promise<Attempt> {
  try {
    const control = findControl(task.module);
    if (control) return await control(task, scope, here);
    const { module, params } = await paramsOf(task, scope);
    const outcome = await runModule(module, params, await see(), hand, maxImpact);
    const planned = outcome.plan && { plan: outcome.plan };
    if (outcome.is === 'unknown') return { status: 'unknown', reason: outcome.because, doubted: true, ...planned };
    if (outcome.is === 'failed') {
      const values = { ...outcome.values, ...outcome.problem.values };
      return { status: 'failed', error: shownError(outcome.problem), ...planned, values };
    }
    const { plan, values = {} } = outcome;
    if (plan.na !== undefined) return { status: 'skipped', reason: `n/a: ${plan.na}`, plan };
    return { status: plan.changes.length > 0 ? 'changed' : 'ok', plan, values };
  } catch (error) {
    if (error instanceof NotKnown) return { status: 'unknown', reason: error.because };
    return unreachable(error) ?? { status: 'failed', error: shownError(error) };
  }
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What `register` keeps: of a task that cannot be told of, nothing can be told. */
export const keptOf = (attempt: Attempt): Record<string, unknown> | Unknown =>
  attempt.status === 'unknown' ? new Unknown(attempt.reason ?? 'it is not known') : registeredOf(attempt);

/** How a task ended, in Ansible's names where Ansible has one. */
export function registeredOf(attempt: Attempt): Record<string, unknown> {
  const { status, plan, error, message, reason, values } = attempt;
  const pending = plan && pendingOf(plan);
  return {
    changed: status === 'changed',
    failed: status === 'failed' || status === 'unreachable',
    skipped: status === 'skipped',
    unreachable: status === 'unreachable',
    ...(error && { msg: error.message, code: error.code }),
    ...(reason !== undefined && { reason }),
    ...(isMapping(message) ? message : message !== undefined && { msg: message }),
    pending: pending ?? '',
    changes: (plan?.changes ?? []).map(({ summary, plane }) => ({ summary, plane })),
    ...values,
  };
}
