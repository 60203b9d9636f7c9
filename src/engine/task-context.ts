import type { Impact } from '../contract/index.ts';
import type { Task } from '../playbook/types.ts';
import type { Scope } from '../template/index.ts';
import type { Result } from './events.ts';
import type { Host, Identity } from './host.ts';
import type { Operator } from './operator.ts';
import type { Attempt } from './outcome.ts';
import type { Hand } from './run-module.ts';
import type { Otherwise, Settings } from './settle.ts';

/** What a task needs to know of where it runs. */
export interface TaskContext {
  /** Whose variables count. */
  readonly host: string;
  /** The task's name, rendered. */
  readonly title: string;
  /** Connections to a host by name: this one, or where the task is delegated to. */
  readonly hostNamed: (name: string) => Host;
  /** Facts are read again where they are not to be trusted; gives what there is to say where they cannot be. */
  readonly ready: () => Promise<Attempt | undefined>;
  readonly scope: (locals: Readonly<Record<string, unknown>>) => Scope;
  readonly hand: (host: string, identity: Identity, settings: Settings) => Hand;
  readonly identity: (task: Task, scope: Scope) => Identity;
  readonly maxImpact: Impact;
  readonly operator: Operator;
  /** What counts where the task says nothing. */
  readonly otherwise: Otherwise;
  /** Why it cannot be told whether the host comes to this task. */
  readonly unsure?: string | undefined;
  /** A `rescue` around the task will take its failure. */
  readonly rescued: boolean;
  readonly emit: (result: Result, settings: Settings) => void;
  /** Variables for the rest of the run: on this host, or on all of the batch with `run_once`. */
  readonly remember: (values: Readonly<Record<string, unknown>>) => void;
}
