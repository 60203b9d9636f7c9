import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';
import { didYouMean } from '../source/nearest.ts';
import type { Node } from '../source/node.ts';

/**
 * What a name is bound to. A `node` was written by the user and may be a template; `data` came from a host or from
 * kvmplay and is never evaluated.
 */
export type Binding = { readonly node: Node } | { readonly data: unknown };

/** Where variables come from, in words for `explain`: `host`, `play`, `extra`. */
export interface Level {
  readonly name: string;
  readonly vars: ReadonlyMap<string, Binding>;
}

export interface Found {
  readonly level: string;
  readonly binding: Binding;
}

/** Variables as one task sees them. */
export interface Scope {
  has(name: string): boolean;
  /** The value, templates rendered; `Unknown` where it is not known. Throws `UserError` on cycles and undefined names. */
  lookup(name: string, at: Position): unknown;
  names(): readonly string[];
  /** Every level that binds the name, the one that counts first. */
  find(name: string): readonly Found[];
  /** The same with more bindings on top, for loops and the like. */
  with(name: string, vars: Readonly<Record<string, unknown>>): Scope;
}

export function undefinedVariable(name: string, at: Position, names: readonly string[]): Diagnostic {
  const hint = didYouMean(name, names) ?? 'define it in vars, the inventory or with -e, or use {{default name "…"}}';
  return mistake('UndefinedVariable', `"${name}" is not defined`, at, hint);
}
