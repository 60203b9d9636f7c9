import { Command, CommanderError } from 'commander';
import { mistake, UserError } from '../source/diagnostic.ts';
import { VERSION } from '../source/home.ts';
import { didYouMean } from '../source/nearest.ts';
import { addDocCommand } from './doc-command.ts';
import { addDomainCommand } from './domain-command.ts';
import { addEvidenceCommand } from './evidence-command.ts';
import { addExecCommand } from './exec-command.ts';
import { EXIT, explainError } from './exit.ts';
import { addExplainCommand } from './explain-command.ts';
import { addFactsCommand } from './facts-command.ts';
import { addHistoryCommands } from './history-command.ts';
import { addInventoryCommand } from './inventory-command.ts';
import { addLabCommands } from './lab-command.ts';
import { addPlaceCommand } from './place-command.ts';
import { addPlanCommands } from './plan-command.ts';
import { addRunCommands } from './run-command.ts';
import { addTopologyCommand } from './topology-command.ts';
import { addValidateCommand } from './validate-command.ts';
import { addVaultCommand } from './vault-command.ts';

/** The command line. Each command loads what it needs when it is called, so that `--help` costs nothing. */
function program(): Command {
  const kvmplay = new Command('kvmplay')
    .description('Agentless infrastructure-as-code for tuning fleets of KVM hypervisors')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .showSuggestionAfterError(false)
    .enablePositionalOptions();
  addRunCommands(kvmplay);
  addExecCommand(kvmplay);
  addPlanCommands(kvmplay);
  addHistoryCommands(kvmplay);
  addInventoryCommand(kvmplay);
  addExplainCommand(kvmplay);
  addEvidenceCommand(kvmplay);
  addPlaceCommand(kvmplay);
  addTopologyCommand(kvmplay);
  addDomainCommand(kvmplay);
  addFactsCommand(kvmplay);
  addDocCommand(kvmplay);
  addVaultCommand(kvmplay);
  addValidateCommand(kvmplay);
  addLabCommands(kvmplay);
  return kvmplay;
}

async function main(argv: readonly string[]): Promise<number> {
  const kvmplay = program();
  try {
    if (argv.length === 0) {
      kvmplay.outputHelp();
      return EXIT.ok;
    }
    await kvmplay.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    const known = error instanceof CommanderError ? flagMistake(error, argv, kvmplay) : error;
    if (known === undefined) return EXIT.ok;
    return explainError(known, (text) => process.stderr.write(text), process.stderr.isTTY === true);
  }
}

/** Commander's refusal as a mistake like any other; undefined where it only printed help or the version. */
function flagMistake(error: CommanderError, argv: readonly string[], kvmplay: Command): UserError | undefined {
  if (error.exitCode === 0) return undefined;
  const command = kvmplay.commands.find((one) => one.name() === argv[0]) ?? kvmplay;
  const message = error.message.replace(/^error: /, '');
  const word = /'(-[^' =]*|[^' ]+)/.exec(message)?.[1] ?? '';
  const candidates =
    error.code === 'commander.unknownCommand'
      ? kvmplay.commands.map((one) => one.name())
      : command.options.flatMap((option) => [option.long ?? '', option.short ?? '']);
  // A flag that is there is spelled well: it lacks something else.
  const meant = candidates.includes(word) ? undefined : didYouMean(word, candidates);
  const hint = meant ?? `see \`kvmplay ${command === kvmplay ? '' : `${command.name()} `}--help\``;
  return new UserError([mistake('BadFlag', message, undefined, hint)]);
}

// A reader that has seen enough (`| head`) must not end a run that is under way.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await main(process.argv.slice(2));
