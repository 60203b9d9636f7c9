import type { Diagnostic, Position } from '../source/diagnostic.ts';
import type { Node, Scalar } from '../source/node.ts';
import type { OpenBytes } from '../vault/locksmith.ts';
import type { ArgumentRules } from './argument-rules.ts';

/** A playbook as the engine walks it: positioned, readonly, every `import_*` and role already in its place. */
export interface Playbook {
  readonly file: string;
  readonly plays: readonly Play[];
}

export interface Play {
  readonly at: Position;
  /** `name`, or the hosts pattern where there is none. */
  readonly name: string;
  /** Ansible host patterns, as they are written. */
  readonly hosts: readonly string[];
  readonly hostsAt: Position;
  readonly become: Become;
  /** Those of `import_playbook`, its own, those of `vars_files`. */
  readonly vars: Vars;
  readonly serial: readonly string[];
  readonly maxFailPercentage?: number;
  readonly anyErrorsFatal: boolean;
  readonly order: 'inventory' | 'reverse_inventory' | 'sorted' | 'reverse_sorted' | 'shuffle';
  readonly forceHandlers: boolean;
  /** pre_tasks; roles and tasks; post_tasks. Handlers are flushed after each of the three. */
  readonly sections: readonly (readonly Item[])[];
  readonly handlers: readonly Task[];
  readonly tags: readonly string[];
  readonly connection?: string;
  readonly remoteUser?: Templated;
  readonly port?: OrTemplate<number>;
}

export type Item = Task | Block | Meta;

export interface Block {
  readonly kind: 'block';
  readonly at: Position;
  readonly name?: string;
  /** The whole of it is done for each item: `rescue` and `always` as well. */
  readonly loop?: Loop;
  /** A use of a role with this key: a host for which any of its tasks was done, and not skipped, passes over the next one. */
  readonly once?: string;
  /** Its own conditions and those around it. They stand on its tasks, too. */
  readonly when: readonly Expression[];
  readonly scope: Enclosing;
  readonly block: readonly Item[];
  readonly rescue: readonly Item[];
  readonly always: readonly Item[];
}

export interface Meta {
  readonly kind: 'meta';
  readonly at: Position;
  readonly name?: string;
  readonly action: 'flush_handlers' | 'end_play' | 'end_host' | 'noop' | 'clear_facts';
  readonly when: readonly Expression[];
  readonly tags: readonly string[];
  readonly scope: Enclosing;
}

/** `loop` and `loop_control`. */
export interface Loop {
  /** What to go over, as written. */
  readonly items: Node;
  readonly loopVar: string;
  readonly indexVar?: string;
  readonly label?: Templated;
  /** Seconds between two items. */
  readonly pause: OrTemplate<number>;
}

/** What a task has of its own, and what it inherits from blocks, roles and the play, already merged. */
export interface Task {
  readonly kind: 'task';
  readonly at: Position;
  /** Templates unrendered; the module, as it is written, where there is none. In a role it is `role : name`. */
  readonly name: Templated;
  /** The module as it is written, where that stands for a name: lists have it without the role. */
  readonly unnamed?: string;
  readonly module: string;
  readonly moduleAt: Position;
  /** A map; module_defaults are merged in at the start. */
  readonly params: Node;
  /** All conditions that must hold, outermost first. */
  readonly when: readonly Expression[];
  readonly tags: readonly string[];
  readonly scope: Enclosing;
  readonly register?: string;
  readonly loop?: Loop;
  readonly until?: Expression;
  readonly retries: OrTemplate<number>;
  /** Seconds. */
  readonly delay: OrTemplate<number>;
  readonly ignoreErrors: OrTemplate<boolean>;
  readonly ignoreUnreachable: OrTemplate<boolean>;
  readonly failedWhen: readonly Expression[];
  readonly changedWhen: readonly Expression[];
  readonly delegateTo?: Templated;
  readonly runOnce: OrTemplate<boolean>;
  readonly throttle?: OrTemplate<number>;
  readonly environment: readonly Node[];
  /** Seconds; 0 is none. */
  readonly timeout: OrTemplate<number>;
  /** It is hidden where any of these holds: its own, and those around it. */
  readonly noLog: readonly OrTemplate<boolean>[];
  readonly diff?: OrTemplate<boolean>;
  readonly checkMode?: OrTemplate<boolean>;
  readonly become: Become;
  readonly notify: readonly Templated[];
  readonly listen: readonly string[];
  readonly anyErrorsFatal: boolean;
  /** Opens files of the control node that are encrypted as a whole, with what was given to the run. */
  readonly openBytes?: OpenBytes;
}

/** A text that may hold `{{ }}`, where it stood. */
export type Templated = Scalar;

/** What a keyword says, or a template that says it for each host when its task comes. */
export type OrTemplate<T extends boolean | number> = T | Templated;

/** A CEL expression, or a literal true or false, where it stood. */
export type Expression = Scalar;

/** Undefined where nothing was said at any level. */
export interface Become {
  readonly become?: OrTemplate<boolean>;
  readonly user?: Templated;
  readonly method?: Templated;
}

/** Variables as written: a map node for each place that gave some, outermost first. */
export type Vars = readonly Node[];

/** What stands around a task and is common to its neighbours. Shared, so that the engine can build its scope once. */
export interface Enclosing {
  /** Parameters of the role, `vars` of the blocks and the task, outermost first. */
  readonly vars: Vars;
  readonly role?: Role;
}

export interface Role {
  readonly name: string;
  /** Its directory: templates and files are looked for in it. */
  readonly path: string;
  /** Those of the roles it depends on, then its own. */
  readonly defaults: Vars;
  /** Likewise, from `vars/main.yml`. */
  readonly vars: Vars;
  /** What its first task, `validate_argument_spec`, asks of the variables. */
  readonly argumentSpec?: ArgumentSpec;
}

/** What a role asks of its variables, as Ansible's `meta/argument_specs.yml` says it. */
export interface ArgumentSpec {
  /** Of an entry point: its name, and what it says of itself. */
  readonly title?: string;
  readonly options: Readonly<Record<string, Argument>>;
  readonly rules: ArgumentRules;
}

export interface Argument {
  readonly type: ArgumentType;
  readonly required: boolean;
  /** Other names under which it may be given. */
  readonly aliases: readonly string[];
  readonly choices?: readonly unknown[];
  /** Of a list's items. */
  readonly elements?: ArgumentType;
  /** Of a dict, or of the dicts in a list. */
  readonly options?: ArgumentSpec;
  readonly secret: boolean;
}

/** Ansible's names. */
export type ArgumentType =
  | 'str'
  | 'path'
  | 'raw'
  | 'int'
  | 'float'
  | 'bool'
  | 'list'
  | 'dict'
  | 'json'
  | 'jsonarg'
  | 'bytes'
  | 'bits';

export interface Parsed {
  readonly playbook: Playbook;
  /** With any of these, the playbook is good for nothing but being checked further. */
  readonly mistakes: readonly Diagnostic[];
  /** Files of modules that the playbook's project and its roles have of their own. */
  readonly modules: readonly string[];
}
