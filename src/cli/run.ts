import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Event } from '../engine/events.ts';
import { journalDir, newRunId } from '../engine/journal.ts';
import type { Operator } from '../engine/operator.ts';
import { pendingHandlers } from '../engine/pending-handlers.ts';
import { run } from '../engine/run.ts';
import type { Watch } from '../engine/saved-plan.ts';
import { tasksOf } from '../engine/steps.ts';
import type { Playbook, Task } from '../playbook/types.ts';
import { makeReports } from '../report/index.ts';
import { UserError } from '../source/diagnostic.ts';
import { VERSION } from '../source/home.ts';
import { hideSecrets } from '../source/secrets.ts';
import { makeDialer } from './dialer.ts';
import { EXIT } from './exit.ts';
import { lists } from './lists.ts';
import { loadRun } from './load-run.ts';
import { becomeFlags, prepareRun } from './prepare-run.ts';
import { type Ask, askSecret, makeAsk } from './prompt.ts';
import { type RunFlags, remember } from './run-flags.ts';
import { selectTasks } from './select-tasks.ts';
import { startJournal } from './start-journal.ts';

/** How else a run may be made than as `kvmplay run` does it. */
export interface How {
  readonly mode?: 'audit' | 'apply';
  /** The content of the one playbook where there is no file of it. */
  readonly text?: string;
  readonly watch?: Watch;
  readonly hear?: (event: Event) => void;
  /** Report nothing unless something fails. */
  readonly rehearsal?: true;
}

/** `kvmplay run`, `audit` and what is made of them. Gives the exit status; throws `UserError` before any host is touched. */
export async function runCommand(files: readonly string[], flags: RunFlags, how: How = {}): Promise<number> {
  const loaded = await loadRun(files, flags, how.text);
  const playbooks = selectTasks(loaded.playbooks, flags);
  if (flags.syntaxCheck) {
    for (const file of files) process.stdout.write(`\nplaybook: ${file}\n`);
    return EXIT.ok;
  }
  if (flags.listHosts || flags.listTasks || flags.listTags) {
    process.stdout.write(hideSecrets(lists({ ...loaded, playbooks }, flags, files)));
    return EXIT.ok;
  }

  const { memory, facts, variables, mistakes } = await prepareRun(loaded, playbooks, flags);
  if (mistakes.length > 0) throw new UserError(mistakes);
  const plays = playbooks.flatMap((playbook) => playbook.plays);
  const dialer = await makeDialer(flags);
  const runId = newRunId(new Date(), randomBytes(2).toString('hex'));
  const reports = makeReports({
    output: flags.output,
    files: flags.report,
    verbosity: flags.verbose,
    stdout: process.stdout,
  });
  const hosts = [...new Set(plays.flatMap((play) => [...loaded.hostsOf(play)]))];
  const pending = await pendingHandlers(
    journalDir(),
    playbooks.map(({ file }) => file),
    hosts,
  );
  const journal = mayAct(playbooks, flags)
    ? await startJournal({
        run_id: runId,
        mode: how.mode === 'apply' ? 'apply' : 'run',
        playbooks: files,
        inventory: flags.inventory,
        hosts,
        ...(how.mode === undefined && !flags.check && { flags: remember(flags) }),
      })
    : undefined;
  const held: Event[] = [];
  const ask = makeAsk();
  const emit = (event: Event) => {
    how.hear?.(event);
    if (how.rehearsal) held.push(event);
    else reports.emit(event);
  };
  for (const message of loaded.warnings) emit({ event: 'warning', message });
  try {
    const status = await run({
      runId,
      mode: how.mode ?? (flags.check ? 'check' : 'run'),
      version: VERSION,
      git: await gitOf(process.cwd()),
      playbooks,
      hostsOf: loaded.hostsOf,
      variablesOf: variables,
      memory,
      facts,
      factsUsed: loaded.factsUsed,
      extra: loaded.extra,
      dial: dialer.dial,
      check: flags.check === true,
      diff: flags.diff === true,
      maxImpact: flags.maxImpact,
      forceHandlers: flags.forceHandlers === true,
      forks: flags.forks,
      flags: becomeFlags(flags),
      detailedExitCode: flags.detailedExitcode === true,
      pending,
      journal,
      emit,
      ...(flags.confirm !== undefined && { confirm: { seconds: flags.confirm, from: flags.confirmFrom } }),
      operator: operatorAt(flags.verbose, dialer.interrupt, ask),
      ...(flags.step && { ask: stepper(ask, new Set(plays.flatMap((play) => play.handlers))) }),
      ...(how.watch && { watch: how.watch }),
    });
    const ended = dialer.interrupted() ? EXIT.interrupted : status;
    await journal?.append({ is: 'end', finished: new Date().toISOString(), exit_code: ended });
    if (ended !== EXIT.ok) for (const event of held) reports.emit(event);
    if (!how.rehearsal || ended !== EXIT.ok) await reports.close();
    return ended;
  } finally {
    await journal?.close();
    dialer.close();
  }
}

/** Whether anything could be done on a host: not in check mode, unless a task says `check_mode: false`. */
function mayAct(playbooks: readonly Playbook[], flags: RunFlags): boolean {
  const plays = playbooks.flatMap((playbook) => playbook.plays);
  const tasks = plays.flatMap((play) => [...play.sections.flatMap((items) => [...tasksOf(items)]), ...play.handlers]);
  // What a template says cannot be told yet.
  return tasks.some(({ checkMode = flags.check === true }) => checkMode !== true);
}

/** The person at the terminal, if there is one. What they are told is not part of the report. */
const operatorAt = (verbosity: number, interrupted: AbortSignal, ask: Ask): Operator => ({
  ask: async (question, hidden) => {
    if (!process.stdin.isTTY) return undefined;
    return hidden ? askSecret(question) : ask(question);
  },
  say: (text) => void process.stderr.write(hideSecrets(text)),
  verbosity,
  interrupted,
});

/** `--step`: yes, no, or continue without asking again. */
function stepper(ask: Ask, handlers: ReadonlySet<Task>): (task: Task, host: string) => Promise<boolean> {
  const answers = new Map<Task, Promise<boolean>>();
  let all = false;
  let turn: Promise<unknown> = Promise.resolve();
  return (task) => {
    if (all) return Promise.resolve(true);
    const known = answers.get(task);
    if (known) return known;
    const answer = turn.then(async () => {
      const kind = handlers.has(task) ? 'HANDLER' : 'TASK';
      const said = await ask(`Perform task: ${kind}: ${task.name.value} (N)o/(y)es/(c)ontinue: `);
      const word = said?.trim().toLowerCase() ?? '';
      if (word.startsWith('c')) all = true;
      return all || word.startsWith('y');
    });
    turn = answer;
    answers.set(task, answer);
    return answer;
  };
}

/** The commit that the playbooks are at, or null outside a repository. */
export async function gitOf(folder: string): Promise<{ commit: string; dirty: boolean } | null> {
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', folder, ...args], { timeout: 5000 });
  try {
    const [{ stdout: commit }, { stdout: status }] = await Promise.all([
      git('rev-parse', 'HEAD'),
      git('status', '--porcelain', '--untracked-files=no'),
    ]);
    return { commit: commit.trim(), dirty: status !== '' };
  } catch {
    return null;
  }
}
