import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { Change, Module } from '../contract/index.ts';
import type { Task } from '../playbook/types.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { HIDDEN } from '../source/secrets.ts';
import { isSealed } from '../vault/keyring.ts';

/** In characters. Longer than what any encrypted file begins with. */
const HEADER = 64;
/** Encrypted files are held in memory, four times as long as what is in them. In bytes. */
const MOST_SEALED = 16 << 20;
const opening = new Map<string, Promise<Buffer>>();

/** The plain text of a file that is encrypted as a whole, opened once as long as it stays as it is; undefined of any other. */
export async function openedAt(path: string, { openBytes, at }: Task): Promise<Buffer | undefined> {
  const { size, mtimeMs } = statSync(path);
  if (!isSealedFile(path)) return undefined;
  if (size > MOST_SEALED) {
    const hint = 'encrypt what is secret of it alone';
    throw new UserError([mistake('TooLarge', `${path} is encrypted and has more than ${MOST_SEALED} bytes`, at, hint)]);
  }
  if (!openBytes)
    throw new UserError([mistake('VaultLocked', `${path} is encrypted`, at, 'give --vault-password-file')]);
  const key = `${mtimeMs} ${size} ${path}`;
  const known = opening.get(key) ?? openBytes(readFileSync(path, 'latin1'), path);
  opening.set(key, known);
  return known;
}

/** Whether a file is encrypted as a whole. */
export function isSealedFile(path: string): boolean {
  const handle = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEADER);
    return isSealed(head.toString('latin1', 0, readSync(handle, head)));
  } finally {
    closeSync(handle);
  }
}

/** The same module, with nothing shown of the content of files: what stands there now may be an older secret. */
export function inSecret(module: Module): Module {
  const sides = { before: HIDDEN, after: HIDDEN };
  const isContent = ({ target: { kind } }: Change) => kind === 'file' || kind === 'digest';
  return {
    ...module,
    plan: (params, seen) => {
      const plan = module.plan(params, seen);
      return { ...plan, changes: plan.changes.map((one) => (isContent(one) ? { ...one, shown: sides } : one)) };
    },
  };
}
