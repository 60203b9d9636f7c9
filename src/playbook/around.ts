import type { Position } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';
import type { Inherited } from './inherit.ts';
import type { Loader } from './loader.ts';
import type { Item, Task } from './types.ts';

/** What a list of tasks stands in. */
export interface Around {
  readonly loader: Loader;
  readonly inherited: Inherited;
  readonly place: 'task' | 'handler';
  /** Where the play is: roles and imports are looked for beside it. */
  readonly playDirectory: string;
  /** The file that the list stands in and those that import it, outermost first. */
  readonly files: readonly string[];
  /** Roles around, outermost first. */
  readonly roles: readonly string[];
  readonly play: PlaySoFar;
}

/** What roles add to the play they are used in. */
export interface PlaySoFar {
  readonly handlers: Task[];
  /** Handlers that could not be made out: anything may be meant to notify one. */
  readonly lostHandlers: Position[];
  /** Roles that ran, with their variables: they run once. */
  readonly ran: Set<string>;
}

/** Parses a list of tasks. Handed to what `import_role` needs of it, so that neither file imports the other. */
export type ParseItems = (nodes: readonly Node[], around: Around) => Promise<Item[]>;
