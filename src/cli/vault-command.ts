import type { Command } from 'commander';
import type { VaultCommandFlags } from './vault.ts';
import { addVaultFlags } from './vault-flags.ts';

type Act = (args: readonly string[], flags: VaultCommandFlags) => Promise<number>;

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `kvmplay vault`: encrypted files and values, with the words of `ansible-vault`. */
export function addVaultCommand(kvmplay: Command): void {
  const vault = kvmplay
    .command('vault')
    .description('Encrypt and decrypt files and values, as Ansible Vault does or by age');
  const add = (name: string, args: string, about: string, act: () => Promise<Act>): Command =>
    addVaultFlags(vault.command(name).description(about).argument(args)).action(
      async (given: string[], flags: VaultCommandFlags) => {
        process.exitCode = await (await act())(given, flags);
      },
    );
  const output = (command: Command) => command.option('--output <file>', 'write here instead; - is stdout');
  const sealing = (command: Command) =>
    command
      .option('--encrypt-vault-id <label>', 'which of several vault ids is to encrypt')
      .option('--age-recipient <recipient>', 'encrypt by age for this recipient; repeatable', collect, []);

  output(
    sealing(
      add(
        'encrypt',
        '[file...]',
        'Encrypt files in place; - or none is stdin',
        async () => (await import('./vault.ts')).encrypt,
      ),
    ),
  );
  output(
    add(
      'decrypt',
      '[file...]',
      'Decrypt files in place; - or none is stdin',
      async () => (await import('./vault.ts')).decrypt,
    ),
  );
  add('view', '<file...>', 'Print encrypted files', async () => (await import('./vault.ts')).view);
  sealing(
    add(
      'create',
      '<file...>',
      'Write a new encrypted file with $EDITOR',
      async () => (await import('./vault.ts')).create,
    ),
  );
  sealing(add('edit', '<file...>', 'Edit encrypted files with $EDITOR', async () => (await import('./vault.ts')).edit));
  sealing(
    add('rekey', '<file...>', 'Encrypt files with another password', async () => (await import('./vault.ts')).rekey),
  )
    .option('--new-vault-id <id>', 'the new vault id: [LABEL@]FILE, a program, or prompt')
    .option('--new-vault-password-file <file>', 'a file with the new password, or a program that prints it');
  output(
    sealing(
      add(
        'encrypt_string',
        '[text...]',
        'Print texts as encrypted values of YAML; - or none is stdin',
        async () => (await import('./vault.ts')).encryptString,
      ),
    ),
  )
    .option('-n, --name <name>', 'the name of the variable; repeatable', collect, [])
    .option('-p, --prompt', 'ask for the text, without showing what is typed')
    .option('--stdin-name <name>', 'the name of the variable that is read from stdin');
}
