import { type Diagnostic, mistake } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Entry, MapNode } from '../source/node.ts';
import type { Loader } from './loader.ts';
import { elsewhere, replacementOf } from './not-here.ts';
import type { Reader } from './readers.ts';
import * as read from './readers.ts';
import { shortName } from './short-name.ts';
import type { OrTemplate } from './types.ts';

/** Where a keyword may stand. `import` is any of `import_playbook`, `import_tasks` and `import_role`. */
export type Place = 'play' | 'role' | 'import' | 'block' | 'task' | 'handler';

interface Keyword<T> {
  readonly on: readonly Place[];
  readonly takes: string;
  readonly read: Reader<T>;
  readonly says: string;
  /** Read before any host is known; templates may use the variables of `-e`. */
  readonly early?: boolean;
}

const EVERYWHERE: readonly Place[] = ['play', 'role', 'import', 'block', 'task', 'handler'];
const TASK: readonly Place[] = ['task', 'handler'];
const BELOW_PLAY: readonly Place[] = ['role', 'import', 'block', 'task', 'handler'];

const early = <T>(on: readonly Place[], takes: string, reader: Reader<T>, says: string): Keyword<T> => ({
  ...keyword(on, takes, reader, says),
  early: true,
});

/** Takes a template, too, for each host. */
const flag = (says: string, on = EVERYWHERE): Keyword<OrTemplate<boolean>> =>
  keyword(on, 'true, false or a template', read.orTemplate(read.bool), says);

const keyword = <T>(on: readonly Place[], takes: string, reader: Reader<T>, says: string): Keyword<T> => ({
  on,
  takes,
  read: reader,
  says,
});

/** Every keyword of the language. The parser and the reference are both made of this table. */
export const KEYWORDS = {
  name: keyword(['play', 'import', 'block', ...TASK], 'text', read.text, 'What it is called in the report.'),
  hosts: early(['play'], 'host pattern, or a list', read.someTexts, 'The hosts of the play.'),
  vars: keyword(EVERYWHERE, 'mapping', read.variables, 'Variables for what is inside.'),
  vars_files: early(['play'], 'path, or a list', read.texts, 'YAML files of variables, relative to the playbook.'),
  pre_tasks: keyword(['play'], 'list of tasks', read.list, 'Run before the roles; handlers are flushed behind them.'),
  roles: keyword(['play'], 'list of roles', read.list, 'Run between `pre_tasks` and `tasks`.'),
  tasks: keyword(['play'], 'list of tasks', read.list, 'Run after the roles; handlers are flushed behind them.'),
  post_tasks: keyword(['play'], 'list of tasks', read.list, 'Run last; handlers are flushed behind them.'),
  handlers: keyword(['play'], 'list of tasks', read.list, 'Tasks that run once, and only when notified.'),
  serial: early(['play'], 'number, percentage, or a list', read.batches, 'How many hosts a batch has.'),
  max_fail_percentage: early(
    ['play'],
    '0 to 100',
    read.percent,
    'The play ends when more of a batch than this failed or was unreachable.',
  ),
  any_errors_fatal: early(EVERYWHERE, 'true or false', read.bool, 'A failure on one host ends the play on all.'),
  order: early(
    ['play'],
    'inventory, reverse_inventory, sorted, reverse_sorted or shuffle',
    read.choice('inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'),
    'In which order hosts are taken.',
  ),
  strategy: early(
    ['play'],
    'free',
    read.strategy,
    'Hosts of a batch never wait for each other; nothing else is offered.',
  ),
  gather_facts: early(
    ['play'],
    'true or false',
    read.bool,
    'Without effect: facts are read when something refers to them.',
  ),
  force_handlers: early(['play'], 'true or false', read.bool, 'Notified handlers run on a host that failed, too.'),
  connection: early(
    ['play'],
    'ssh or local',
    read.choice('ssh', 'local'),
    'How hosts are reached where the inventory does not say.',
  ),
  remote_user: keyword(['play'], 'text', read.text, 'Who logs in where the inventory does not say.'),
  port: keyword(
    ['play'],
    '1 to 65535, or a template',
    read.orTemplate(read.integer(1, 65535, 22)),
    'The SSH port where the inventory does not say.',
  ),
  module_defaults: keyword(
    EVERYWHERE,
    'mapping by module',
    read.mapping,
    'Parameters for tasks that do not give them.',
  ),

  become: flag('Act as another user, root unless `become_user` says else.'),
  become_user: keyword(EVERYWHERE, 'text', read.text, 'As whom to act.'),
  become_method: keyword(EVERYWHERE, 'sudo or su', read.becomeMethod, 'How to become that user.'),
  tags: early(
    EVERYWHERE,
    'text, or a list',
    read.tags,
    'What `-t` and `--skip-tags` choose by; `always` and `never` are special.',
  ),
  environment: keyword(EVERYWHERE, 'mapping, or a list', read.environment, 'Environment variables of commands.'),
  ignore_errors: flag('Go on with the host after a failure.'),
  ignore_unreachable: flag('Go on with the host after it could not be reached.'),
  no_log: flag('Show nothing of the task but whether it succeeded.'),
  diff: flag('Show before and after, whatever `-D` says.'),
  check_mode: flag('`true` never changes anything, `false` acts in check mode, too.'),
  run_once: flag('On the first host of the batch alone, for all of them.'),
  throttle: keyword(
    EVERYWHERE,
    'number, or a template',
    read.orTemplate(read.integer(0)),
    'On how many hosts at the same time, at most; 0 is no limit.',
  ),
  timeout: keyword(
    EVERYWHERE,
    'seconds, or a template',
    read.orTemplate(read.seconds),
    'After how long the task has failed; 0 is no limit.',
  ),
  when: keyword(BELOW_PLAY, 'condition, or a list', read.conditions, 'All must hold, or it is skipped.'),
  delegate_to: keyword(BELOW_PLAY, 'host', read.text, 'Do it on another host, with the variables of this one.'),

  register: keyword(TASK, 'name', read.variableName, 'The variable that takes the result.'),
  loop: keyword(
    ['block', ...TASK],
    'list, or a mapping',
    read.items,
    'Do it for every item; of a mapping, `item.key` and `item.value`.',
  ),
  loop_control: keyword(
    ['block', ...TASK],
    'mapping',
    read.mapping,
    '`label`, `index_var`, `loop_var` and `pause` (seconds).',
  ),
  until: keyword(TASK, 'condition', read.condition, 'Try again until it holds.'),
  retries: keyword(
    TASK,
    'number, or a template',
    read.orTemplate(read.integer(0)),
    'How often to try again with `until`. Default 3.',
  ),
  delay: keyword(
    TASK,
    'seconds, or a template',
    read.orTemplate(read.seconds),
    'How long to wait between tries. Default 5.',
  ),
  failed_when: keyword(TASK, 'condition, or a list', read.conditions, 'It failed when all hold.'),
  changed_when: keyword(TASK, 'condition, or a list', read.conditions, 'It changed something when all hold.'),
  notify: keyword(
    ['import', 'block', ...TASK],
    'handler, or a list',
    read.texts,
    'Handlers to run when it changed something.',
  ),
  listen: keyword(['handler'], 'text, or a list', read.words, 'Other names under which the handler can be notified.'),
  args: keyword(TASK, 'mapping', read.mapping, 'More parameters of the module.'),
} as const;

export type KeywordName = keyof typeof KEYWORDS;

/** What was given, keyword by keyword. */
export type Given = {
  readonly [Name in KeywordName]?: Exclude<ReturnType<(typeof KEYWORDS)[Name]['read']>, undefined>;
};

const isKeyword = (name: string): name is KeywordName => Object.hasOwn(KEYWORDS, name);

export const keywordsOn = (place: Place): readonly KeywordName[] =>
  (Object.keys(KEYWORDS) as KeywordName[]).filter((name) => KEYWORDS[name].on.includes(place));

/**
 * The keywords of a mapping, and the entries that are none. A keyword that cannot stand here, and one of Ansible's that
 * has a replacement, is a mistake and in neither.
 */
export function readKeywords(
  map: MapNode,
  place: Place,
  { found, early, options }: Pick<Loader, 'found' | 'early' | 'options'>,
): { given: Given; rest: readonly Entry[] } {
  const given: Record<string, unknown> = {};
  const rest: Entry[] = [];
  for (const entry of map.entries) {
    const name = shortName(entry.key);
    const replacement = options.moduleNames.includes(name) ? undefined : replacementOf(name, place);
    if (replacement)
      found.push(mistake('NotSupported', `"${entry.key}" is not part of this language`, entry.keyAt, replacement));
    else if (!isKeyword(entry.key)) rest.push(entry);
    else if (!KEYWORDS[entry.key].on.includes(place)) found.push(misplaced(entry.key, place, entry));
    else {
      const { read, early: isEarly } = KEYWORDS[entry.key] as Keyword<unknown>;
      const node = isEarly ? early(entry.value) : entry.value;
      const value = node && read(node, entry.key, found);
      if (value !== undefined) given[entry.key] = value;
    }
  }
  return { given: given as Given, rest };
}

function misplaced(name: KeywordName, place: Place, entry: Entry): Diagnostic {
  const on = KEYWORDS[name].on.map(called).join(', ');
  return mistake(
    'MisplacedKeyword',
    `"${name}" cannot stand on ${called(place)}`,
    entry.keyAt,
    elsewhere(name) ?? `it can stand on ${on}`,
  );
}

/** Says so where a keyword does nothing without another one that is not there. */
export function checkLone(
  given: Given,
  map: MapNode,
  name: KeywordName,
  needs: KeywordName,
  found: Diagnostic[],
): void {
  const entry = map.entries.find(({ key }) => key === name);
  if (given[name] === undefined || map.entries.some(({ key }) => key === needs) || !entry) return;
  found.push(
    mistake('UselessKeyword', `"${name}" does nothing without "${needs}"`, entry.keyAt, `add ${needs}, or take it out`),
  );
}

/** For entries that are neither keywords nor anything else that is known here. */
export function unknownKeyword(
  entry: Entry,
  place: Place,
  others: readonly string[] = [],
  otherwise = 'all keywords are in docs/playbooks.md',
): Diagnostic {
  const known = [...keywordsOn(place), ...others];
  return mistake(
    'UnknownKeyword',
    `"${entry.key}" is not a keyword of ${called(place)}`,
    entry.keyAt,
    didYouMean(entry.key, known) ?? otherwise,
  );
}

const called = (place: Place): string => (place === 'import' ? 'an import' : `a ${place}`);
