import { NotKnown } from '../contract/index.ts';

/** Stands for a value that cannot be known before something has been done: what a command would print, in check mode. */
export class Unknown {
  readonly because: string;

  constructor(because: string) {
    this.because = because;
  }
}

export const isUnknown = (value: unknown): value is Unknown => value instanceof Unknown;

/** The value itself; an unknown one ends the work on it with `NotKnown`. */
export function known<T>(value: T | Unknown): T {
  if (value instanceof Unknown) throw new NotKnown(value.because);
  return value;
}

/** The first unknown at or anywhere inside of a value. */
export function unknownIn(value: unknown): Unknown | undefined {
  if (value instanceof Unknown) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const inner of Object.values(value)) {
    const found = unknownIn(inner);
    if (found) return found;
  }
  return undefined;
}

/** The value itself, when all of it is known: before it is printed, handed to a module or computed with. */
export function whollyKnown<T>(value: T | Unknown): T {
  const unknown = unknownIn(value);
  if (unknown) throw new NotKnown(unknown.because);
  return value as T;
}
