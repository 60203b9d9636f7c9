import { dirname } from 'node:path';
import { mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Entry, MapNode } from '../source/node.ts';
import type { Around } from './around.ts';
import { findFile } from './find-file.ts';
import { checkNotify } from './handlers.ts';
import { becomeOf, type Inherited, inherit } from './inherit.ts';
import { keywordsOn, readKeywords, unknownKeyword } from './keywords.ts';
import { knowing, type Loader } from './loader.ts';
import { checkDefaults } from './module-defaults.ts';
import { parseItems } from './parse-items.ts';
import { STRUCTURE } from './parse-task.ts';
import { shortName } from './short-name.ts';
import type { Play, Task } from './types.ts';
import { useRoles } from './use-role.ts';
import { loadVars } from './vars-file.ts';

/** A play out of its mapping. `outer` is what `import_playbook` entries around it gave. */
export async function parsePlay(
  map: MapNode,
  file: string,
  outer: Inherited,
  outside: Loader,
): Promise<Play | undefined> {
  const { found, options } = outside;
  if (isTask(map, options.moduleNames)) {
    const hint = 'this looks like a task: a play has hosts and, under tasks, a list of them';
    found.push(mistake('MissingKeyword', 'this play does not say on which hosts', map.at, hint));
    return undefined;
  }
  const { vars, loader } = await readVars(map, file, outer, outside);
  const others = map.entries.filter(({ key }) => !GIVES_VARIABLES.includes(key));
  const { given, rest } = readKeywords({ ...map, entries: others }, 'play', loader);
  for (const entry of rest) found.push(unknownKeyword(entry, 'play', ['import_playbook']));
  checkDefaults(given.module_defaults, loader);

  const handlers: Task[] = [];
  const around: Around = {
    loader,
    // A play's own variables are a level of their own, and not the tasks'.
    inherited: inherit({ ...outer, scope: { vars: [] } }, given, []),
    place: 'task',
    playDirectory: dirname(file),
    files: [file],
    roles: [],
    play: { handlers, lostHandlers: [], ran: new Set() },
  };
  const pre = await parseItems(given.pre_tasks ?? [], around);
  const roles = await useRoles(given.roles ?? [], around, parseItems);
  const tasks = await parseItems(given.tasks ?? [], around);
  const post = await parseItems(given.post_tasks ?? [], around);
  const own = await parseItems(given.handlers ?? [], { ...around, place: 'handler' });
  handlers.push(...own.filter((item) => item.kind === 'task'));

  const hosts = given.hosts?.map(({ value }) => String(value));
  const [hostsNode] = given.hosts ?? [];
  if (!hostsNode || hosts === undefined) {
    const named = map.entries.some(({ key }) => key === 'hosts' || didYouMean(key, ['hosts']));
    if (!named)
      found.push(mistake('MissingKeyword', 'this play does not say on which hosts', map.at, 'write hosts: all'));
    return undefined;
  }
  const name = given.name && loader.early(given.name);
  const play: Play = {
    at: map.at,
    name: name?.kind === 'scalar' ? String(name.value) : hosts.join(','),
    hosts,
    hostsAt: hostsNode.at,
    become: { ...outer.become, ...becomeOf(given) },
    vars,
    serial: given.serial ?? [],
    ...(given.max_fail_percentage !== undefined && { maxFailPercentage: given.max_fail_percentage }),
    anyErrorsFatal: around.inherited.anyErrorsFatal,
    order: given.order ?? 'inventory',
    forceHandlers: given.force_handlers ?? false,
    sections: [pre, [...roles.flatMap(({ items }) => items), ...tasks], post],
    handlers,
    tags: around.inherited.tags,
    ...(given.connection !== undefined && { connection: given.connection }),
    ...(given.remote_user !== undefined && { remoteUser: given.remote_user }),
    ...(given.port !== undefined && { port: given.port }),
  };
  if (around.play.lostHandlers.length === 0) found.push(...checkNotify(play));
  return play;
}

/** What gives a play its variables. */
const GIVES_VARIABLES = ['vars', 'vars_files'];

/** A play's own variables, and a loader for what else stands in it, which may use them. */
async function readVars(map: MapNode, file: string, outer: Inherited, loader: Loader) {
  const magic = { playbook_dir: dirname(file) };
  const own = map.entries.find(({ key }) => key === 'vars')?.value;
  const vars = [...outer.scope.vars, ...(own?.kind === 'map' && own.entries.length > 0 ? [own] : [])];
  const entries = map.entries.filter(({ key }) => GIVES_VARIABLES.includes(key));
  const { given } = readKeywords({ ...map, entries }, 'play', knowing(loader, { vars, magic }));
  for (const name of given.vars_files ?? []) {
    const path = findFile(String(name.value), [dirname(file)], name.at, loader.found);
    const more = path === undefined ? undefined : await loadVars(path, name.at, loader);
    if (more) vars.push(more);
  }
  return { vars, loader: knowing(loader, { vars, magic }) };
}

/** A task at the top of a playbook, where plays are expected. */
function isTask({ entries }: MapNode, moduleNames: readonly string[]): boolean {
  const has = (names: readonly string[]) => entries.some(({ key }) => names.includes(shortName(key)));
  if (has(['hosts', 'roles', 'tasks', 'pre_tasks', 'post_tasks'])) return false;
  const onPlay = keywordsOn('play');
  const strange = ({ key }: Entry) => !onPlay.some((one) => one === key) && !didYouMean(key, onPlay);
  return has([...moduleNames, ...STRUCTURE]) || entries.some(strange);
}
