import { mistake, type Position, UserError } from '../source/diagnostic.ts';
import { AGE_HEADER, openAge } from './age.ts';
import { openEnvelope, readEnvelope } from './envelope.ts';
import type { VaultPassword } from './passwords.ts';

/** What opens vaults. */
export interface Keyring {
  readonly passwords: readonly VaultPassword[];
  /** Identities of age. */
  readonly identities: readonly string[];
}

const VAULT_HEADER = '$ANSIBLE_VAULT;';

/** Whether a text is encrypted as a whole, by Ansible Vault or by age with armor. */
export const isSealed = (text: string): boolean => text.startsWith(VAULT_HEADER) || text.startsWith(AGE_HEADER);

/** The plain text, and the password that opened it, unless it was age. Throws `UserError` at `at`: `VaultLocked`, `BadVault`. */
export async function openSealed(
  text: string,
  keyring: Keyring,
  at: Position | undefined,
): Promise<{ readonly plain: Buffer; readonly by?: VaultPassword }> {
  if (text.trim().startsWith(AGE_HEADER)) return { plain: await openWithAge(text, keyring, at) };
  const envelope = told(() => readEnvelope(text), at);
  // Ansible tries the id that stands in the vault first, then all others.
  const passwords = [...keyring.passwords].sort(
    (a, b) => Number(b.label === envelope.label) - Number(a.label === envelope.label),
  );
  for (const by of passwords) {
    const plain = await openEnvelope(envelope, by.password);
    if (plain) return { plain, by };
  }
  const of = envelope.label === 'default' ? '' : ` for the vault id "${envelope.label}"`;
  if (passwords.length === 0)
    throw locked(
      `this is encrypted${of}, and no vault password was given`,
      at,
      'give --vault-password-file, --vault-id or -J',
    );
  const tried = [...new Set(passwords.map(({ label }) => label))].join(', ');
  const message = `this is encrypted${of}, and no password given opens it (tried: ${tried}): it is another one, or this is damaged`;
  throw locked(message, at, 'see whether `ansible-vault view` opens it with the same password');
}

async function openWithAge(text: string, { identities }: Keyring, at: Position | undefined): Promise<Buffer> {
  if (identities.length === 0)
    throw locked('this is encrypted by age, and no identity was given', at, 'give --age-identity FILE');
  try {
    return await openAge(text, identities);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const none = /no identity matched/.test(error.message);
    if (none)
      throw locked('this is encrypted by age for others than the identities given', at, 'give --age-identity FILE');
    throw new UserError([
      mistake('BadVault', `this is encrypted by age and damaged: ${error.message}`, at, 'encrypt it once more'),
    ]);
  }
}

const locked = (message: string, at: Position | undefined, hint: string): UserError =>
  new UserError([mistake('VaultLocked', message, at, hint)]);

function told<T>(read: () => T, at: Position | undefined): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError([mistake('BadVault', `this vault is damaged: ${error.message}`, at, 'encrypt it once more')]);
  }
}
