import { readIdentities } from '../vault/age.ts';
import type { Keyring } from '../vault/keyring.ts';
import { type Locksmith, makeLocksmith } from '../vault/locksmith.ts';
import { readPassword } from '../vault/passwords.ts';
import { askSecret } from './prompt.ts';
import type { VaultFlags } from './vault-flags.ts';

type Given = VaultFlags & { readonly vaultPassFile?: readonly string[]; readonly askVaultPass?: boolean };

const listed = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);

/**
 * Passwords and identities that flags and the environment name, in Ansible's order. Throws `UserError`; asks where it is
 * told to, twice for what is `fresh`.
 */
export async function keyringOf(flags: Given, fresh = false): Promise<Keyring> {
  const { env } = process;
  const files = [...flags.vaultPasswordFile, ...(flags.vaultPassFile ?? [])];
  const named = files.length > 0 ? files : [env.ANSIBLE_VAULT_PASSWORD_FILE ?? ''].filter(Boolean);
  const ids = [
    ...listed(env.ANSIBLE_VAULT_IDENTITY_LIST),
    ...flags.vaultId,
    ...named.map((file) => `default@${file}`),
    ...(flags.askVaultPassword || flags.askVaultPass ? ['default@prompt'] : []),
  ];
  const passwords = [];
  for (const id of ids) passwords.push(await readPassword(id, askSecret, fresh));
  const given = flags.ageIdentity.length > 0 ? flags.ageIdentity : [env.KVMPLAY_AGE_IDENTITY ?? ''].filter(Boolean);
  return { passwords, identities: given.flatMap(readIdentities) };
}

/** Opens what readers meet, with what flags and the environment name. */
export const locksmithOf = async (flags: VaultFlags): Promise<Locksmith> => makeLocksmith(await keyringOf(flags));

/** As `loadInventory` takes it. */
export const reading = ({ openFile, unseal }: Locksmith) => ({ openVault: openFile, unseal });
