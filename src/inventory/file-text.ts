import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { mistake, UserError } from '../source/diagnostic.ts';
import { isSealed } from '../vault/keyring.ts';

/** Opens a file that is encrypted as a whole: its text and its path to its plain text. */
export type OpenVault = (envelope: string, file: string) => Promise<string>;

/** A path as the user would write it: relative where that is shorter. */
export function displayed(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}

/** The bytes of a file, a vault opened, and whether it was one. Throws `UserError`: `FileUnreadable`, `VaultLocked`, `BadVault`. `shown` is for messages. */
export async function readBytes(
  path: string,
  shown: string,
  openVault: OpenVault | undefined,
): Promise<{ readonly bytes: Buffer; readonly sealed: boolean }> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UserError([
      mistake(
        'FileUnreadable',
        `cannot read ${shown}: ${(error as Error).message}`,
        undefined,
        'look at its permissions',
      ),
    ]);
  }
  if (!isSealed(bytes.toString('latin1', 0, 64))) return { bytes, sealed: false };
  if (openVault) return { bytes: Buffer.from(await openVault(bytes.toString(), shown)), sealed: true };
  const hint = 'give --vault-password-file, or --age-identity';
  throw new UserError([
    mistake('VaultLocked', `${shown} is encrypted`, { file: shown, line: 1, column: 1, length: 14 }, hint),
  ]);
}

/** The text of an INI file: a byte that is not UTF-8 comes as a lone surrogate: it may stand in a comment. */
export function textOfIni(bytes: Buffer): string {
  try {
    return decode(bytes);
  } catch {
    const escaped = (byte: string) => String.fromCharCode(0xdc00 + byte.charCodeAt(0));
    return bytes.toString('latin1').replaceAll(UTF8, (match, sequence?: string) => {
      if (sequence === undefined) return escaped(match);
      return sequence.length === 1
        ? sequence
        : decodeOr(Buffer.from(sequence, 'latin1'), () => [...sequence].map(escaped).join(''));
    });
  }
}

/** One character of UTF-8 as bytes, or else any other byte. */
const UTF8 = /([\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})|[\x80-\xff]/g;

function decodeOr(bytes: Uint8Array, otherwise: () => string): string {
  try {
    return decode(bytes);
  } catch {
    return otherwise();
  }
}

const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
