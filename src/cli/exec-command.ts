import type { Command } from 'commander';
import type { ExecFlags } from './exec.ts';
import { addConfirmFlags, addTaskFlags } from './run-command.ts';

/** `kvmplay exec`: one task, without a playbook. */
export function addExecCommand(kvmplay: Command): void {
  const command = kvmplay
    .command('exec')
    .description('Do one task, ad hoc, as a playbook would')
    .argument('<pattern>', 'hosts of the inventory')
    .requiredOption('-m, --module-name <module>', 'what does it: see `kvmplay doc`')
    .option('-a, --args <args>', "its parameters: 'k=v …', or YAML", '');
  addConfirmFlags(addTaskFlags(command)).action(async (pattern: string, flags: ExecFlags) => {
    process.exitCode = await (await import('./exec.ts')).execCommand(pattern, flags);
  });
}
