import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { promisify } from 'node:util';
import type { Event } from '../engine/events.ts';
import type { Identity } from '../engine/host.ts';
import { type Journal, journalDir, newRunId, openJournal } from '../engine/journal.ts';
import { run } from '../engine/run.ts';
import type { Task } from '../playbook/types.ts';
import { makeReports } from '../report/index.ts';
import type { Scope } from '../template/index.ts';
import { connect } from '../transport/connect.ts';
import { type Flags, targetOf } from '../transport/target.ts';
import { CouldNot, EXIT } from './exit.ts';
import { listHosts, listTags, listTasks } from './lists.ts';
import { loadRun } from './load-run.ts';
import { ask, askSecret } from './prompt.ts';
import type { RunFlags } from './run-flags.ts';
import { selectTasks } from './select-tasks.ts';
import { hostVariables } from './variables.ts';
import { VERSION } from './version.ts';

/** `kvmplay run` and `kvmplay audit`. Gives the exit status; throws `UserError` before any host is touched. */
export async function runCommand(files: readonly string[], given: RunFlags, audit: boolean): Promise<number> {
  const flags: RunFlags = audit ? { ...given, check: true, diff: true, detailedExitcode: true } : given;
  const loaded = await loadRun(files, flags);
  const playbooks = selectTasks(loaded.playbooks, flags);
  const chosen = { ...loaded, playbooks };
  if (flags.syntaxCheck) {
    for (const file of files) process.stdout.write(`\nplaybook: ${file}\n`);
    return EXIT.ok;
  }
  const lists = [
    ...(flags.listHosts ? [listHosts] : []),
    ...(flags.listTasks ? [listTasks] : []),
    ...(flags.listTags ? [listTags] : []),
  ];
  if (lists.length > 0) {
    for (const list of lists) process.stdout.write(list(chosen));
    return EXIT.ok;
  }

  const password = flags.askPass ? await askSecret('SSH password: ') : undefined;
  const becomePassword = flags.askBecomePass ? await askSecret('BECOME password: ') : undefined;
  const interrupt = new AbortController();
  setMaxListeners(0, interrupt.signal);
  const ui = {
    askPassword: askSecret,
    notice: (message: string) => process.stderr.write(`${message}\n`),
    signal: interrupt.signal,
  };
  const runId = newRunId(new Date(), randomBytes(2).toString('hex'));
  const journal = flags.check ? undefined : await startJournal(runId, files, flags);
  const reports = makeReports({
    output: flags.output,
    files: flags.report,
    verbosity: flags.verbose,
    stdout: process.stdout,
  });
  const emit = (event: Event) => reports.emit(event);
  const variables = hostVariables(loaded.inventory, loaded.hostsOf, flags.check === true);
  const stop = () => interrupt.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);

  const dial = (host: string, identity: Identity, scope: Scope) => {
    const known = connectionVariables(scope);
    const connection: Flags = {
      connection: flags.connection,
      user: flags.user,
      password,
      privateKey: flags.privateKey,
      timeout: flags.timeout,
      acceptNewHostKeys: flags.acceptNewHostKeys,
      become: identity.user !== undefined,
      becomeUser: identity.user,
      becomeMethod: identity.method,
      becomePassword,
    };
    return connect(targetOf(host, known, connection), ui);
  };
  for (const message of loaded.warnings) emit({ event: 'warning', message });
  try {
    const status = await run({
      runId,
      mode: audit ? 'audit' : flags.check ? 'check' : 'run',
      version: VERSION,
      git: await gitOf(process.cwd()),
      playbooks,
      hostsOf: loaded.hostsOf,
      variablesOf: variables,
      playFilesOf: () => [],
      extra: loaded.extra,
      dial,
      check: flags.check === true,
      diff: flags.diff === true,
      maxImpact: flags.maxImpact,
      forceHandlers: flags.forceHandlers === true,
      forks: flags.forks,
      flags: {
        become: flags.become === true,
        ...(flags.becomeUser !== undefined && { user: flags.becomeUser }),
        ...(flags.becomeMethod !== undefined && { method: flags.becomeMethod }),
      },
      detailedExitCode: flags.detailedExitcode === true,
      journal,
      emit,
      ...(flags.step && { ask: stepper() }),
    });
    const ended = interrupt.signal.aborted ? EXIT.interrupted : status;
    await journal?.append({ is: 'end', finished: new Date().toISOString(), exit_code: ended });
    await reports.close();
    return ended;
  } finally {
    await journal?.close();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

async function startJournal(runId: string, files: readonly string[], flags: RunFlags): Promise<Journal> {
  try {
    const journal = await openJournal(journalDir(), runId);
    await journal.append({
      is: 'run',
      run_id: runId,
      mode: 'run',
      version: VERSION,
      started: new Date().toISOString(),
      playbooks: files,
      inventory: flags.inventory,
      cwd: process.cwd(),
    });
    return journal;
  } catch (error) {
    const why = (error as Error).message;
    throw new CouldNot(
      `cannot write the run's journal, so nothing was done: ${why}`,
      'set XDG_STATE_HOME to a folder that can be written',
    );
  }
}

/** The variables that say how to reach a host; whom to become there is decided task by task. */
function connectionVariables(scope: Scope): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  const nowhere = { file: 'inventory', line: 1, column: 1 };
  for (const name of scope.names()) {
    if (!/^(ansible_|kvmplay_root$)/.test(name) || /^ansible_become(_user|_method)?$/.test(name)) continue;
    known[name] = scope.lookup(name, nowhere);
  }
  return known;
}

/** `--step`: yes, no, or continue without asking again. */
function stepper(): (task: Task, host: string) => Promise<boolean> {
  const answers = new Map<Task, Promise<boolean>>();
  let all = false;
  let turn: Promise<unknown> = Promise.resolve();
  return (task) => {
    if (all) return Promise.resolve(true);
    const known = answers.get(task);
    if (known) return known;
    const answer = turn.then(async () => {
      const said = await ask(`Perform task: ${task.name.value} (N)o/(y)es/(c)ontinue: `);
      if (said.startsWith('c')) all = true;
      return all || said.startsWith('y');
    });
    turn = answer;
    answers.set(task, answer);
    return answer;
  };
}

/** The commit that the playbooks are at, or null outside a repository. */
async function gitOf(folder: string): Promise<{ commit: string; dirty: boolean } | null> {
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
