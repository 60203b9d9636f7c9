import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from './host.ts';

/** The part of a `kvmplay.run/1` report that these tests look at. */
interface Report {
  readonly exit_code: number;
  readonly hosts: Readonly<Record<string, { readonly changed: number; readonly failed: number }>>;
  readonly round_trips: Readonly<Record<string, number>>;
  readonly tasks: readonly { readonly name: string; readonly results: readonly Result[] }[];
}

interface Result {
  readonly status: string;
  readonly changes: readonly { readonly target: string; readonly plane: string }[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

interface Outcome {
  readonly status: number;
  /** What kvmplay said of it, to be shown where the status is not as expected. */
  readonly words: string;
  readonly report: Report;
  readonly results: readonly Result[];
  /** What would change or was changed, each once. */
  readonly targets: readonly string[];
}

const HOST = 'hypervisor';

/** Runs kvmplay as a user does, by its command and over ssh; `tasks` as in a playbook. */
export function kvmplay(address: Address, command: 'run' | 'audit', tasks: readonly object[]): Outcome {
  const folder = join(address.directory, 'project');
  mkdirSync(folder, { recursive: true });
  const vars = {
    ansible_host: '127.0.0.1',
    ansible_port: address.port,
    ansible_user: 'ops',
    // A login takes seconds under TCG, more beside guests.
    ansible_timeout: 60,
    ansible_become: true,
    ansible_become_password: 'ops-password',
    ansible_ssh_private_key_file: address.keyFile,
    ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${address.knownHostsFile}`,
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'inventory.yml'), JSON.stringify({ all: { hosts: { [HOST]: vars } } }));
  writeFileSync(join(folder, 'play.yml'), JSON.stringify([{ hosts: 'all', tasks }]));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['bin/kvmplay.js', command, join(folder, 'play.yml'), '-i', join(folder, 'inventory.yml'), '--output', 'json'],
    { encoding: 'utf8', timeout: 110_000, env: { ...process.env, XDG_STATE_HOME: folder } },
  );
  if (!stdout.startsWith('{')) throw new Error(`kvmplay ${command}: status ${status}, no report\n${stderr}`);
  const report = JSON.parse(stdout) as Report;
  const results = report.tasks.flatMap((task) => task.results);
  const errors = results.flatMap(({ error }) => (error ? [`${error.code}: ${error.message}`] : []));
  const targets = [...new Set(results.flatMap(({ changes }) => changes.map(({ target }) => target)))];
  return { status: status ?? -1, words: [...errors, stderr].join('\n'), report, results, targets };
}

/** How many tasks of a run made changes. */
export const changedBy = ({ report }: Outcome): number | undefined => report.hosts[HOST]?.changed;
export const roundTripsOf = ({ report }: Outcome): number | undefined => report.round_trips[HOST];
