import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The part of a `kvmplay.run/1` report that these tests look at. */
interface Report {
  readonly run_id: string;
  readonly exit_code: number;
  readonly round_trips: Readonly<Record<string, number>>;
  readonly tasks: readonly { readonly name: string; readonly results: readonly Result[] }[];
}

interface Result {
  readonly status: string;
  readonly changes: readonly { readonly target: string; readonly plane: string }[];
  readonly notes?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

export interface Outcome {
  readonly id: string;
  readonly status: number;
  /** What kvmplay said of it, to be shown where the status is not as expected. */
  readonly words: string;
  readonly roundTrips: number | undefined;
  readonly tasks: Report['tasks'];
  readonly results: readonly Result[];
  /** What would change or was changed, each once. */
  readonly targets: readonly string[];
}

/** kvmplay as it was built, from whatever folder. */
export const KVMPLAY = [process.execPath, join(import.meta.dirname, '../../bin/kvmplay.js')] as const;

const HOST = 'hypervisor';

interface Setting {
  /** For inventory, playbook and journals. */
  readonly folder: string;
  /** The inventory's variables of the one host. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** The command that runs another where kvmplay is to run. */
  readonly beside?: readonly string[];
}

/** kvmplay as a user runs it, by its command, on one host; `tasks` as in a playbook. */
export interface Kvmplay {
  run(tasks: readonly object[]): Outcome;
  audit(tasks: readonly object[]): Outcome;
  rollback(id: string): Outcome;
  /** What `kvmplay evidence` prints of it. */
  evidence(...flags: readonly string[]): string;
}

export function kvmplayOn({ folder, vars, beside = [] }: Setting): Kvmplay {
  mkdirSync(folder, { recursive: true });
  const inventory = join(folder, 'inventory.yml');
  // JSON is YAML.
  writeFileSync(inventory, JSON.stringify({ all: { hosts: { [HOST]: vars } } }));
  const start = (...words: readonly string[]) => {
    const [program = '', ...argv] = [...beside, ...KVMPLAY, ...words, '-i', inventory];
    const env = { ...process.env, XDG_STATE_HOME: folder };
    return spawnSync(program, argv, { encoding: 'utf8', timeout: 540_000, env });
  };
  const call = (...words: readonly string[]): Outcome => {
    const { status, stdout, stderr } = start(...words, '--output', 'json');
    if (!stdout.startsWith('{')) throw new Error(`kvmplay ${words[0]}: status ${status}, no report\n${stderr}`);
    return outcomeOf(status ?? -1, JSON.parse(stdout) as Report, stderr);
  };
  const play = (command: string, tasks: readonly object[]): Outcome => {
    const path = join(folder, 'play.yml');
    writeFileSync(path, JSON.stringify([{ hosts: 'all', tasks }]));
    return call(command, path);
  };
  return {
    run: (tasks) => play('run', tasks),
    audit: (tasks) => play('audit', tasks),
    rollback: (id) => call('rollback', id),
    evidence(...flags) {
      const { status, stdout, stderr } = start('evidence', 'all', ...flags);
      if (status !== 0) throw new Error(`kvmplay evidence: status ${status}\n${stderr}`);
      return stdout;
    },
  };
}

/** What of an outcome belongs to the tasks of a name. */
export function of({ tasks }: Outcome, name: string): Pick<Outcome, 'results' | 'targets'> {
  const results = tasks.filter((task) => task.name === name).flatMap((task) => task.results);
  return { results, targets: targetsOf(results) };
}

function outcomeOf(status: number, { run_id, tasks, round_trips }: Report, stderr: string): Outcome {
  const results = tasks.flatMap((task) => task.results);
  const errors = results.flatMap(({ error }) => (error ? [`${error.code}: ${error.message}`] : []));
  return {
    id: run_id,
    status,
    words: [...errors, stderr].join('\n'),
    roundTrips: round_trips[HOST],
    tasks,
    results,
    targets: targetsOf(results),
  };
}

function targetsOf(results: readonly Result[]): readonly string[] {
  return [...new Set(results.flatMap(({ changes }) => changes.map(({ target }) => target)))];
}
