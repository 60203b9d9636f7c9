import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runningLab, stateFolder } from '../lab/state.ts';
import { HOME } from '../source/home.ts';

/** What the demo reads of a report of schema `kvmplay.run/1`. */
interface Report {
  readonly exit_code: number;
  readonly hosts: Readonly<
    Record<string, { readonly changed: number; readonly unreachable: number; readonly failed: number }>
  >;
  readonly tasks: readonly {
    readonly results: readonly { readonly host: string; readonly changes: readonly { readonly target: string }[] }[];
  }[];
}

/** Who changes what by hand, behind everybody's back. */
const DRIFT = [
  { host: 'hv03', knob: '/proc/sys/vm/swappiness', text: '60' },
  { host: 'hv06', knob: '/sys/kernel/mm/ksm/run', text: '1' },
  { host: 'hv10', knob: '/sys/kernel/mm/transparent_hugepage/enabled', text: '[always] madvise never' },
] as const;

/**
 * The whole of the main job on a lab of its own: make changes, make none, find drift. Every step is the command that a
 * user would type. Looks at the outcomes itself: exit code 1, and what differed, where one is not as it should be.
 */
export async function labDemo(keep: boolean): Promise<number> {
  const dir = stateFolder('demo');
  // No guests in the lab: what the playbook says of them would be skipped.
  const site = ['playbooks/site.yml', '--tags', 'host', '-i', join(dir, 'inventory.yml')];
  const reportFile = join(dir, 'report.json');
  const wrong: string[] = [];
  const expectSame = (what: string, is: unknown, should: unknown): void => {
    if (!isDeepStrictEqual(is, should))
      wrong.push(`${what}: ${JSON.stringify(is)}, and should be ${JSON.stringify(should)}`);
  };
  const reported = async (command: string, ...flags: readonly string[]): Promise<Report | undefined> => {
    rmSync(reportFile, { force: true });
    await kvmplay([command, ...site, ...flags, '--report', reportFile]);
    return readReport(reportFile);
  };

  // One that an earlier demo was told to keep has been worked on.
  if (runningLab(dir)) await kvmplay(['lab', 'down', '--dir', dir]);
  title('A fleet to work on: 12 simulated hypervisors, some of them tuned by hand over the years');
  if ((await kvmplay(['lab', 'up', '--dir', dir])) !== 0) return 1;
  const roots = new Map(runningLab(dir)?.hosts?.map(({ name, root }) => [name, root]));
  const names = [...roots.keys()];

  title('Make every one of them what the playbook says');
  const first = await reported('run');
  expectSame('exit code of the first run', first?.exit_code, 0);
  expectSame(
    'hosts changed by the first run',
    hostsWhere(first, ({ changed }) => changed > 0),
    names,
  );

  title('Once more: there is nothing left to do');
  const second = await reported('run');
  expectSame('exit code of the second run', second?.exit_code, 0);
  expectSame(
    'hosts changed by the second run',
    hostsWhere(second, ({ changed }) => changed > 0),
    [],
  );

  title('Somebody changes three hosts by hand');
  for (const { host, knob, text } of DRIFT) {
    const path = `${roots.get(host)}${knob}`;
    console.log(`$ echo '${text}' > ${fromHome(path)}`);
    writeFileSync(path, `${text}\n`);
  }

  title('An audit names them. It reads, and writes nothing');
  const audit = await reported('audit');
  expectSame('exit code of the audit', audit?.exit_code, 3);
  const found = audit?.tasks.flatMap(({ results }) =>
    results.flatMap(({ host, changes }) => changes.map(({ target }) => `${host} ${target}`)),
  );
  expectSame('what the audit found', found?.sort(), DRIFT.map(({ host, knob }) => `${host} ${knob}`).sort());

  if (!keep) {
    title('That was it');
    await kvmplay(['lab', 'down', '--dir', dir]);
  }
  if (wrong.length > 0) {
    console.error(`\nThe demo did not go as it should have:\n${wrong.map((one) => `  ${one}`).join('\n')}`);
    return 1;
  }
  console.log(
    `\nChecked: the first run changed ${names.length} hosts, the second none, and the audit found these and nothing else:`,
  );
  for (const one of found ?? []) console.log(`  ${one}`);
  console.log(whatNext(keep ? dir : undefined));
  return 0;
}

const whatNext = (kept: string | undefined): string => `
What to type next (kvmplay is node bin/kvmplay.js here; npm link puts it on your PATH):

  kvmplay audit playbooks/kernel-settings.yml -i inventories/local     this machine's own kernel: reads it, writes nothing
  kvmplay lab up                                                       a lab of your own; kvmplay lab inventory prints its hosts
${kept ? `  kvmplay audit playbooks/site.yml -i ${fromHome(join(kept, 'inventory.yml'))}\n  kvmplay lab down --dir ${fromHome(kept)}\n` : ''}`;

const title = (text: string): void => console.log(`\n── ${text}\n`);

/** Runs kvmplay as its user would, on this terminal. */
async function kvmplay(args: readonly string[]): Promise<number> {
  console.log(`$ kvmplay ${args.map(fromHome).join(' ')}`);
  const script = join(HOME, 'bin', 'kvmplay.js');
  const child = spawn(process.execPath, [script, ...args], { cwd: HOME, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function fromHome(path: string): string {
  return path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path;
}

function hostsWhere(report: Report | undefined, test: (count: Report['hosts'][string]) => boolean): string[] {
  return Object.entries(report?.hosts ?? {})
    .filter(([, count]) => test(count))
    .map(([host]) => host);
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined; // The command has said why there is none; its exit code will not be what it should.
  }
}
