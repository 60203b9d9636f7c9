import type { Diagnostic } from '../source/diagnostic.ts';
import type { Node } from '../source/node.ts';

/** Variables as they were written, each with its place: not rendered, so there may be templates and `!vault` scalars. */
export type Variables = ReadonlyMap<string, Node>;

export interface Host {
  readonly name: string;
  /** The groups that list it, without their parents. */
  readonly groups: readonly Group[];
  /** `ungrouped`, where it was taken out of that: then it is not in it by way of another group either. */
  readonly left?: Group | undefined;
  /** From the inventory sources themselves, `host_vars` not among them. */
  readonly variables: Variables;
  /** The source that named it first, absolute; undefined for the implicit localhost. */
  readonly source: string | undefined;
}

export interface Group {
  readonly name: string;
  readonly hosts: readonly Host[];
  readonly children: readonly Group[];
  readonly parents: readonly Group[];
  /** Steps from `all` by the longest way. */
  readonly depth: number;
  /** `ansible_group_priority`: among groups of one depth, the higher wins. */
  readonly priority: number;
  /** From the inventory sources themselves, `group_vars` not among them. */
  readonly variables: Variables;
}

/** What the `group_vars` and `host_vars` of one folder say: for each name, its files in the order they are read. */
export interface VariableFolder {
  readonly path: string;
  readonly beside: 'inventory' | 'playbook';
  readonly groups: ReadonlyMap<string, readonly Variables[]>;
  readonly hosts: ReadonlyMap<string, readonly Variables[]>;
}

/** Who is there, in Ansible's order, and what is said of them. */
export interface Inventory {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly groups: ReadonlyMap<string, Group>;
  /** In order of precedence, lowest first. */
  readonly folders: readonly VariableFolder[];
  readonly warnings: readonly Diagnostic[];
}
