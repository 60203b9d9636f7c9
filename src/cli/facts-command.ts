import { type Command, Option } from 'commander';
import type { FactsFlags } from './facts.ts';
import { addAskFlags } from './run-command.ts';

/** `kvmplay facts`: what playbooks can know of a host. */
export function addFactsCommand(kvmplay: Command): void {
  addAskFlags(
    kvmplay
      .command('facts')
      .description('Show what can be told of hosts, as playbooks see it: {{ facts.memory.total_kib }}')
      .argument('[words...]', 'a host or a pattern, then facts by name, such as memory or memory.total_kib'),
  )
    .option('--root <folder>', 'instead of a host, a folder that stands for the root of one; / is this machine')
    .addOption(new Option('--output <form>', 'what to print').choices(['text', 'json']).default('text'))
    .action(async (words: string[], flags: FactsFlags) => {
      process.exitCode = await (await import('./facts.ts')).factsCommand(words, flags);
    });
}
