import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { IMPACTS } from '../contract/index.ts';
import { addConfirmFlags, addConnectionFlags, addTaskFlags, collect } from './run-command.ts';

/** `history`, `show`, `resume` and `rollback`: what runs have done, going on with one and taking one back. */
export function addHistoryCommands(kvmplay: Command): void {
  kvmplay
    .command('history')
    .description('List the runs whose journals are kept, the newest first')
    .action(async () => {
      process.exitCode = await (await import('./history.ts')).history();
    });
  kvmplay
    .command('show')
    .description('Show what a run changed, and what it left open; or what a plan would change')
    .argument('<run>', 'its id, as `kvmplay history` prints it; `last` is the newest; or the file of a plan')
    .action(async (run: string) => {
      process.exitCode = existsSync(run)
        ? (await import('./show-plan.ts')).showPlan(run)
        : await (await import('./history.ts')).show(run);
    });
  const resume = addTaskFlags(
    kvmplay
      .command('resume')
      .description('Make a run again, with its own flags, on the hosts that it did not get through')
      .argument('<run>', 'its id, as `kvmplay history` prints it; `last` is the newest'),
  );
  addConfirmFlags(resume).action(async (run, flags) => {
    process.exitCode = await (await import('./resume.ts')).resumeCommand(run, flags);
  });
  const back = addConnectionFlags(
    kvmplay
      .command('rollback')
      .description('Take back what a run changed, the last change first; what others changed since is left')
      .argument('<run>', 'its id, as `kvmplay history` prints it; `last` is the newest'),
  )
    .option('-i, --inventory <source>', 'where the hosts are now. Default: as the run was given', collect, [])
    .option('-l, --limit <pattern>', 'only these hosts', collect, [])
    .option('-C, --check', 'change nothing; say what would be taken back')
    .option('-D, --diff', 'show what changes, before and after')
    .option('-f, --forks <n>', 'how many hosts at a time', Number, 50)
    .option('--output <form>', 'human, json, jsonl or quiet', 'human')
    .option('--max-impact <level>', IMPACTS.join(', '), 'reboot');
  addConfirmFlags(back).action(async (run, flags) => {
    process.exitCode = await (await import('./rollback.ts')).rollbackCommand(run, flags);
  });
}
