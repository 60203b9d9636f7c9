import { FACTS } from '../facts/index.ts';
import type { Item, Play, Task } from '../playbook/types.ts';
import type { Node, Scalar } from '../source/node.ts';
import {
  type Binding,
  bindings,
  conditionReferences,
  isTemplated,
  type Reference,
  templateReferences,
} from '../template/index.ts';
import { tasksOf } from './steps.ts';

/** The facts that something may look at, by name. */
export interface Used {
  /** Of the host itself. */
  readonly own: ReadonlySet<string>;
  /** Of other hosts, by way of `hostvars`. */
  readonly others: ReadonlySet<string>;
}

/** Which facts a run needs: found in what is written, before any host is touched. */
export interface FactsUsed {
  readonly by: (item: Item) => Used;
  /** By anything in a play. */
  readonly inPlay: (play: Play) => Used;
  /** Every reference that tasks make, by themselves and by way of variables. */
  readonly references: () => readonly Reference[];
  /** Every variable that is given a value somewhere. */
  readonly written: ReadonlySet<string>;
}

/** Variables as they are written somewhere, whoever they are for. */
export type Written = Iterable<readonly [string, Binding]>;

/**
 * A variable counts as all that is written under its name anywhere: a host may then be asked for a fact that only another
 * one's variable wants, and never for too little. `written` is what stands in the inventory and on the command line.
 */
export function factsUsed(plays: readonly Play[], written: Written): FactsUsed {
  const variables = new Map<string, Node[]>();
  const write = (name: string, binding: Binding): void => {
    const nodes = variables.get(name) ?? [];
    variables.set(name, nodes);
    if ('node' in binding && isTemplated(binding.node)) nodes.push(binding.node);
  };
  for (const [name, binding] of written) write(name, binding);
  for (const map of new Set(plays.flatMap(mapsOf))) for (const [name, binding] of bindings([map])) write(name, binding);

  const reachedBy = (item: Item): readonly Reference[] => {
    const reached: Reference[] = [];
    const done = new Set<string>();
    const follow = (references: readonly Reference[]): void => {
      for (const one of references) {
        reached.push(one);
        const name = variableOf(one);
        if (name === undefined || done.has(name)) continue;
        done.add(name);
        follow((variables.get(name) ?? []).flatMap(templateReferences));
      }
    };
    follow(referencesOf(item));
    return reached;
  };
  const known = new Map<Item, readonly Reference[]>();
  const reached = (item: Item): readonly Reference[] => {
    const all = known.get(item) ?? reachedBy(item);
    known.set(item, all);
    return all;
  };
  const memo = new Map<Item | Play, Used>();
  const remembered = (key: Item | Play, make: () => Used): Used => {
    const used = memo.get(key) ?? make();
    memo.set(key, used);
    return used;
  };
  return {
    by: (item) => remembered(item, () => usedIn(reached(item))),
    inPlay: (play) => remembered(play, () => usedIn(itemsOf(play).flatMap(reached))),
    references: () => plays.flatMap((play) => itemsOf(play).flatMap(reached)),
    written: new Set(variables.keys()),
  };
}

const HOST_VARIABLES = 'hostvars';

/** The variable that a reference is to, of whichever host. */
const variableOf = ({ name, path }: Reference): string | undefined => (name === HOST_VARIABLES ? path[1] : name);

/** What of a reference stands behind `facts`, if it is one. */
export function factPath({ name, path }: Reference): { path: Reference['path']; other: boolean } | undefined {
  if (name === 'facts') return { path, other: false };
  return name === HOST_VARIABLES && path[1] === 'facts' ? { path: path.slice(2), other: true } : undefined;
}

function usedIn(references: readonly Reference[]): Used {
  const own = new Set<string>();
  const others = new Set<string>();
  // A variable of another host may be made of that host's facts.
  const elsewhere = references.some(({ name }) => name === HOST_VARIABLES);
  for (const reference of references) {
    const fact = factPath(reference);
    if (!fact) continue;
    const [first] = fact.path;
    for (const name of first === undefined ? FACTS.map((one) => one.name) : [first]) {
      if (!fact.other) own.add(name);
      if (fact.other || elsewhere) others.add(name);
    }
  }
  return { own, others };
}

/** Every place that gives variables to tasks of a play. */
const mapsOf = (play: Play): readonly Node[] => [
  ...play.vars,
  ...itemsOf(play).flatMap(({ scope: { vars, role } }) => [...vars, ...(role?.defaults ?? []), ...(role?.vars ?? [])]),
];

const itemsOf = (play: Play): readonly Item[] => {
  const inside = (items: readonly Item[]): readonly Item[] =>
    items.flatMap((item) => [
      item,
      ...(item.kind === 'block' ? [item.block, item.rescue, item.always].flatMap(inside) : []),
    ]);
  return [...play.sections.flatMap(inside), ...play.handlers];
};

function referencesOf(item: Item): readonly Reference[] {
  const conditions = item.when.flatMap(conditionReferences);
  if (item.kind === 'meta') return conditions;
  const loop = item.loop ? templatesIn([item.loop.items, item.loop.label, item.loop.pause]) : [];
  if (item.kind === 'block') return [...conditions, ...loop.flatMap(templateReferences)];
  const { name, until, failedWhen, changedWhen, delegateTo, environment, notify, become } = item;
  const { ignoreErrors, ignoreUnreachable, noLog, diff, checkMode, runOnce, throttle, timeout, retries, delay } = item;
  const templates = templatesIn([
    ...[name, ...loop, delegateTo, ...environment, ...notify, become.become, become.user, become.method],
    ...[ignoreErrors, ignoreUnreachable, ...noLog, diff, checkMode, runOnce, throttle, timeout, retries, delay],
  ]);
  return [
    ...conditions,
    ...[...(until ? [until] : []), ...failedWhen, ...changedWhen].flatMap(conditionReferences),
    ...templates.flatMap(templateReferences),
    ...inParams(item),
  ];
}

/** What of keywords may hold templates. */
const templatesIn = (given: readonly (Node | boolean | number | undefined)[]): readonly Node[] =>
  given.filter((one) => typeof one === 'object');

/** Parameters are templates, but for those that are themselves conditions or names. */
function inParams({ module, params, scope, at }: Task): readonly Reference[] {
  if (module === 'validate_argument_spec')
    return Object.keys(scope.role?.argumentSpec ?? {}).map((name) => ({ name, path: [], at }));
  if (params.kind !== 'map') return templateReferences(params);
  return params.entries.flatMap(({ key, value }) => {
    if (module === 'assert' && key === 'that')
      return scalarsOf(value).flatMap((one) => [...conditionReferences(one), ...templateReferences(one)]);
    if (module === 'debug' && key === 'var')
      return scalarsOf(value).flatMap((one) => templateReferences({ ...one, value: `{{ ${one.value} }}` }));
    return templateReferences(value);
  });
}

const scalarsOf = (node: Node): readonly Scalar[] =>
  node.kind === 'scalar' ? [node] : node.kind === 'list' ? node.items.flatMap(scalarsOf) : [];

/** Names that tasks give to what they find out. */
export const namesSetIn = (plays: readonly Play[]): ReadonlySet<string> =>
  new Set(
    plays
      .flatMap((play) => [...play.sections.flatMap((items) => [...tasksOf(items)]), ...play.handlers])
      .flatMap(({ register, loop, module, params }) => [
        ...(register === undefined ? [] : [register]),
        ...(loop ? [loop.loopVar, ...(loop.indexVar === undefined ? [] : [loop.indexVar])] : []),
        ...(module === 'set_fact' && params.kind === 'map' ? params.entries.map(({ key }) => key) : []),
      ]),
  );
