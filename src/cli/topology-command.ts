import { type Command, Option } from 'commander';
import { addAskFlags } from './run-command.ts';
import type { TopologyCommandFlags } from './topology.ts';

const FORMS = ['text', 'json', 'svg', 'html'] as const;

/** `kvmplay topology`: what a host is made of, and who is where on it. */
export function addTopologyCommand(kvmplay: Command): void {
  addAskFlags(
    kvmplay
      .command('topology')
      .description("Show a host's sockets, nodes, caches, cores, devices and interrupts, and where its guests are")
      .argument('[host]', 'a host of the inventory'),
  )
    .option('--root <folder>', 'a folder that stands for the root of the host; / is this machine')
    .option('--topology <file>', 'what `kvmplay topology --format json` printed')
    .addOption(new Option('--format <form>', 'what to print').choices(FORMS).default('text'))
    .addOption(new Option('--output <form>', 'the same as --format').choices(FORMS))
    .action(async (host: string | undefined, flags: TopologyCommandFlags) => {
      process.exitCode = await (await import('./topology.ts')).topologyCommand(host, flags);
    });
}
