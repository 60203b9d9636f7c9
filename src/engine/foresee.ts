import { NotKnown } from '../contract/index.ts';
import { handlersFor } from '../playbook/handlers.ts';
import type { Block, Enclosing, Expression, Item, Meta, Play, Task } from '../playbook/types.ts';
import { type Diagnostic, mistake, UserError } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import { type Binding, isTemplated, isUnknown, renderNode, type Scope, test, Unknown } from '../template/index.ts';
import { paramsOf } from './attempt.ts';
import { findControl, isPure, readParams } from './control.ts';
import { environmentOf } from './environment.ts';
import { type BecomeFlags, identityOf } from './identity.ts';
import { type Looping, type Turn, titleOf, turnsOf } from './loop.ts';
import { type Here, NOBODY } from './operator.ts';
import { settle, settled, settledNames, settledText } from './settle.ts';
import { tasksOf } from './steps.ts';

export interface Foresight {
  readonly plays: readonly Play[];
  readonly hostsOf: (play: Play) => readonly string[];
  /** Variables as a task will see them, with those of `later` that tasks will have set. */
  readonly scopeOf: (
    host: string,
    play: Play,
    around: Enclosing | undefined,
    later: ReadonlyMap<string, Binding>,
  ) => Scope;
  /** Hosts of which this is the same are alike: what goes wrong on one goes wrong on the others. */
  readonly kindOf: (host: string, play: Play) => string;
  readonly flags: BecomeFlags;
}

/** Tasks times hosts: with more, one host of each kind stands for the others. */
const ENOUGH = 20_000;
const MAX_TURNS = 50;

/** How tasks are tried out that touch no host: all that they might say is looked at. */
const FORESEEN: Here = { title: '', check: true, operator: { ...NOBODY, verbosity: Number.POSITIVE_INFINITY } };

const LATER = new Unknown('a task sets it');

/**
 * What is wrong with tasks that will surely be tried, told before any host is touched: names that are not defined,
 * conditions that are none, values that a module does not take. Where it depends on what a task finds out, on facts, or on
 * whether the host gets that far at all, nothing is said: that is left to the run.
 */
export async function foresee(job: Foresight): Promise<readonly Diagnostic[]> {
  const later = setByTasks(job.plays);
  const said = new Map<string, { readonly one: Diagnostic; readonly hosts: Set<string> }>();
  const looked = new Set<string>();
  for (const play of job.plays) {
    for (const host of toLookAt(play, job)) {
      looked.add(host);
      for (const one of await foreseeHost(play, host, later, job)) {
        const key = JSON.stringify([one.code, one.message, one.at]);
        const known = said.get(key) ?? { one, hosts: new Set() };
        known.hosts.add(host);
        said.set(key, known);
      }
    }
  }
  return [...said.values()].map(({ one, hosts }) => {
    const [host, ...others] = hosts;
    if (hosts.size === looked.size) return one;
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    return { ...one, message: `${one.message} (on ${host}${more})` };
  });
}

function toLookAt(play: Play, { hostsOf, kindOf }: Foresight): Iterable<string> {
  const hosts = hostsOf(play);
  const tasks = play.sections.flatMap((items) => [...tasksOf(items)]).length;
  if (hosts.length * tasks <= ENOUGH) return hosts;
  return new Map(hosts.toReversed().map((host) => [kindOf(host, play), host])).values();
}

/** Names that tasks of any play set: from the start on, nobody can tell what they hold. */
function setByTasks(plays: readonly Play[]): ReadonlyMap<string, Binding> {
  const tasks = plays.flatMap((play) => [...play.sections.flatMap((items) => [...tasksOf(items)]), ...play.handlers]);
  const names = tasks.flatMap(({ register, module, params }) => [
    ...(register === undefined ? [] : [register]),
    ...(module === 'set_fact' && params.kind === 'map' ? params.entries.map(({ key }) => key) : []),
  ]);
  return new Map(names.map((name) => [name, { data: LATER }]));
}

type Locals = Turn['locals'];

async function foreseeHost(
  play: Play,
  host: string,
  later: ReadonlyMap<string, Binding>,
  job: Foresight,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  const scopes = new Map<Enclosing, Scope>();
  // Other hosts' variables may be set by tasks, too.
  const hidden = {
    hostvars: LATER,
    ...(play.serial.length > 0 && { play_hosts: LATER, ansible_play_batch: LATER }),
  };
  const scopeOf = ({ scope: around }: Item): Scope => {
    const scope = scopes.get(around) ?? job.scopeOf(host, play, around, later).with('later', hidden);
    scopes.set(around, scope);
    return scope;
  };
  const notified = new Set<Task>();

  /** Undefined where it cannot be told; mistakes count where nothing makes light of them. */
  const told = async <T>(counts: boolean, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NotKnown) return undefined;
      if (!(error instanceof UserError)) throw error;
      if (counts) found.push(...error.diagnostics);
      return undefined;
    }
  };

  /** Whether the host goes on behind them, as far as can be told. */
  const items = async (list: readonly Item[], outer: Locals, counts: boolean): Promise<boolean> => {
    for (const item of list) {
      const on =
        item.kind === 'meta'
          ? await meta(item, outer, counts)
          : item.kind === 'block'
            ? await block(item, outer, counts)
            : await task(item, outer, counts);
      if (!on) return false;
    }
    return true;
  };

  const meta = async (item: Meta, outer: Locals, counts: boolean): Promise<boolean> => {
    const met = await told(counts, () => holds(item.when, scopeOf(item).with('loop', outer)));
    return met === false || !item.action.startsWith('end_');
  };

  const block = async (item: Block, outer: Locals, counts: boolean): Promise<boolean> => {
    const scope = scopeOf(item).with('loop', outer);
    for (const turn of await turns(item, scope, counts)) {
      const locals = { ...outer, ...turn };
      const rescued = item.rescue.length > 0;
      const on = await items(item.block, locals, counts && !rescued);
      await items(item.rescue, { ...locals, ansible_failed_task: LATER, ansible_failed_result: LATER }, counts);
      await items(item.always, locals, counts);
      if (!on && !rescued) return false;
    }
    return true;
  };

  const turns = async (item: Looping, scope: Scope, counts: boolean): Promise<readonly Locals[]> => {
    const { loop } = item;
    if (!loop) return [{}];
    const all = turnsOf(item, scope);
    if (!('status' in all)) return all.slice(0, MAX_TURNS).map(({ locals }) => locals);
    if (all.status === 'unknown')
      return [{ [loop.loopVar]: LATER, ...(loop.indexVar !== undefined && { [loop.indexVar]: LATER }) }];
    const { error } = all;
    if (error)
      await told(counts, () => {
        renderNode(loop.items, scope);
        throw new UserError([mistake(error.code, error.message, loop.items.at, error.hint)]);
      });
    return [];
  };

  const task = async (item: Task, outer: Locals, around: boolean): Promise<boolean> => {
    const counts = around && item.ignoreErrors === false;
    const base = scopeOf(item).with('loop', outer);
    let on = true;
    for (const locals of await turns(item, base, counts)) {
      const scope = base.with('loop', locals);
      const met = await told(counts, () => holds(item.when, scope));
      if (met === false) continue;
      if (item.module === 'fail' || item.module === 'assert')
        on &&= met === true && (await passes(item, scope, counts));
      else if (met) await check(item, scope, counts);
    }
    return on || item.ignoreErrors !== false;
  };

  const passes = async (item: Task, scope: Scope, counts: boolean): Promise<boolean> => {
    const came = await told(counts, () => findControl(item.module)?.(item, scope, FORESEEN));
    return came?.status === 'ok';
  };

  const check = async (item: Task, scope: Scope, counts: boolean): Promise<void> => {
    await told(counts, () => identityOf(item.become, job.flags, scope));
    await told(counts, () => environmentOf(item, scope));
    await told(counts, () => settle(item, scope, { check: false, diff: false }));
    await told(counts, () => settled('run_once', item.runOnce, scope));
    await told(counts, () => settled('throttle', item.throttle ?? 0, scope));
    await told(counts, () => item.delegateTo && settledText('delegate_to', item.delegateTo, scope));
    await told(counts, () => tryOut(item, scope));
    const after = scope.with('later', {
      result: LATER,
      ...(item.register !== undefined && { [item.register]: LATER }),
    });
    for (const condition of [...(item.until ? [item.until] : []), ...item.failedWhen, ...item.changedWhen])
      await told(counts, () => test(condition, after));
    for (const given of item.notify)
      await told(counts, () => settledNames(given, scope).map((name) => notify(item, name, given.at)));
  };

  const notify = (item: Task, name: string, at: Diagnostic['at']): void => {
    const nameOf = (handler: Task) => titleOf(handler, scopeOf(handler));
    const handlers = handlersFor(play.handlers, item, name, nameOf);
    for (const handler of handlers) notified.add(handler);
    // A handler's name may hang on what is not known yet.
    const unsure = play.handlers.some((handler) => isTemplated(handler.name) && nameOf(handler) === handler.name.value);
    if (handlers.length > 0 || unsure) return;
    const hint = didYouMean(name, play.handlers.map(nameOf)) ?? 'handlers stand under "handlers" of the play';
    throw new UserError([mistake('UnknownHandler', `no handler is called "${name}" or listens to it`, at, hint)]);
  };

  for (const section of play.sections) if (!(await items(section, {}, true))) return found;
  await items([...notified], {}, true);
  return found;
}

/** Conditions are met one after the other: what stands behind one that is not known may never be looked at. */
function holds(conditions: readonly Expression[], scope: Scope): boolean | undefined {
  for (const condition of conditions) {
    const met = test(condition, scope);
    if (isUnknown(met)) return undefined;
    if (!met) return false;
  }
  return true;
}

/** All of a task that can be done without its host. */
async function tryOut(task: Task, scope: Scope): Promise<void> {
  const control = findControl(task.module);
  if (!control) await paramsOf(task, scope);
  else if (isPure(task.module)) await control(task, scope, FORESEEN);
  else readParams(task, scope);
}
