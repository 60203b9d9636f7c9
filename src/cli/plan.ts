import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { newRunId } from '../engine/journal.ts';
import { makeGuard, makeRecorder } from '../engine/saved-plan.ts';
import { mistake, UserError } from '../source/diagnostic.ts';
import { VERSION } from '../source/home.ts';
import { hideSecrets } from '../source/secrets.ts';
import { CouldNot, EXIT } from './exit.ts';
import { PLAN_SCHEMA, type PlanFile, readPlan } from './plan-file.ts';
import { replaceFile } from './replace-file.ts';
import { gitOf, runCommand } from './run.ts';
import { type FlagsNow, type RunFlags, recall, remember } from './run-flags.ts';

/** `kvmplay plan`: check mode, and what it foretold in a file. Gives the exit status of the check. */
export async function planCommand(files: readonly string[], { out, ...flags }: RunFlags & { readonly out: string }) {
  const recorder = makeRecorder();
  const now = new Date();
  const { watch, hear } = recorder;
  const status = await runCommand(files, { ...flags, check: true, diff: flags.diff ?? true }, { watch, hear });
  if (status === EXIT.interrupted || onlyLists(flags)) return status;
  const saved = recorder.saved();
  const plan: PlanFile = {
    schema: PLAN_SCHEMA,
    plan_id: newRunId(now, randomBytes(2).toString('hex')),
    kvmplay_version: VERSION,
    created: now.toISOString(),
    git: await gitOf(process.cwd()),
    cwd: process.cwd(),
    playbooks: files.map((file) => resolve(file)),
    flags: remember(flags),
    ...saved,
  };
  await replaceFile(out, Buffer.from(`${hideSecrets(JSON.stringify(plan, null, 1))}\n`)).catch((error: Error) => {
    throw new CouldNot(`cannot write the plan: ${error.message}`, 'name another file with -o');
  });
  process.stderr.write(`${out}: ${sizeOf(plan)}. Do it with: kvmplay apply ${out}\n`);
  for (const [host, why] of Object.entries(plan.without))
    process.stderr.write(hideSecrets(`  without ${host}: ${why}\n`));
  return status;
}

const onlyLists = (flags: Pick<RunFlags, 'syntaxCheck' | 'listHosts' | 'listTasks' | 'listTags'>): boolean =>
  [flags.syntaxCheck, flags.listHosts, flags.listTasks, flags.listTags].includes(true);

function sizeOf({ tasks, unforeseen }: PlanFile): string {
  const changes = tasks.reduce((sum, task) => sum + task.changes.length, 0);
  const hosts = new Set(tasks.map(({ host }) => host)).size;
  const open = unforeseen.length > 0 ? `, and ${unforeseen.length} tasks of which nothing can be known before` : '';
  return `${changes} changes on ${hosts} hosts${open}`;
}

export type ApplyFlags = FlagsNow & { readonly unforeseen?: boolean };

/**
 * `kvmplay apply`: what a plan foretold and nothing else. Everything is looked at first, on all hosts: where a host is not as
 * it was, or a playbook would do something else by now, nothing is done anywhere.
 */
export async function applyCommand(file: string, { unforeseen, ...given }: ApplyFlags): Promise<number> {
  const plan = readPlan(file);
  const free = unforeseen === true;
  if (plan.unforeseen.length > 0 && !free) throw incomplete(file, plan);
  const report = given.report.map((one) => resolve(one));
  if (!existsSync(plan.cwd)) throw refused('BadPlan', `${file} was made in ${plan.cwd}, which is not there`);
  process.chdir(plan.cwd);
  const flags: RunFlags = { ...recall(plan.flags, given, file), report, only: new Set(plan.hosts) };
  if (onlyLists(flags)) return runCommand(plan.playbooks, flags);

  const known = new Set(plan.unforeseen.map(({ host, source }) => `${host} ${source}`));
  const rehearsal = makeRecorder();
  const { hear } = rehearsal;
  const watch = makeGuard(plan, { unforeseen: free });
  const rehearsed = await runCommand(
    plan.playbooks,
    { ...flags, check: true },
    { mode: 'apply', rehearsal: true, watch, hear },
  );
  if (rehearsed !== EXIT.ok) {
    process.stderr.write(
      `${REFUSED[rehearsed] ?? 'The plan does not hold any more.'} The plan was not begun on any host.\n`,
    );
    return rehearsed;
  }
  const news = rehearsal.saved().unforeseen.filter(({ host, source }) => !known.has(`${host} ${source}`));
  if (news.length > 0)
    throw new UserError(
      news.map(({ host, source, task, why }) =>
        mistake('PlanStale', `${host}: "${task}" (${source}) was foreseen, and cannot be known now: ${why}`),
      ),
    );
  if (given.check) {
    process.stderr.write(`${file} still holds: ${sizeOf(plan)}. Nothing was changed.\n`);
    return EXIT.ok;
  }
  return runCommand(plan.playbooks, flags, { mode: 'apply', watch: makeGuard(plan, { unforeseen: free }) });
}

/** Why a plan was not begun where that is not the plan's fault, by the status that looking at the hosts ended with. */
const REFUSED: Readonly<Record<number, string>> = {
  [EXIT.unreachable]: 'Not every host answers; -l leaves hosts out.',
  [EXIT.interrupted]: 'Interrupted while the hosts were looked at.',
};

const refused = (code: string, message: string, hint?: string): UserError =>
  new UserError([mistake(code, message, undefined, hint)]);

function incomplete(file: string, { unforeseen }: PlanFile): UserError {
  const hint = 'with --unforeseen these tasks do what they find; or make the plan without them, by --skip-tags';
  return new UserError(
    unforeseen.map(({ host, source, task, why }) =>
      mistake(
        'PlanIncomplete',
        `${file} cannot say what "${task}" (${source}) would do on ${host}: ${why}`,
        undefined,
        hint,
      ),
    ),
  );
}
