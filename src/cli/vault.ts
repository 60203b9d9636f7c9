import { constants, existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { mistake, UserError } from '../source/diagnostic.ts';
import { writeAge } from '../vault/age.ts';
import { writeEnvelope } from '../vault/envelope.ts';
import { isSealed, type Keyring, openSealed } from '../vault/keyring.ts';
import { readPassword, type VaultPassword } from '../vault/passwords.ts';
import { editText } from './edit-text.ts';
import { CouldNot, EXIT } from './exit.ts';
import { keyringOf } from './keyring.ts';
import { askSecret } from './prompt.ts';
import { replaceFile } from './replace-file.ts';
import type { VaultFlags } from './vault-flags.ts';

export interface VaultCommandFlags extends VaultFlags {
  readonly output?: string;
  readonly encryptVaultId?: string;
  readonly ageRecipient?: readonly string[];
  readonly newVaultId?: string;
  readonly newVaultPasswordFile?: string;
  readonly name?: readonly string[];
  readonly stdinName?: string;
  readonly prompt?: boolean;
}

/** How a text is encrypted, and the tag that a value of this kind has in YAML. */
interface Seal {
  readonly seal: (plain: Buffer) => Promise<string>;
  readonly tag: '!vault' | '!age';
}

/** `kvmplay vault encrypt`: `-` or no file is stdin. */
export async function encrypt(files: readonly string[], flags: VaultCommandFlags): Promise<number> {
  const { seal } = await sealOf(flags);
  return eachFile(files, flags, async (bytes, file) => {
    if (isSealed(bytes.toString('latin1')))
      throw refused('AlreadyEncrypted', `${file} is encrypted already`, 'see vault edit and rekey');
    return Buffer.from(await seal(bytes));
  });
}

/** `kvmplay vault decrypt`. */
export async function decrypt(files: readonly string[], flags: VaultCommandFlags): Promise<number> {
  const keyring = await keyringOf(flags);
  return eachFile(files, flags, async (bytes, file) => (await opened(bytes, file, keyring)).plain);
}

/** `kvmplay vault view`: the plain text is what was asked for, so here it is printed. */
export async function view(files: readonly string[], flags: VaultCommandFlags): Promise<number> {
  const keyring = await keyringOf(flags);
  for (const file of files) process.stdout.write((await opened(await bytesOf(file), file, keyring)).plain);
  return EXIT.ok;
}

/** `kvmplay vault rekey`: all files are opened before the first is written. */
export async function rekey(files: readonly string[], flags: VaultCommandFlags): Promise<number> {
  const keyring = await keyringOf(flags);
  const read = [];
  for (const file of files) read.push({ file, ...(await opened(await bytesOf(file), file, keyring)) });
  const { seal } = await newSealOf(flags);
  for (const { file, plain } of read) await replaceFile(file, Buffer.from(await seal(plain)));
  return EXIT.ok;
}

/** `kvmplay vault edit`: encrypted again with what opened it, or as flags say. What is not changed is not written. */
export async function edit(files: readonly string[], flags: VaultCommandFlags): Promise<number> {
  const keyring = await keyringOf(flags);
  for (const file of files) {
    const { plain, by } = await opened(await bytesOf(file), file, keyring);
    const again = by && flags.encryptVaultId === undefined ? sealWith(by) : await sealOf(flags, keyring);
    await access(file, constants.W_OK);
    await editText(plain, async (edited) => {
      if (!edited.equals(plain)) await replaceFile(file, Buffer.from(await again.seal(edited)));
    });
  }
  return EXIT.ok;
}

/** `kvmplay vault create`: what the editor leaves, in a file that was not there. What is left empty is not written. */
export async function create(files: readonly string[], flags: VaultCommandFlags): Promise<number> {
  const [file = '', ...others] = files;
  if (others.length > 0) throw refused('BadFlags', 'one file is created at a time', 'give one name');
  if (existsSync(file)) throw refused('FileExists', `${file} is there already`, 'see vault edit and encrypt');
  await access(dirname(resolve(file)), constants.W_OK);
  const { seal } = await sealOf(flags);
  await editText(Buffer.alloc(0), async (edited) => {
    if (edited.length === 0) throw refused('NothingToEncrypt', 'the editor left nothing', 'nothing was written');
    await replaceFile(file, Buffer.from(await seal(edited)));
  });
  return EXIT.ok;
}

/** `kvmplay vault encrypt_string`: values as YAML has them, in Ansible's layout. */
export async function encryptString(texts: readonly string[], flags: VaultCommandFlags): Promise<number> {
  const { seal, tag } = await sealOf(flags);
  const given = texts.filter((text) => text !== '-');
  const asked = flags.prompt ?? false;
  const fromStdin = given.length < texts.length || (texts.length === 0 && !asked) || flags.stdinName !== undefined;
  if (fromStdin && asked)
    throw refused('BadFlags', 'a text is either asked for or read from stdin', 'leave --prompt or "-" out');
  const values: { readonly name: string | undefined; readonly plain: Buffer }[] = [];
  if (asked) values.push({ name: flags.name?.[given.length], plain: await askedText() });
  if (fromStdin) values.push({ name: flags.stdinName, plain: await bytesOf('-') });
  for (const [index, text] of given.entries()) values.push({ name: flags.name?.[index], plain: Buffer.from(text) });
  const out: string[] = [];
  for (const { name, plain } of values) {
    if (plain.length === 0)
      throw refused('NothingToEncrypt', 'a text to encrypt is empty', 'give one as an argument or on stdin');
    const lines = (await seal(plain)).trimEnd().split('\n');
    out.push(
      `${name === undefined ? '' : `${name}: `}${tag} |\n${lines.map((line) => `          ${line}`).join('\n')}\n`,
    );
  }
  await write(flags.output ?? '-', Buffer.from(out.join('')));
  return EXIT.ok;
}

async function askedText(): Promise<Buffer> {
  const text = await askSecret('String to encrypt (hidden): ');
  if (text !== undefined) return Buffer.from(text);
  throw refused('NothingToEncrypt', 'the text cannot be asked for: there is no terminal', 'give it on stdin');
}

async function eachFile(
  files: readonly string[],
  flags: VaultCommandFlags,
  make: (bytes: Buffer, file: string) => Promise<Buffer>,
): Promise<number> {
  const names = files.length > 0 ? files : ['-'];
  if (flags.output !== undefined && names.length > 1)
    throw refused('BadFlags', '--output takes one file, and several are given', 'leave --output out');
  // What is wrong with any of them is told before one is written.
  const made = [];
  for (const name of names) made.push({ to: flags.output ?? name, bytes: await make(await bytesOf(name), name) });
  for (const { to, bytes } of made) await write(to, bytes);
  return EXIT.ok;
}

async function opened(bytes: Buffer, file: string, keyring: Keyring) {
  const text = bytes.toString('latin1');
  if (!isSealed(text.trimStart())) throw refused('NotEncrypted', `${file} is not encrypted`, 'see vault encrypt');
  return openSealed(text, keyring, { file, line: 1, column: 1 });
}

async function sealOf(flags: VaultCommandFlags, keyring?: Keyring): Promise<Seal> {
  const recipients = flags.ageRecipient ?? [];
  if (recipients.length > 0) return { seal: (plain) => writeAge(plain, recipients), tag: '!age' };
  const { passwords } = keyring ?? (await keyringOf(flags, true));
  const wanted = flags.encryptVaultId;
  const [first, second] = wanted === undefined ? passwords : passwords.filter(({ label }) => label === wanted);
  const labels = passwords.map(({ label }) => label).join(', ');
  if (!first) {
    const what =
      wanted === undefined
        ? 'a password to encrypt with is missing'
        : `there is no password of the vault id "${wanted}" (given: ${labels})`;
    throw refused('NoVaultPassword', what, 'give --vault-password-file, --vault-id, -J or --age-recipient');
  }
  if (second && wanted === undefined)
    throw refused(
      'WhichVaultId',
      `several vault ids are given: ${labels}`,
      'say with --encrypt-vault-id which is to encrypt',
    );
  return sealWith(first);
}

async function newSealOf(flags: VaultCommandFlags): Promise<Seal> {
  const { newVaultId, newVaultPasswordFile, ageRecipient = [] } = flags;
  if (ageRecipient.length > 0) return sealOf(flags);
  if (newVaultId !== undefined && newVaultPasswordFile !== undefined)
    throw refused('BadFlags', 'give --new-vault-id or --new-vault-password-file, not both', 'leave one out');
  const id = newVaultId ?? (newVaultPasswordFile === undefined ? 'default@prompt' : `default@${newVaultPasswordFile}`);
  return sealWith(await readPassword(id, askSecret, true));
}

const sealWith = ({ password, label }: VaultPassword): Seal => ({
  seal: (plain) => writeEnvelope(plain, password, label),
  tag: '!vault',
});

async function bytesOf(file: string): Promise<Buffer> {
  if (file !== '-') return readFile(file);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function write(to: string, bytes: Buffer): Promise<void> {
  if (to !== '-') return replaceFile(to, bytes);
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(new CouldNot(error.message)) : resolve()));
  });
}

const refused = (code: string, message: string, hint: string): UserError =>
  new UserError([mistake(code, message, undefined, hint)]);
