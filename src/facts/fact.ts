import type { z } from 'zod';
import type { Probes, Seen } from '../contract/index.ts';

/** Something that can be told of a host: a part of the variable `facts`. Null in it is what the host does not tell. */
export interface Fact<T = unknown> {
  /** As it is written behind `facts.`: `memory`. */
  readonly name: string;
  /** One sentence, for the reference. */
  readonly summary: string;
  readonly schema: z.ZodType<T>;
  /** All of it is read in one frame: nothing that is read names the next. */
  readonly probes: Probes;
  /** Throws `NotKnown` and `Problem`, as `Seen` does. */
  readonly read: (seen: Seen) => T;
  /** Parts that are not known where `from`, given what was read, throws `NotKnown`, while all others are. */
  readonly doubtful?: { readonly parts: readonly string[]; readonly from: (seen: Seen) => unknown };
}

/** Declare a fact. What `read` gives must be what the schema says. */
export const defineFact = <Schema extends z.ZodType>(
  fact: Omit<Fact<z.infer<Schema>>, 'schema'> & { readonly schema: Schema },
): Fact => fact as unknown as Fact;

/** The number that a small kernel file holds; null where there is none. */
export function numberIn(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? '';
  return /^-?\d+$/.test(trimmed) ? Number(trimmed) : null;
}

/** What a file says, without the blanks around it; null where it says nothing. */
export const wordIn = (text: string | undefined): string | null => text?.trim() || null;
