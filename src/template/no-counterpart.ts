/** What is written in Jinja and has no counterpart here. */
export class NoCounterpart extends Error {
  /** What to do instead, where there is something. */
  readonly hint: string | undefined;

  constructor(what: string, hint?: string) {
    super(what);
    this.hint = hint;
  }
}
