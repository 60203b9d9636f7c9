import type { Command } from 'commander';
import type { ApplyFlags } from './plan.ts';
import { addConfirmFlags, addRunFlags, addTaskFlags } from './run-command.ts';
import type { RunFlags } from './run-flags.ts';

/** `plan` and `apply`: what would be done, in a file to be looked at, and exactly that done. */
export function addPlanCommands(kvmplay: Command): void {
  addRunFlags(
    kvmplay.command('plan').description('Write down what playbooks would change, to be looked at and applied later'),
  )
    .requiredOption('-o, --out <file>', 'the file to write')
    .action(async (playbooks: string[], flags: RunFlags & { out: string }) => {
      process.exitCode = await (await import('./plan.ts')).planCommand(playbooks, flags);
    });
  const apply = addTaskFlags(
    kvmplay
      .command('apply')
      .description('Do what a plan foretold, and nothing else; where a host is not as it was, nothing is done anywhere')
      .argument('<file>', 'what `kvmplay plan` wrote'),
  ).option('--unforeseen', 'let tasks of which the plan knows nothing do what they find');
  addConfirmFlags(apply).action(async (file: string, flags: ApplyFlags) => {
    process.exitCode = await (await import('./plan.ts')).applyCommand(file, flags);
  });
}
