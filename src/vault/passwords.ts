import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';
import { mistake, UserError } from '../source/diagnostic.ts';
import { readText } from '../source/read-text.ts';
import { keepSecret } from '../source/secrets.ts';

/** A password and the vault id that it belongs to. */
export interface VaultPassword {
  readonly label: string;
  readonly password: Buffer;
}

/** Asks without showing what is typed; undefined where nobody can be asked. */
export type AskPassword = (prompt: string) => Promise<string | undefined>;

const PROMPTS: readonly string[] = ['prompt', 'prompt_ask_vault_pass'];

/**
 * `LABEL@SOURCE` or `SOURCE`, as Ansible takes it: a file, a program that prints the password (one whose name ends in
 * `-client` is told `--vault-id LABEL`), or `prompt`. Throws `UserError`. `twice` asks again, for a new password.
 */
export async function readPassword(vaultId: string, ask: AskPassword, twice = false): Promise<VaultPassword> {
  const split = vaultId.indexOf('@');
  const label = split > 0 ? vaultId.slice(0, split) : 'default';
  const source = vaultId.slice(split < 0 ? 0 : split + 1);
  if (label.includes(';'))
    throw refused(`the vault id "${label}" holds a ";"`, 'vault ids stand in a line that ; divides');
  const text = PROMPTS.includes(source) ? await asked(label, ask, twice) : fromFile(label, source);
  if (text === '') throw refused(`the password of the vault id "${label}" is empty`, `look at ${source}`);
  keepSecret(text);
  return { label, password: Buffer.from(text) };
}

async function asked(label: string, ask: AskPassword, twice: boolean): Promise<string> {
  const of = label === 'default' ? '' : ` (${label})`;
  const first = await ask(`${twice ? 'New vault' : 'Vault'} password${of}: `);
  if (first === undefined)
    throw refused('the vault password cannot be asked for: there is no terminal', 'give --vault-password-file');
  if (twice && (await ask(`Confirm new vault password${of}: `)) !== first)
    throw refused('the two passwords are not the same', 'type the same one twice');
  return first.trim();
}

function fromFile(label: string, source: string): string {
  const file = resolve(source.replace(/^~(?=\/|$)/, homedir()));
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw refused(`there is no vault password file ${source}`, 'look at the path and the folder');
  if (stat.isDirectory()) throw refused(`${source} is a folder, and not a vault password file`, 'name a file in it');
  return isExecutable(file) ? fromScript(label, file) : readText(file).trim();
}

function fromScript(label: string, file: string): string {
  const isClient = /-client(\.\w+)?$/.test(basename(file));
  const done = spawnSync(file, isClient ? ['--vault-id', label] : [], {
    encoding: 'utf8',
    stdio: ['inherit', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  if (done.error)
    throw refused(
      `${file} cannot be run: ${done.error.message}`,
      'a file that holds a password is not executable: chmod -x',
    );
  if (isClient && done.status === 2)
    throw refused(`${file} has no password for the vault id "${label}"`, 'look at the vault id');
  if (done.status !== 0)
    throw refused(`${file} ended with status ${done.status}`, 'it should print the password and end with 0');
  return done.stdout.replace(/^[\r\n]+|[\r\n]+$/g, '');
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return (statSync(file).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

const refused = (message: string, hint: string): UserError =>
  new UserError([mistake('BadVaultPassword', message, undefined, hint)]);
