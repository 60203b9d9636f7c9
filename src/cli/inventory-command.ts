import type { Command } from 'commander';
import { renderDiagnostics } from '../source/render.ts';
import { collect } from './run-command.ts';
import { addVaultFlags, type VaultFlags } from './vault-flags.ts';

interface Flags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly limit: readonly string[];
  readonly list?: boolean;
  readonly host?: string;
  readonly graph?: string | true;
  readonly hosts?: string;
  readonly vars?: boolean;
  readonly export?: boolean;
  readonly playbookDir?: string;
}

/** `kvmplay inventory`: what `ansible-inventory` prints, and `--hosts` one name a line. */
export function addInventoryCommand(kvmplay: Command): void {
  addVaultFlags(kvmplay.command('inventory').description('Show hosts, groups and variables as an inventory gives them'))
    .argument('[group]', 'the group to start a --graph at')
    .option(
      '-i, --inventory <source>',
      'inventory file, folder, executable, or list of hosts with a comma',
      collect,
      [],
    )
    .option('-l, --limit <pattern>', 'only these hosts', collect, [])
    .option('--list', 'everything, as JSON')
    .option('--host <name>', "one host's variables, as JSON")
    .option('--graph [group]', 'groups and hosts as a tree')
    .option('--hosts <pattern>', 'the hosts that a pattern names, one a line')
    .option('--vars', 'with --graph: variables too')
    .option('--export', 'with --list: variables where they were defined, not merged')
    .option('--playbook-dir <folder>', 'the folder whose group_vars and host_vars count as beside a playbook')
    .action(async (group: string | undefined, flags: Flags) => {
      const { inventoryCommand } = await import('./inventory.ts');
      const { locksmithOf } = await import('./keyring.ts');
      const { limit, graph, inventory, ...rest } = flags;
      const sources =
        inventory.length > 0 ? inventory : (process.env.ANSIBLE_INVENTORY ?? '').split(',').filter(Boolean);
      process.exitCode = await inventoryCommand(
        {
          ...rest,
          inventory: sources,
          openVault: (await locksmithOf(flags)).openFile,
          ...(limit.length > 0 && { limit: limit.join(',') }),
          ...(graph !== undefined && { graph: group ?? graph }),
        },
        {
          cwd: process.cwd(),
          print: (text) => process.stdout.write(`${text}\n`),
          warn: (warning) =>
            process.stderr.write(
              renderDiagnostics([warning], { readSource: () => undefined }).replace(/^error/, 'warning'),
            ),
        },
      );
    });
}
