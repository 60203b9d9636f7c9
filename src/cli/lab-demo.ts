import { execFile, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { commandsOf } from '../lab/desk.ts';
import { runningLab, stateFolder } from '../lab/state.ts';
import { HOME } from '../source/home.ts';

/** What the demo reads of a report of schema `kvmplay.run/1`. */
interface Report {
  readonly exit_code: number;
  readonly round_trips: Readonly<Record<string, number>>;
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
/** A vCPU among the host's own work, until its guest is started again. */
const MOVED = { host: 'hv08', guest: 'web1', virsh: ['vcpupin', 'web1', '0', '0', '--live'] } as const;

/**
 * The whole of the main job on a lab of its own: see what would change, make it so, find nothing left, find drift, put it right. Every
 * step is the command that a user would type. Looks at the outcomes itself: exit code 1, and what differed, where one is not as it
 * should be.
 */
export async function labDemo(keep: boolean): Promise<number> {
  const dir = stateFolder('demo');
  const site = ['playbooks/site.yml', '-i', join(dir, 'inventory.yml')];
  const reportFile = join(dir, 'report.json');
  const wrong: string[] = [];
  const expectSame = (what: string, is: unknown, should: unknown): void => {
    if (!isDeepStrictEqual(is, should))
      wrong.push(`${what}: ${JSON.stringify(is)}, and should be ${JSON.stringify(should)}`);
  };
  const reported = async (command: string, ...flags: readonly string[]): Promise<Report | undefined> => {
    rmSync(reportFile, { force: true });
    // What guests get at once. The rest of the playbook they have when they are started again, which nobody does here.
    const tags = flags.includes('--tags') ? [] : ['--tags', 'host,pin'];
    await kvmplay([command, ...site, ...tags, ...flags, '--report', reportFile]);
    return readReport(reportFile);
  };

  // One that an earlier demo was told to keep has been worked on.
  if (runningLab(dir)) await kvmplay(['lab', 'down', '--dir', dir]);
  title('A fleet to work on: 12 simulated hypervisors with 4 guests each, some of them tuned by hand over the years');
  if ((await kvmplay(['lab', 'up', '--dir', dir])) !== 0) return 1;
  const roots = new Map(runningLab(dir)?.hosts?.map(({ name, root }) => [name, root]));
  const names = [...roots.keys()].sort();

  title(
    "Where would the first one's guests be pinned? An audit says what is otherwise than the playbook, and writes nothing",
  );
  const look = await reported('audit', '--limit', 'canary', '--tags', 'pin');
  expectSame('exit code of the first audit', look?.exit_code, 3);

  title('Make every one of them so, their guests pinned where they share a cache, and off the CPUs of the host');
  const first = await reported('run');
  expectSame('exit code of the run', first?.exit_code, 0);
  expectSame('hosts changed by the run', hostsWhere(first, ({ changed }) => changed > 0).sort(), names);

  title('Somebody changes four hosts by hand');
  for (const { host, knob, text } of DRIFT) {
    const path = `${roots.get(host)}${knob}`;
    console.log(`$ echo '${text}' > ${fromHome(path)}`);
    writeFileSync(path, `${text}\n`);
  }
  console.log(`$ virsh ${MOVED.virsh.join(' ')}      # on ${MOVED.host}`);
  await promisify(execFile)(join(commandsOf(dir, MOVED.host), 'virsh'), MOVED.virsh);

  title('An audit names them, in one round trip to each host');
  const audit = await reported('audit');
  expectSame('exit code of the audit', audit?.exit_code, 3);
  const found = audit?.tasks
    .flatMap(({ results }) =>
      results.flatMap(({ host, changes }) => changes.map(({ target }) => `${host} ${fromGuest(target)}`)),
    )
    .sort();
  const drift = [...DRIFT.map(({ host, knob }) => `${host} ${knob}`), `${MOVED.host} ${MOVED.guest}`];
  expectSame('what the audit found', found, drift.sort());
  expectSame('round trips of the audit', [...new Set(Object.values(audit?.round_trips ?? {}))], [1]);

  title('Put right: only what drifted is changed');
  const second = await reported('run', '--output', 'quiet');
  expectSame(
    'hosts changed by the second run',
    hostsWhere(second, ({ changed }) => changed > 0).sort(),
    [...DRIFT.map(({ host }) => host), MOVED.host].sort(),
  );
  const last = await reported('audit', '--output', 'quiet');
  console.log(
    `The audit ends with status ${last?.exit_code}: ${last?.exit_code === 0 ? 'no host is otherwise' : 'something is'}.`,
  );
  expectSame('exit code of the last audit', last?.exit_code, 0);

  if (!keep) {
    title('That was it');
    await kvmplay(['lab', 'down', '--dir', dir]);
  }
  if (wrong.length > 0) {
    console.error(`\nThe demo did not go as it should have:\n${wrong.map((one) => `  ${one}`).join('\n')}`);
    return 1;
  }
  console.log(
    `\nChecked: the first run changed ${names.length} hosts, the audit found these and nothing else, and after the second run nothing:`,
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

/** `web1 (live)`: the guest's name, whichever way it is shown. */
const fromGuest = (target: string): string => target.replace(/ \(\w+\)$/, '');

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
