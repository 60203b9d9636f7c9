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
