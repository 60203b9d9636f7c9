import { type Command, Option } from 'commander';
import { collect } from './run-command.ts';
import type { ValidateFlags } from './validate.ts';
import { addVaultFlags } from './vault-flags.ts';

/** `kvmplay validate`: everything that can be found without a host. */
export function addValidateCommand(kvmplay: Command): void {
  addVaultFlags(
    kvmplay
      .command('validate')
      .description('Find what is wrong with playbooks, roles, inventory, templates and modules, without any host'),
  )
    .argument('[path...]', 'playbooks, or folders of them. Default: this folder')
    .option(
      '-i, --inventory <source>',
      'inventory file, folder, executable, or list of hosts with a comma',
      collect,
      [],
    )
    .option('-e, --extra-vars <vars>', 'name=value, a YAML or JSON map, or @FILE; stronger than all else', collect, [])
    .addOption(new Option('--output <form>', 'what to print').choices(['text', 'json']).default('text'))
    .action(async (paths: string[], flags: ValidateFlags) => {
      process.exitCode = await (await import('./validate.ts')).validateCommand(paths, flags);
    });
}
