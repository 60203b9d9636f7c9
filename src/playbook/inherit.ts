import type { Position } from '../source/diagnostic.ts';
import type { MapNode, Node } from '../source/node.ts';
import type { Given } from './keywords.ts';
import { shortName } from './short-name.ts';
import type { Become, Enclosing, Expression, OrTemplate, Task, Templated } from './types.ts';

/** What a task takes over from the play, roles and blocks around it. */
export interface Inherited
  extends Pick<Task, 'anyErrorsFatal' | 'ignoreErrors' | 'ignoreUnreachable' | 'noLog' | 'runOnce' | 'timeout'> {
  readonly when: readonly Expression[];
  readonly tags: readonly string[];
  readonly scope: Enclosing;
  readonly environment: readonly Node[];
  readonly become: Become;
  readonly notify: readonly Templated[];
  /** By module, outermost first. */
  readonly moduleDefaults: ReadonlyMap<string, readonly MapNode[]>;
  readonly delegateTo?: Templated;
  readonly diff?: OrTemplate<boolean>;
  readonly checkMode?: OrTemplate<boolean>;
  readonly throttle?: OrTemplate<number>;
}

export const NOTHING_INHERITED: Inherited = {
  when: [],
  tags: [],
  scope: { vars: [] },
  environment: [],
  become: {},
  notify: [],
  moduleDefaults: new Map(),
  ignoreErrors: false,
  ignoreUnreachable: false,
  noLog: [],
  runOnce: false,
  timeout: 0,
  anyErrorsFatal: false,
};

/** What lies inside of something that gave these keywords: lists grow, the rest is replaced. `no_log` cannot be undone. */
export function inherit(outer: Inherited, given: Given, vars: readonly MapNode[] = varsOf(given)): Inherited {
  const become = becomeOf(given);
  const delegateTo = given.delegate_to ?? outer.delegateTo;
  const diff = given.diff ?? outer.diff;
  const checkMode = given.check_mode ?? outer.checkMode;
  const throttle = given.throttle ?? outer.throttle;
  return {
    when: [...outer.when, ...(given.when ?? [])],
    tags: [...new Set([...outer.tags, ...(given.tags ?? [])])],
    scope: vars.length === 0 ? outer.scope : { ...outer.scope, vars: [...outer.scope.vars, ...vars] },
    environment: [...outer.environment, ...(given.environment ?? [])],
    become: { ...outer.become, ...become },
    notify: [...outer.notify, ...(given.notify ?? [])],
    moduleDefaults: mergeDefaults(outer.moduleDefaults, given.module_defaults),
    ignoreErrors: given.ignore_errors ?? outer.ignoreErrors,
    ignoreUnreachable: given.ignore_unreachable ?? outer.ignoreUnreachable,
    noLog: given.no_log ? [...outer.noLog, given.no_log] : outer.noLog,
    runOnce: given.run_once ?? outer.runOnce,
    timeout: given.timeout ?? outer.timeout,
    anyErrorsFatal: given.any_errors_fatal ?? outer.anyErrorsFatal,
    ...(delegateTo && { delegateTo }),
    ...(diff !== undefined && { diff }),
    ...(checkMode !== undefined && { checkMode }),
    ...(throttle !== undefined && { throttle }),
  };
}

/** What of it stands on a task. */
export function onTask(inherited: Inherited) {
  const { moduleDefaults: _, ...rest } = inherited;
  return rest;
}

export const varsOf = (given: Given): readonly MapNode[] =>
  given.vars && given.vars.entries.length > 0 ? [given.vars] : [];

export function becomeOf(given: Given): Become {
  return {
    ...(given.become !== undefined && { become: given.become }),
    ...(given.become_user && { user: given.become_user }),
    ...(given.become_method && { method: given.become_method }),
  };
}

function mergeDefaults(outer: Inherited['moduleDefaults'], given: MapNode | undefined): Inherited['moduleDefaults'] {
  if (!given) return outer;
  const merged = new Map(outer);
  for (const { key, value } of given.entries)
    if (value.kind === 'map') merged.set(shortName(key), [...(merged.get(shortName(key)) ?? []), value]);
  return merged;
}

/** Parameters with those of `defaults` that they do not give themselves, the innermost of these first. */
export function withDefaults(params: MapNode, defaults: readonly MapNode[], at: Position): MapNode {
  if (defaults.length === 0) return params;
  const entries = new Map([...defaults, params].flatMap((map) => map.entries.map((entry) => [entry.key, entry])));
  return { kind: 'map', entries: [...entries.values()], at: params.entries.length > 0 ? params.at : at };
}
