import type { Command } from 'commander';

/** What opens what is encrypted, as commander gives it. */
export interface VaultFlags {
  /** `LABEL@SOURCE`, a file, a program or `prompt`. */
  readonly vaultId: readonly string[];
  readonly vaultPasswordFile: readonly string[];
  readonly askVaultPassword?: boolean;
  readonly ageIdentity: readonly string[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** For all commands that read variables. */
export function addVaultFlags(command: Command): Command {
  return command
    .option('--vault-id <id>', 'a vault password: [LABEL@]FILE, a program that prints it, or prompt', collect, [])
    .option('--vault-password-file <file>', 'a file with a vault password, or a program that prints it', collect, [])
    .option('--vault-pass-file <file>', 'the same', collect, [])
    .option('-J, --ask-vault-password', 'ask for a vault password')
    .option('--ask-vault-pass', 'the same')
    .option('--age-identity <file>', 'a file with identities of age', collect, []);
}
