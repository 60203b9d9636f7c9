import { type Command, Option } from 'commander';
import type { EvidenceFlags } from './evidence.ts';
import { addAskFlags, positive } from './run-command.ts';

/** `kvmplay evidence`: what a tuning is good for, measured. */
export function addEvidenceCommand(kvmplay: Command): void {
  addAskFlags(
    kvmplay
      .command('evidence')
      .description('Measure where vCPUs run, where their memory is and what interrupts them, before and after a tuning')
      .argument('<pattern>', 'the hosts, as in `hosts:` of a play'),
  )
    .option('--interval <seconds>', 'how long to look', positive, 5)
    .option('--samples <n>', 'how often to look meanwhile', positive, 5)
    .option('--before <file>', 'show beside it what `--output json` gave before')
    .addOption(new Option('--output <form>', 'what to print').choices(['human', 'json', 'html']).default('human'))
    .action(async (pattern: string, flags: EvidenceFlags) => {
      process.exitCode = await (await import('./evidence.ts')).evidenceCommand(pattern, flags);
    });
}
