/**
 * Something a module cannot plan for, in words for an operator: a knob that does not exist, a value that is not offered.
 * The task fails with it and nothing is done. `code` is stable.
 */
export class Problem extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  /** What `register` keeps of the failure beside the usual. */
  readonly values: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, hint?: string, values: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'Problem';
    this.code = code;
    this.hint = hint;
    this.values = values;
  }
}

/**
 * What tasks of a play, or a task and what was said on its host before, cannot both have: CPUs that one gives to the host
 * and another to guests. It is looked for before any task of the play acts, where a module is `crossChecked`.
 */
export class Conflict extends Problem {
  constructor(code: string, message: string, hint?: string) {
    super(code, message, hint);
    this.name = 'Conflict';
  }
}

/** Thrown by `Seen` when a module looks at what cannot be known yet: the whole task is then unknown, not wrong. */
export class NotKnown extends Error {
  readonly because: string;

  constructor(because: string) {
    super(`not known before acting: ${because}`);
    this.name = 'NotKnown';
    this.because = because;
  }
}
