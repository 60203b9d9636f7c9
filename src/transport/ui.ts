/** The person, or nobody, at whose terminal a run goes. Whatever hosts share in a run hangs on this one object. */
export interface Ui {
  /** Asks for a password or passphrase without showing it. Undefined when there is nobody to ask. */
  askPassword(prompt: string): Promise<string | undefined>;
  /** Something to know that stops nothing: a new host key was accepted. */
  notice?(message: string): void;
  /** Closes every connection. */
  readonly signal?: AbortSignal;
}
