import { type Impact, Problem, type Remote } from '../contract/index.ts';
import type { Enclosing, Play, Playbook, Task } from '../playbook/types.ts';
import { hideSecrets } from '../source/secrets.ts';
import { showAt } from '../source/show-at.ts';
import type { Binding, Scope } from '../template/index.ts';
import { censoredChange, censoredResult } from './censor.ts';
import { type Armed, type Confirm, type ConfirmOptions, makeConfirm, undoneWords } from './confirm.ts';
import { confirmHosts, confirmOne } from './confirm-hosts.ts';
import type { Emit, Mode } from './events.ts';
import { type FactBook, factsToRead } from './facts.ts';
import type { FactsUsed } from './facts-used.ts';
import { type Host, type Identity, makeHost, sameIdentity } from './host.ts';
import { type BecomeFlags, identityOf } from './identity.ts';
import type { Journal, JournalRecord } from './journal.ts';
import { type Doing, journalLedger, type Ledger } from './ledger.ts';
import { NOBODY, type Operator } from './operator.ts';
import { type PendingHandler, pendingIn } from './pending-handlers.ts';
import { runPlay, type Surroundings } from './run-play.ts';
import type { Watch } from './saved-plan.ts';
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
  /** The variable `facts`, made by the caller for the same reason. */
  readonly facts: FactBook;
  /** What playbooks use of it. */
  readonly factsUsed: FactsUsed;
  readonly extra: ReadonlyMap<string, Binding>;
  /** Opens a connection. Rejects with `Unreachable`. */
  readonly dial: (host: string, identity: Identity, scope: Scope, play: Play, seconds?: number) => Promise<Remote>;
  readonly check: boolean;
  readonly diff: boolean;
  readonly maxImpact: Impact;
  readonly forceHandlers: boolean;
  readonly forks: number;
  readonly flags: BecomeFlags;
  /** Changes that are pending end the run with a status of their own. */
  readonly detailedExitCode: boolean;
  /** Handlers that earlier runs left: they run with those that this run notifies. */
  readonly pending: readonly PendingHandler[];
  /** Undefined where no task can act: check mode, unless one says `check_mode: false`. */
  readonly journal: Journal | undefined;
  readonly emit: Emit;
  /** Undo on the hosts themselves what no new connection confirms. */
  readonly confirm?: ConfirmOptions;
  readonly ask?: (task: Task, host: string) => Promise<boolean>;
  readonly operator?: Operator;
  /** Looks at what a task would do on a host, before it is done or told. */
  readonly watch?: Watch;
}

/** Run playbooks over their hosts. Resolves with the exit status: 0, 2, 3 or 4. */
export async function run(job: Run): Promise<number> {
  const plays = job.playbooks.flatMap((playbook) => playbook.plays).map((play) => ({ play, hosts: job.hostsOf(play) }));
  const names = [...new Set(plays.flatMap(({ hosts }) => hosts))];
  const tally = makeTally(names, job.emit);
  const { memory } = job;
  const hosts = new Map<string, Host>();

  const scopeOf = (host: string, play: Play, around?: Enclosing): Scope => {
    const facts = job.facts.of(host);
    return scopeFor(
      { host: job.variablesOf(host, play), play, memory: memory.of(host), extra: job.extra, facts },
      around,
    );
  };
  let current = 0;
  const confirm = job.confirm && !job.check ? makeConfirm(job.runId, job.confirm) : undefined;
  /** What a timer of another run did there, and nobody has been told. */
  const hear = async (host: string, remote: Remote): Promise<void> => {
    for (const one of remote.undone ?? []) {
      if (one.id.startsWith(job.runId)) continue;
      tally.emit({ event: 'warning', host, message: undoneWords(one) });
      if (!job.journal || job.check) continue;
      await job.journal.append({ is: 'undone', host, id: one.id, at: one.at, failed: one.failed });
      await remote.exchange({ actions: [], probes: [], guard: { do: 'forget', id: one.id } });
    }
  };
  const hostNamed = (name: string): Host => {
    const known = hosts.get(name);
    if (known) return known;
    const dial = async (_: string, identity: Identity, seconds?: number) => {
      const play = plays[current]?.play;
      if (!play) throw new Error('a host is asked for while no play is running');
      const remote = await job.dial(name, identity, scopeOf(name, play), play, seconds);
      await hear(name, remote);
      return confirm ? confirm.alive(name, identity, remote) : remote;
    };
    const ahead = async (identity: Identity) => {
      const coming = plays.slice(current).filter(({ hosts: members }) => members.includes(name));
      const facts = factsToRead(host, new Set(coming.flatMap(({ play }) => [...job.factsUsed.inPlay(play).own])));
      const jobs = async () => {
        const all = coming.map(({ play }) => {
          const as = (task: Task, scope: Scope) => sameIdentity(identityOf(task.become, job.flags, scope), identity);
          return jobsOf(play, (task) => scopeOf(name, play, task.scope), as);
        });
        return (await Promise.all(all)).flat();
      };
      // What depends on facts can be named when they are read.
      return facts ? { jobs: [facts, ...(await jobs())], again: jobs } : { jobs: await jobs() };
    };
    const host = makeHost(name, dial, ahead);
    job.facts.recallBy(name, (probes) => host.recall(probes));
    hosts.set(name, host);
    return host;
  };

  const notes: JournalRecord[] = [];
  const note = async (record: JournalRecord): Promise<void> => {
    notes.push(record);
    await job.journal?.append(record);
  };
  const last = (host: string) => plays.findLast(({ hosts: members }) => members.includes(host)) ?? plays.at(-1);
  const dialArmed = ({ host, identity }: Armed): Promise<Remote> => {
    const play = last(host)?.play;
    if (!play) throw new Error(`no play has worked on ${host}`);
    return job.dial(host, identity, scopeOf(host, play), play);
  };
  /** Frames that confirming took, by host. */
  const confirming = new Map<string, number>();
  const release = async (host: string, { seconds, armed, released }: Confirm): Promise<Problem | undefined> => {
    for (const one of armed().filter((other) => other.host === host)) {
      const { error, roundTrips } = await confirmOne(one, { seconds, dial: dialArmed, note });
      confirming.set(host, (confirming.get(host) ?? 0) + roundTrips);
      if (error) return new Problem(error.code, error.message, error.hint);
    }
    released(host);
    return undefined;
  };
  const around: Surroundings = {
    hostNamed,
    factsUsed: job.factsUsed,
    scopeOf,
    remember: (host, values) => memory.set(host, values),
    ledger: (host, task, identity, more, hidden) => ({
      ...ledgerOf(job.journal, task, { host, identity, ...more }, hidden, confirm),
      ...(confirm && { release: () => release(host, confirm) }),
    }),
    pending: (host, play) =>
      job.pending.filter((one) => one.host === host && isOf(one, play)).map(({ handler }) => handler),
    note,
    left: async (host, leave) => {
      const last = !plays.slice(current + 1).some(({ hosts: members }) => members.includes(host));
      const how = leave === 'ended' || leave === 'play-ended' ? 'done' : leave;
      if (last || how !== 'done') await job.journal?.append({ is: 'left', host, how });
    },
    check: job.check,
    diff: job.diff,
    maxImpact: job.maxImpact,
    forceHandlers: job.forceHandlers,
    forks: job.forks,
    flags: job.flags,
    emit: tally.emit,
    operator: job.operator ?? NOBODY,
    ...(job.ask && { ask: job.ask }),
    ...(job.watch && { watch: job.watch }),
  };

  tally.emit(started(job));
  for (const one of job.pending) {
    const there = plays.some(({ play }) => isOf(one, play) && handlerNames(play).includes(one.handler));
    tally.emit({ event: 'warning', host: one.host, message: leftBy(one, there) });
    const { run: _, handler, ...where } = one;
    // From now on it is this run's, whatever becomes of it.
    if (there && !job.check) await note({ is: 'notified', ...where, handlers: [handler] });
  }
  const out = new Set<string>();
  try {
    for (const [number, { play, hosts: members }] of plays.entries()) {
      current = number;
      const able = members.filter((host) => !out.has(host));
      if (members.length === 0)
        tally.emit({ event: 'play_start', play: number, name: play.name, hosts: [], steps: [] });
      if (able.length === 0) continue;
      const end = await runPlay(number, play, able, around);
      for (const host of end.out) out.add(host);
      if (end.over) break;
    }
  } finally {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
  const armed = confirm?.armed() ?? [];
  if (confirm && armed.length > 0) {
    const { seconds } = confirm;
    const more = await confirmHosts({ armed, seconds, dial: dialArmed, note, emit: tally.emit, play: plays.length });
    for (const [host, count] of more) confirming.set(host, (confirming.get(host) ?? 0) + count);
  }
  for (const { host, handler } of pendingIn(notes, job.runId))
    tally.emit({ event: 'warning', host, message: `"${handler}" was notified and not run: the next run does it` });
  const exit_code = tally.exitCode(job.detailedExitCode);
  const round_trips = Object.fromEntries(
    names.map((name) => [name, (hosts.get(name)?.roundTrips ?? 0) + (confirming.get(name) ?? 0)]),
  );
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

const isOf = ({ playbook, play }: PendingHandler, { at, name }: Play): boolean =>
  playbook === at.file && play === hideSecrets(name);

const handlerNames = ({ handlers }: Play): readonly string[] => handlers.map(({ name }) => String(name.value));

function leftBy({ handler, run }: PendingHandler, there: boolean): string {
  const message = `"${handler}" was notified in run ${run} and has not been run since`;
  return there ? `${message}: it runs now` : `${message}; the playbook has no such handler any more`;
}

function ledgerOf(
  journal: Journal | undefined,
  task: Task,
  more: Pick<Doing, 'host' | 'identity' | 'task' | 'notifies'>,
  hidden: boolean,
  confirm?: Confirm,
): Ledger {
  const ledger = journalLedger(journal, { ...more, module: task.module, source: showAt(task.at) }, confirm);
  if (!hidden) return ledger;
  return {
    ...ledger,
    intend: (changes) => ledger.intend(changes.map(censoredChange)),
    done: (seq, results) => ledger.done(seq, results.map(censoredResult)),
    takenBack: (seq, results) => ledger.takenBack(seq, results.map(censoredResult)),
  };
}
