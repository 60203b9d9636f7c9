import { readFileSync } from 'node:fs';
import { Unreachable } from '../contract/index.ts';
import { withoutSecrets } from '../domain-xml/secrets.ts';
import { UserError } from '../source/diagnostic.ts';
import { renderDiagnostics } from '../source/render.ts';
import { hideSecrets } from '../source/secrets.ts';
import { isSealed } from '../vault/keyring.ts';

/** What kvmplay's exit statuses mean; they are relied on from outside. */
export const EXIT = {
  ok: 0,
  couldNot: 1,
  failed: 2,
  drift: 3,
  unreachable: 4,
  mistake: 5,
  interrupted: 99,
  bug: 250,
} as const;

/** Something kvmplay could not do for reasons outside of it: a disk that is full, a port that is taken. */
export class CouldNot extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'CouldNot';
    this.hint = hint;
  }
}

/** Say what went wrong, in the words that fit its kind, and give the status to exit with. */
export function explainError(error: unknown, print: (text: string) => void, colour: boolean): number {
  const write = (text: string) => print(hideSecrets(text));
  if (error instanceof UserError) {
    write(renderDiagnostics(error.diagnostics, { colour, readSource }));
    const count = error.diagnostics.length;
    write(`${count} ${count === 1 ? 'mistake' : 'mistakes'} found; no host was touched.\n`);
    return EXIT.mistake;
  }
  if (error instanceof CouldNot || error instanceof Unreachable) {
    write(`error: ${error.message}\n${error.hint ? `  hint: ${error.hint}\n` : ''}`);
    return error instanceof Unreachable ? EXIT.unreachable : EXIT.couldNot;
  }
  if (isSystemError(error)) {
    write(`error: ${error.message}\n`);
    return EXIT.couldNot;
  }
  write(`This is a bug in kvmplay. Please report it with what you ran and this:\n`);
  write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.bug;
}

function readSource(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    // Its lines are not those that positions count.
    if (isSealed(text)) return undefined;
    // A guest's XML: columns stay what they are.
    return /^\ufeff?\s*</.test(text) ? withoutSecrets(text, (secret) => secret.replaceAll(/./g, '*')) : text;
  } catch {
    return undefined;
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;
