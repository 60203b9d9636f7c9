import { type Command, InvalidArgumentError, Option } from 'commander';
import { IMPACTS } from '../contract/index.ts';
import type { RunFlags } from './run-flags.ts';
import { addVaultFlags } from './vault-flags.ts';

/** For flags that may be given several times. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const commas = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean),
];

export function positive(value: string): number {
  if (!/^\d+$/.test(value) || Number(value) < 1) throw new InvalidArgumentError('it takes a whole number from 1.');
  return Number(value);
}

/** `run` and `audit`. */
export function addRunCommands(kvmplay: Command): void {
  const run = kvmplay.command('run').description('Bring hosts to the state that playbooks describe');
  const audit = kvmplay
    .command('audit')
    .description('Tell drift: run --check --diff --detailed-exitcode; exit 3 when anything would change');
  for (const command of [run, audit]) {
    addRunFlags(command);
    command.option(
      '--rerun <which>',
      'failed, or failed:RUN: only hosts that the last run, or RUN, did not get through',
    );
    if (command === run) addConfirmFlags(command);
    command.action(async (playbooks: string[], { rerun, ...given }: RunFlags & { rerun?: string }) => {
      const { runCommand } = await import('./run.ts');
      const only = rerun === undefined ? undefined : await (await import('./resume.ts')).hostsToRerun(rerun, playbooks);
      const flags: RunFlags = { ...given, ...(only && { only }) };
      const asAudit = { ...flags, check: true, diff: true, detailedExitcode: true };
      process.exitCode =
        command === audit
          ? await runCommand(playbooks, asAudit, { mode: 'audit' })
          : await runCommand(playbooks, flags);
    });
  }
}

export function addRunFlags(command: Command): Command {
  return addTaskFlags(command)
    .argument('<playbook...>', 'playbook files')
    .option('-t, --tags <tags>', 'only what has one of these tags', commas, [])
    .option('--skip-tags <tags>', 'not what has one of these tags', commas, [])
    .option('--list-tasks', 'print the tasks, and stop')
    .option('--list-tags', 'print the tags, and stop')
    .option('--start-at-task <name>', 'begin with this task')
    .option('--force-handlers', 'run notified handlers on hosts that failed');
}

/** Flags of everything that does tasks. */
export function addTaskFlags(command: Command): Command {
  return addAskFlags(command)
    .option('-C, --check', 'change nothing; say what would change')
    .option('-D, --diff', 'show what changes, before and after')
    .option('-e, --extra-vars <vars>', 'name=value, a YAML or JSON map, or @FILE; stronger than all else', collect, [])
    .option('-v, --verbose', 'tell more; up to -vvvv', (_: string, before: number) => before + 1, 0)
    .option('--list-hosts', 'print the hosts that would be worked on, and stop')
    .option('--syntax-check', 'check what is written and the inventory, and stop')
    .option('--step', 'ask before each task')
    .addOption(
      new Option('--output <form>', 'what to print').choices(['human', 'json', 'jsonl', 'quiet']).default('human'),
    )
    .option('--report <file>', 'also write a report: .html .json .xml (JUnit) .prom .sarif; repeatable', collect, [])
    .addOption(
      new Option('--max-impact <level>', 'refuse changes that do more than this').choices(IMPACTS).default('reboot'),
    )
    .option('--detailed-exitcode', 'exit 3 when changes are pending');
}

/** For commands that act on hosts. */
export function addConfirmFlags(command: Command): Command {
  return command
    .option('--confirm <seconds>', 'hosts undo what is not confirmed by a new connection for so long', positive)
    .addOption(
      new Option('--confirm-from <level>', 'with --confirm: from which impact on')
        .choices(IMPACTS)
        .default('network-blip'),
    );
}

/** Which hosts, how many at a time, how they are reached and as whom. */
export function addAskFlags(command: Command): Command {
  return addConnectionFlags(command)
    .option(
      '-i, --inventory <source>',
      'inventory file, folder, executable, or list of hosts with a comma',
      collect,
      [],
    )
    .option('-l, --limit <pattern>', 'only these hosts; @FILE reads them from a file', collect, [])
    .option('-f, --forks <n>', 'how many hosts at a time', positive, 50)
    .option('-b, --become', 'work as another user, root by default')
    .option('--become-user <user>', 'the user to become')
    .option('--become-method <method>', 'sudo or su');
}

/** How hosts are reached, and as whom. */
export function addConnectionFlags(command: Command): Command {
  return addVaultFlags(command)
    .option('-u, --user <user>', 'connect as this user')
    .option('-K, --ask-become-pass', 'ask for the password to become another user')
    .option('-k, --ask-pass', 'ask for the password to connect')
    .option('--private-key <file>', 'connect with this key')
    .option('-T, --timeout <seconds>', 'how long connecting may take', positive)
    .option('-c, --connection <type>', 'ssh or local')
    .option('--accept-new-host-keys', 'trust hosts never seen before, as OpenSSH’s accept-new');
}
