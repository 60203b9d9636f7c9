/** The person who runs kvmplay, where a task needs one. */
export interface Operator {
  /** What was typed at the terminal; undefined where nobody can be asked. What is `hidden` is not shown, and is a secret. */
  readonly ask: (question: string, hidden: boolean) => Promise<string | undefined>;
  /** Says something beside the report. */
  readonly say: (text: string) => void;
  /** How many `-v` were given. */
  readonly verbosity: number;
  /** Aborts when the run is to end at once. */
  readonly interrupted: AbortSignal;
}

/** Nobody is there. */
export const NOBODY: Operator = {
  ask: async () => undefined,
  say: () => {},
  verbosity: 0,
  interrupted: new AbortController().signal,
};

/** What a task that touches no host knows of where it is done. */
export interface Here {
  /** The task's name, rendered. */
  readonly title: string;
  readonly check: boolean;
  readonly operator: Operator;
}
