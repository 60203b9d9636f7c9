/** Where something stands in a file: lines and columns count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many code units the caret underlines. Default 1. */
  readonly length?: number;
}

/** One mistake of a user's, with all that is needed to mend it. Plain data. */
export interface Diagnostic {
  /** Stable, in PascalCase: `UnknownModule`. */
  readonly code: string;
  /** What is wrong and what was expected, one sentence, no position in it. */
  readonly message: string;
  readonly at?: Position;
  /** How to mend it: the nearest right name, a command to type. */
  readonly hint?: string;
}

/**
 * The user's mistakes, all of them at once. No stack is ever shown for it; exit status 5. Everything else that is thrown
 * is either `Unreachable`, a `Problem`, or a bug of ours.
 */
export class UserError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]] | readonly Diagnostic[]) {
    super(diagnostics.map((one) => one.message).join('\n'));
    this.name = 'UserError';
    this.diagnostics = diagnostics;
  }
}

export const mistake = (code: string, message: string, at?: Position, hint?: string): Diagnostic => ({
  code,
  message,
  ...(at && { at }),
  ...(hint !== undefined && { hint }),
});

/** Mistakes that make a value something else than was meant. */
const SPOILING: readonly string[] = ['LeadingZero', 'BadNumber', 'BadTag', 'FreeFormParameters'];

/** Without what is only said because a value was spoilt by another mistake in the same place. */
export function withoutEchoes(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const place = ({ at }: Diagnostic) => `${at?.file}:${at?.line}:${at?.column}`;
  const spoilt = new Map(
    diagnostics.filter(({ code }) => SPOILING.includes(code)).map((one) => [place(one), one.code]),
  );
  return diagnostics.filter((one) => (spoilt.get(place(one)) ?? one.code) === one.code);
}
