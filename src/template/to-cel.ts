import { mistake, type Position, UserError } from '../source/diagnostic.ts';

/** What CEL's macros go over is no larger than this. */
const MAX_VALUES = 100_000;

/** A plain value as CEL has it: whole numbers are its int. Throws `UserError` when it is too large to compute with. */
export function toCel(value: unknown, at: () => Position): unknown {
  let count = 0;
  const convert = (one: unknown): unknown => {
    count += 1;
    if (count > MAX_VALUES) {
      const message = `this has more than ${MAX_VALUES} values, which is too much for a condition`;
      throw new UserError([mistake('ValueTooLarge', message, at(), 'compare a part of it')]);
    }
    if (typeof one === 'number') return Number.isSafeInteger(one) ? BigInt(one) : one;
    if (Array.isArray(one)) return one.map(convert);
    if (typeof one === 'object' && one !== null)
      return new Map(Object.entries(one).map(([key, inner]) => [key, convert(inner)]));
    return one ?? null;
  };
  return convert(value);
}
