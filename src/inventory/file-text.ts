import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { mistake, UserError } from '../source/diagnostic.ts';

/** Opens a file that is an Ansible Vault as a whole: its text and its path to its plain text. */
export type OpenVault = (envelope: string, file: string) => Promise<string>;

/** A path as the user would write it: relative where that is shorter. */
export function displayed(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}

/** The bytes of a file, a vault opened. Throws `UserError`: `FileUnreadable`, `VaultLocked`. `shown` is for messages. */
export async function readBytes(path: string, shown: string, openVault: OpenVault | undefined): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UserError([mistake('FileUnreadable', `cannot read ${shown}: ${(error as Error).message}`)]);
  }
  if (bytes.toString('latin1', 0, 15) !== '$ANSIBLE_VAULT;') return bytes;
  if (openVault) return Buffer.from(await openVault(bytes.toString(), path));
  const hint = 'give --vault-password-file';
  throw new UserError([
    mistake('VaultLocked', `${shown} is encrypted`, { file: shown, line: 1, column: 1, length: 14 }, hint),
  ]);
}

/** Throws `UserError` (`NotText`) for what is not UTF-8. */
export function textOf(bytes: Uint8Array, shown: string): string {
  try {
    return decode(bytes);
  } catch {
    throw new UserError([mistake('NotText', `${shown} is not UTF-8 text`)]);
  }
}

/** As `textOf`, but whatever bytes stand in comments: their lines are given empty. */
export function textOfIni(bytes: Buffer, shown: string): string {
  try {
    return decode(bytes);
  } catch {
    const lines = bytes.toString('latin1').split('\n');
    return lines.map((line, index) => (/^[#;]/.test(line) ? '' : lineOf(line, shown, index + 1))).join('\n');
  }
}

function lineOf(latin1: string, file: string, line: number): string {
  try {
    return decode(Buffer.from(latin1, 'latin1'));
  } catch {
    throw new UserError([mistake('NotText', 'this line is not UTF-8 text', { file, line, column: 1 })]);
  }
}

const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
