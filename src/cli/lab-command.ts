import { type Command, InvalidArgumentError } from 'commander';
import type { LabFlags, LabUpFlags } from './lab.ts';

/** `lab up`, `down`, `status`, `inventory` and `demo`. */
export function addLabCommands(kvmplay: Command): void {
  const lab = kvmplay.command('lab').description('Simulated hypervisors on this machine, to try things on');
  const add = (name: string, description: string) =>
    lab.command(name).description(description).option('--dir <folder>', 'where the lab keeps its things');

  add('up', 'start simulated hypervisors: SSH servers on loopback, each with a directory as its root')
    .option('--hosts <n>', 'how many', between(1, 2000), 12)
    .option('--topology <name>', 'the captured machine that each is a copy of', 'debian12-2s2n')
    .option('--port <n>', 'the first port to try', between(1024, 65_000), 42_201)
    .option('--foreground', 'stay, and end with Ctrl-C')
    .action(async (flags: LabUpFlags) => {
      process.exitCode = await (await import('./lab.ts')).labUp(flags);
    });
  add('down', 'end the simulated hypervisors').action(async (flags: LabFlags) => {
    process.exitCode = await (await import('./lab.ts')).labDown(flags);
  });
  add('status', 'say whether a lab is up; exit 1 where none is').action(async (flags: LabFlags) => {
    process.exitCode = await (await import('./lab.ts')).labStatus(flags);
  });
  add('inventory', "print the lab's inventory").action(async (flags: LabFlags) => {
    process.exitCode = await (await import('./lab.ts')).labInventory(flags);
  });
  lab
    .command('demo')
    .description('see it at work: change a lab, find nothing to change, find what has drifted')
    .option('--keep', 'leave the lab up afterwards')
    .action(async (flags: { keep?: boolean }) => {
      process.exitCode = await (await import('./lab-demo.ts')).labDemo(flags.keep === true);
    });
}

function between(least: number, most: number): (typed: string) => number {
  return (typed) => {
    const number = /^\d{1,9}$/.test(typed) ? Number(typed) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`it takes a whole number from ${least} to ${most}.`);
  };
}
