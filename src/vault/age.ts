import { mistake, UserError } from '../source/diagnostic.ts';
import { readText } from '../source/read-text.ts';

export const AGE_HEADER = '-----BEGIN AGE ENCRYPTED FILE-----';

/** The identities of a file as `age-keygen` writes it: one a line, `#` before a remark. Throws `UserError`. */
export function readIdentities(file: string): readonly string[] {
  const lines = readText(file).split('\n');
  const found = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const strange = found.find((line) => !/^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/.test(line));
  if (strange === undefined && found.length > 0) return found;
  const line = strange === undefined ? 1 : lines.findIndex((one) => one.trim() === strange) + 1;
  const message = strange === undefined ? `there is no identity in ${file}` : 'this line is no identity of age';
  const hint = 'a file that `age-keygen` wrote is expected; keys of SSH and plugins are not taken';
  throw new UserError([mistake('BadAgeIdentity', message, { file, line, column: 1 }, hint)]);
}

/** Throws `RangeError` with why it cannot be opened. */
export async function openAge(armored: string, identities: readonly string[]): Promise<Buffer> {
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    const text = armored
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .join('\n');
    return Buffer.from(await decrypter.decrypt(armor.decode(`${text}\n`)));
  } catch (error) {
    throw new RangeError((error as Error).message);
  }
}

/** Armored, with a line end behind it. Throws `UserError` for what is no recipient. */
export async function writeAge(plain: Buffer, recipients: readonly string[]): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      const message = `"${recipient}" is no recipient of age: ${(error as Error).message}`;
      throw new UserError([mistake('BadAgeRecipient', message, undefined, 'it begins with age1')]);
    }
  }
  return `${armor.encode(await encrypter.encrypt(plain)).trimEnd()}\n`;
}
