import type { Ways } from './spreads.ts';

/** What the search knows beside the host. */
export interface Rules {
  readonly overcommit: number;
  /** Pockets that are like no other, since guests that may move are pinned there now. */
  readonly peculiar: ReadonlySet<number>;
  /** Whether nodes differ by where they are: some guest wants several. */
  readonly distant: boolean;
  /** How many places are looked at for one guest, in one tier. */
  readonly looks: number;
  /** The ways that were found already, by all that they depend on. */
  readonly ways: Map<string, Ways>;
  /** Whether shared guests choose before the others. */
  readonly first: boolean;
}
