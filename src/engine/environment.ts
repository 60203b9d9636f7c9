import type { Action, Change, Module, Probe } from '../contract/index.ts';
import type { Task } from '../playbook/types.ts';
import { renderNode, type Scope } from '../template/index.ts';

/** `environment`, the innermost strongest, as text. */
export function environmentOf(task: Task, scope: Scope): Readonly<Record<string, string>> {
  const maps = task.environment.map((node) => renderNode(node, scope) as Record<string, unknown>);
  return Object.fromEntries(maps.flatMap((map) => Object.entries(map).map(([name, value]) => [name, String(value)])));
}

/** The same module with its commands run in an environment, by env(1). Files are not concerned. */
export function inEnvironment(module: Module, environment: Readonly<Record<string, string>>): Module {
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  if (words.length === 0) return module;
  const argv = (own: readonly string[]) => ['env', ...words, ...own];
  const probe = (one: Probe): Probe => (one.kind === 'command' ? { ...one, argv: argv(one.argv) } : one);
  const actions = (list: readonly Action[]) =>
    list.map((one) => (one.do === 'exec' ? { ...one, argv: argv(one.argv) } : one));
  const change = (one: Change): Change => ({
    ...one,
    target: probe(one.target),
    do: actions(one.do),
    undo: 'impossible' in one.undo ? one.undo : actions(one.undo),
    ...(one.disturbs && { disturbs: one.disturbs.map(probe) }),
  });
  return {
    ...module,
    reads: (params, seen) =>
      Object.fromEntries(Object.entries(module.reads(params, seen)).map(([name, one]) => [name, probe(one)])),
    plan: (params, seen) => {
      const plan = module.plan(params, seen);
      return { ...plan, changes: plan.changes.map(change) };
    },
  };
}
