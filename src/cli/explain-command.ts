import { type Command, Option } from 'commander';
import type { ExplainFlags } from './explain.ts';
import { collect } from './run-command.ts';
import { addVaultFlags } from './vault-flags.ts';

/** `kvmplay explain`: what a variable is on a host, and why. */
export function addExplainCommand(kvmplay: Command): void {
  addVaultFlags(
    kvmplay
      .command('explain')
      .description('Say what a variable is on a host, where that is written, and what it overrides'),
  )
    .argument('<host>', 'a host of the inventory')
    .argument('[variable]', 'its name. Default: all that is written anywhere')
    .option(
      '-i, --inventory <source>',
      'inventory file, folder, executable, or list of hosts with a comma',
      collect,
      [],
    )
    .option('-p, --playbook <file>', 'as the plays, roles and tasks of this playbook see it; repeatable', collect, [])
    .option('-e, --extra-vars <vars>', 'name=value, a YAML or JSON map, or @FILE; stronger than all else', collect, [])
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (host: string, variable: string | undefined, flags: ExplainFlags) => {
      process.exitCode = await (await import('./explain.ts')).explainCommand(host, variable, flags);
    });
}
