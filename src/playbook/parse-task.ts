import { mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Entry, MapNode, Scalar } from '../source/node.ts';
import { type Inherited, inherit, onTask, withDefaults } from './inherit.ts';
import { checkLone, keywordsOn, readKeywords } from './keywords.ts';
import type { Loader } from './loader.ts';
import { checkDefaults } from './module-defaults.ts';
import { otherAction } from './not-here.ts';
import { checkParams, paramsOf } from './params.ts';
import { parseLoop } from './parse-loop.ts';
import { choice, type Reader } from './readers.ts';
import { shortName } from './short-name.ts';
import type { Meta, Role, Task } from './types.ts';

/** Keys that make a list item something other than the use of a module. */
export const STRUCTURE = ['block', 'rescue', 'always', 'meta', 'import_tasks', 'import_role'] as const;

/** A task or handler out of its mapping, with all that it inherits; undefined when it cannot be made out. */
export function parseTask(map: MapNode, place: 'task' | 'handler', outer: Inherited, loader: Loader): Task | undefined {
  const { found } = loader;
  const before = found.length;
  const { given, rest } = readKeywords(map, place, loader);
  const entry = moduleEntry(rest, map, place, loader, found.length > before);
  checkLone(given, map, 'retries', 'until', found);
  checkLone(given, map, 'delay', 'until', found);
  checkDefaults(given.module_defaults, loader);
  const loop = parseLoop(given, map, loader);
  if (!entry) return undefined;

  const module = shortName(entry.key);
  const inner = inherit(outer, given);
  const params = withDefaults(
    paramsOf(entry, given.args, found),
    inner.moduleDefaults.get(module) ?? [],
    entry.value.at,
  );
  checkParams(module, params, found);
  const own: Scalar = given.name ?? { kind: 'scalar', value: entry.key, at: entry.keyAt, quoted: false };
  return {
    ...onTask(inner),
    // One person is asked once.
    ...(module === 'pause' && { runOnce: true }),
    kind: 'task',
    at: map.at,
    name: titleOf(own, inner.scope.role),
    ...(!given.name && { unnamed: entry.key }),
    module,
    moduleAt: entry.keyAt,
    params,
    ...(given.register !== undefined && { register: given.register }),
    ...(loop && { loop }),
    ...(given.until && { until: given.until }),
    retries: given.retries ?? 3,
    delay: given.delay ?? 5,
    failedWhen: given.failed_when ?? [],
    changedWhen: given.changed_when ?? [],
    listen: given.listen ?? [],
    ...(loader.options.locksmith && { openBytes: loader.options.locksmith.openBytes }),
  };
}

/** In a role it is `role : name`, as Ansible prints it. */
function titleOf(name: Scalar, role: Role | undefined): Scalar {
  if (!role) return name;
  const { at } = name;
  return { kind: 'scalar', value: `${role.name} : ${String(name.value)}`, at, quoted: true };
}

/** The one entry that names a module. */
function moduleEntry(
  rest: readonly Entry[],
  map: MapNode,
  place: 'task' | 'handler',
  { options: { moduleNames }, found }: Loader,
  explained: boolean,
): Entry | undefined {
  const modules = rest.filter(({ key }) => moduleNames.includes(shortName(key)));
  const [module, second] = modules;
  const others = rest.filter((entry) => !modules.includes(entry));
  const known = [...(module ? [] : moduleNames), ...keywordsOn(place), ...STRUCTURE];
  for (const { key, keyAt } of others) {
    if (key === 'rescue' || key === 'always') {
      found.push(
        mistake(
          'UselessKeyword',
          `"${key}" does nothing without "block"`,
          keyAt,
          'put the tasks that may fail under "block" beside it',
        ),
      );
      continue;
    }
    // Of a collection it is a module, and of no other meaning here.
    const hint = key.includes('.')
      ? didYouMean(key.slice(key.lastIndexOf('.') + 1), moduleNames)
      : didYouMean(key, known);
    const otherwise = `parameters of ${module?.key} stand below it, two spaces further in`;
    if (module)
      found.push(mistake('UnknownKeyword', `"${key}" is not a keyword of a ${place}`, keyAt, hint ?? otherwise));
    else found.push(mistake('UnknownModule', `there is no module "${key}"`, keyAt, hint ?? NO_MODULE));
  }
  if (second) {
    const message = `a ${place} uses one module, and here are "${module?.key}" and "${second.key}"`;
    found.push(mistake('SeveralModules', message, second.keyAt, 'make two of it'));
  } else if (rest.length === 0 && !explained) {
    const message = `this ${place} does not say which module it uses`;
    found.push(mistake('MissingModule', message, map.at, 'for example `sysctl: { vm.swappiness: 10 }`'));
  }
  return module;
}

const NO_MODULE = 'kvmplay doc lists all modules; use command, or a module of your own: docs/own-modules.md';

/** Also tells what to write instead of what Ansible has beside these. */
const META: Reader<Meta['action']> = (node, name, found) => {
  const given = node.kind === 'scalar' ? String(node.value) : '';
  const other = otherAction(given);
  if (other === undefined) return ACTIONS(node, name, found);
  found.push(mistake('NotSupported', `"meta: ${given}" is not part of this language`, node.at, other));
  return undefined;
};
export const META_ACTIONS = ['flush_handlers', 'end_play', 'end_host', 'noop', 'clear_facts'] as const;
const ACTIONS = choice(...META_ACTIONS);
const ON_META: readonly string[] = ['name', 'when', 'tags', 'vars'];

export function parseMeta(map: MapNode, outer: Inherited, loader: Loader): Meta | undefined {
  const { found } = loader;
  const { given, rest } = readKeywords(map, 'task', loader);
  const entry = rest.find(({ key }) => shortName(key) === 'meta');
  for (const { key, keyAt } of map.entries) {
    if (ON_META.includes(key) || key === entry?.key) continue;
    found.push(
      mistake(
        'MisplacedKeyword',
        `"${key}" cannot stand on a meta task`,
        keyAt,
        didYouMean(key, ON_META) ?? 'only name, when, tags and vars can',
      ),
    );
  }
  const action = entry && META(entry.value, 'meta', found);
  if (!action) return undefined;
  const { when, tags, scope } = inherit(outer, given);
  const name = given.name && { name: String(given.name.value) };
  return { kind: 'meta', at: map.at, ...name, action, when, tags, scope };
}
