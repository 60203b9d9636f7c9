import type { Impact, Remote } from '../contract/index.ts';
import type { Enclosing, Play, Playbook, Task } from '../playbook/types.ts';
import { showAt } from '../source/show-at.ts';
import type { Binding, Scope } from '../template/index.ts';
import { censoredChange } from './censor.ts';
import type { Emit, Mode } from './events.ts';
import { type Host, type Identity, makeHost, sameIdentity } from './host.ts';
import { type BecomeFlags, identityOf } from './identity.ts';
import type { Journal } from './journal.ts';
import { journalLedger } from './ledger.ts';
import type { Ledger } from './run-module.ts';
import { runPlay, type Surroundings } from './run-play.ts';
import { jobsOf } from './survey.ts';
import { makeTally } from './tally.ts';
import { type HostVariables, type Memory, scopeFor } from './variables.ts';

/** All that a run is given; nothing is looked up elsewhere. */
export interface Run {
  readonly runId: string;
  readonly mode: Mode;
  readonly version: string;
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  readonly playbooks: readonly Playbook[];
  /** An Ansible pattern, the limit applied, in Ansible's order. */
  readonly hostsOf: (play: Play) => readonly string[];
  readonly variablesOf: (host: string, play: Play) => HostVariables;
  /** What tasks set. The caller makes it, so that `variablesOf` can let hosts see it of each other. */
  readonly memory: Memory;
  readonly extra: ReadonlyMap<string, Binding>;
  /** Opens a connection. Rejects with `Unreachable`. */
  readonly dial: (host: string, identity: Identity, scope: Scope, play: Play) => Promise<Remote>;
  readonly check: boolean;
  readonly diff: boolean;
  readonly maxImpact: Impact;
  readonly forceHandlers: boolean;
  readonly forks: number;
  readonly flags: BecomeFlags;
  /** Changes that are pending end the run with a status of their own. */
  readonly detailedExitCode: boolean;
  /** Undefined where no task can act: check mode, unless one says `check_mode: false`. */
  readonly journal: Journal | undefined;
  readonly emit: Emit;
  readonly ask?: (task: Task, host: string) => Promise<boolean>;
}

/** Run playbooks over their hosts. Resolves with the exit status: 0, 2, 3 or 4. */
export async function run(job: Run): Promise<number> {
  const plays = job.playbooks.flatMap((playbook) => playbook.plays).map((play) => ({ play, hosts: job.hostsOf(play) }));
  const names = [...new Set(plays.flatMap(({ hosts }) => hosts))];
  const tally = makeTally(names, job.emit);
  const { memory } = job;
  const hosts = new Map<string, Host>();

  const scopeOf = (host: string, play: Play, around?: Enclosing): Scope => {
    return scopeFor({ host: job.variablesOf(host, play), play, memory: memory.of(host), extra: job.extra }, around);
  };
  let current = 0;
  const hostNamed = (name: string): Host => {
    const known = hosts.get(name);
    if (known) return known;
    const dial = (_: string, identity: Identity) => {
      const play = plays[current]?.play;
      if (!play) throw new Error('a host is asked for while no play is running');
      return job.dial(name, identity, scopeOf(name, play), play);
    };
    const ahead = async (identity: Identity) => {
      const coming = plays.slice(current).filter(({ hosts: members }) => members.includes(name));
      const jobs = await Promise.all(
        coming.map(({ play }) => {
          const as = (task: Task, scope: Scope) => sameIdentity(identityOf(task.become, job.flags, scope), identity);
          return jobsOf(play, (task) => scopeOf(name, play, task.scope), as);
        }),
      );
      return jobs.flat();
    };
    const host = makeHost(name, dial, ahead);
    hosts.set(name, host);
    return host;
  };

  const around: Surroundings = {
    hostNamed,
    scopeOf,
    remember: (host, values) => memory.set(host, values),
    ledger: (host, task, title, identity) => ledgerOf(job.journal, host, task, title, identity),
    check: job.check,
    diff: job.diff,
    maxImpact: job.maxImpact,
    forceHandlers: job.forceHandlers,
    forks: job.forks,
    flags: job.flags,
    emit: tally.emit,
    ...(job.ask && { ask: job.ask }),
  };

  tally.emit(started(job));
  const out = new Set<string>();
  try {
    for (const [number, { play, hosts: members }] of plays.entries()) {
      current = number;
      const able = members.filter((host) => !out.has(host));
      if (able.length === 0) continue;
      const gone = await runPlay(number, play, able, around);
      for (const host of gone) out.add(host);
    }
  } finally {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
  const exit_code = tally.exitCode(job.detailedExitCode);
  const round_trips = Object.fromEntries(names.map((name) => [name, hosts.get(name)?.roundTrips ?? 0]));
  tally.emit({ event: 'run_end', finished: new Date().toISOString(), exit_code, hosts: tally.counts(), round_trips });
  return exit_code;
}

const started = (job: Run) =>
  ({
    event: 'run_start',
    schema: 'kvmplay.run/1',
    mode: job.mode,
    run_id: job.runId,
    kvmplay_version: job.version,
    git: job.git,
    started: new Date().toISOString(),
    playbooks: job.playbooks.map(({ file }) => file),
  }) as const;

function ledgerOf(journal: Journal | undefined, host: string, task: Task, title: string, identity: Identity): Ledger {
  const doing = { host, identity, task: title, module: task.module, source: showAt(task.at) };
  const ledger = journalLedger(journal, doing);
  if (!task.noLog) return ledger;
  return { ...ledger, intend: (changes) => ledger.intend(changes.map(censoredChange)) };
}
