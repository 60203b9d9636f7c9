import type { Position } from './diagnostic.ts';

/** YAML as data that remembers where it stood. */
export type Node = Scalar | MapNode | ListNode;

export interface Scalar {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  readonly at: Position;
  /** Whether it was quoted or a block scalar: then it is text whatever it looks like. */
  readonly quoted: boolean;
  /** `!vault` or `!unsafe`. */
  readonly tag?: string;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: readonly Entry[];
  readonly at: Position;
}

export interface Entry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: Node;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly at: Position;
}
