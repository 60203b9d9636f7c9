import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PlaceFlags } from './place.ts';
import { addAskFlags } from './run-command.ts';

const FORMS = ['text', 'json', 'svg'] as const;

/** `kvmplay place`: what the planner would do, without doing it. */
export function addPlaceCommand(kvmplay: Command): void {
  addAskFlags(
    kvmplay
      .command('place')
      .description('Say where guests would go on a host, and why; nothing is changed')
      .argument('[host]', 'a host of the inventory'),
  )
    .option('--root <folder>', 'a folder that stands for the root of the host; / is this machine')
    .option('--topology <file>', 'what `kvmplay topology --format json` printed')
    .requiredOption('--guests <file>', 'the guests: a YAML list; see docs/placement.md')
    .option(
      '--reserve <cpus>',
      'CPUs kept for the host: a list such as 0-1,8, none, auto, or auto:N for N CPUs; default: what host_reserve said on the host, else auto',
    )
    .addOption(
      new Option('--stability <how>', 'sticky: guests that are well placed stay; optimise: they move for a gain')
        .choices(['sticky', 'optimise'])
        .default('sticky'),
    )
    .option(
      '--min-gain <n>',
      'with optimise: nodes, caches or shared cores saved for each running guest moved',
      number,
      0,
    )
    .option('--overcommit <factor>', 'how many shared vCPUs may float over one CPU', factor, 4)
    .addOption(new Option('--format <form>', 'what to print').choices(FORMS).default('text'))
    .addOption(new Option('--output <form>', 'the same as --format').choices(FORMS))
    .action(async (host: string | undefined, flags: PlaceFlags) => {
      process.exitCode = await (await import('./place.ts')).placeCommand(host, flags);
    });
}

/** Less than one vCPU on a CPU is no sharing. */
function factor(text: string): number {
  if (number(text) < 1) throw new InvalidArgumentError('it is at least 1.');
  return number(text);
}

function number(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('a number is expected.');
  return Number(text);
}
