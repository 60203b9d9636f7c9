import { type Command, Option } from 'commander';
import type { DocFlags } from './doc.ts';

/** `kvmplay doc`: the reference of modules, in the terminal. */
export function addDocCommand(kvmplay: Command): void {
  kvmplay
    .command('doc')
    .description('List all modules, or show the reference of one')
    .argument('[module]', 'its name')
    .addOption(new Option('--output <form>', 'what to print').choices(['text', 'json']).default('text'))
    .action(async (module: string | undefined, flags: DocFlags) => {
      process.exitCode = await (await import('./doc.ts')).docCommand(module, flags);
    });
}
