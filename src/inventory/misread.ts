import { type Diagnostic, mistake, type Position } from '../source/diagnostic.ts';

/** A mistake in a source, found where its place is not known: whoever reads the line or the value adds that. */
export class Misread extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Do it, and add a mistake that is found in doing so to the others, with its place. */
export function attempt(at: Position, found: Diagnostic[], act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Misread)) throw error;
    found.push(mistake(error.code, error.message, at, error.hint));
  }
}
