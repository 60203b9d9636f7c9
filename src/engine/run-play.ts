import type { Impact } from '../contract/index.ts';
import type { Enclosing, Item, Play, Task } from '../playbook/types.ts';
import { findModule } from '../registry/index.ts';
import { hideSecrets } from '../source/secrets.ts';
import { showAt } from '../source/show-at.ts';
import type { Scope } from '../template/index.ts';
import { type Batch, batchesOf, makeBatch } from './batch.ts';
import { censored } from './censor.ts';
import { type Claim, clashesOn } from './cross-check.ts';
import type { Emit, Result } from './events.ts';
import { factsToRead } from './facts.ts';
import type { FactsUsed } from './facts-used.ts';
import { type Gate, makeGate } from './gate.ts';
import type { Host, Identity } from './host.ts';
import type { HostWalk, Inside, Leave } from './host-walk.ts';
import { type BecomeFlags, identityOf } from './identity.ts';
import type { JournalRecord, Notified } from './journal.ts';
import type { Doing, Ledger } from './ledger.ts';
import { failure, titleOf } from './loop.ts';
import type { Operator } from './operator.ts';
import { type Attempt, unreachable } from './outcome.ts';
import { runHost } from './run-host.ts';
import { apply, foretell, type Hand, tell } from './run-module.ts';
import type { Watch, Watched } from './saved-plan.ts';
import { isCheck, isHidden } from './settle.ts';
import { type Steps, stepsOf, tasksOf } from './steps.ts';
import { lookAhead } from './survey.ts';
import type { TaskContext } from './task-context.ts';

/** What a play needs of the run that it is part of. */
export interface Surroundings {
  readonly hostNamed: (name: string) => Host;
  readonly factsUsed: FactsUsed;
  readonly scopeOf: (host: string, play: Play, around?: Enclosing) => Scope;
  readonly remember: (host: string, values: Readonly<Record<string, unknown>>) => void;
  readonly ledger: (
    host: string,
    task: Task,
    identity: Identity,
    more: Pick<Doing, 'task' | 'notifies'>,
    hidden: boolean,
  ) => Ledger;
  /** Handlers of this play that an earlier run left on this host, by name. */
  readonly pending: (host: string, play: Play) => readonly string[];
  readonly note: (record: JournalRecord) => Promise<void>;
  /** This host is through with the play. */
  readonly left: (host: string, leave: Leave) => Promise<void>;
  readonly check: boolean;
  readonly diff: boolean;
  readonly maxImpact: Impact;
  readonly forceHandlers: boolean;
  readonly forks: number;
  readonly flags: BecomeFlags;
  readonly emit: Emit;
  readonly operator: Operator;
  /** Asks the operator before each task, with `--step`. */
  readonly ask?: (task: Task, host: string) => Promise<boolean>;
  readonly watch?: Watch;
}

/** How a play ended for the plays behind it. */
interface PlayEnd {
  /** The hosts that are out of the run from here on. */
  readonly out: ReadonlySet<string>;
  /** No play behind it is for anybody: they may count on what this one could not do. */
  readonly over: boolean;
}

/** Run one play, batch by batch. */
export async function runPlay(
  number: number,
  play: Play,
  hosts: readonly string[],
  around: Surroundings,
): Promise<PlayEnd> {
  const steps = stepsOf(play);
  const { emit } = around;
  emit({ event: 'play_start', play: number, name: play.name, hosts, steps: steps.list });
  const out = new Set<string>();
  for (const members of batchesOf(hosts, play.serial)) {
    const batch = makeBatch(number, members, steps.list.length, emit);
    emit({ event: 'batch_start', play: number, hosts: members });
    const left = await runBatch(number, play, steps, batch, around);
    emit({ event: 'batch_end', play: number });
    for (const [host, leave] of left) if (leave === 'failed' || leave === 'unreachable') out.add(host);
    if (batch.stopped || members.every((host) => out.has(host))) return { out: new Set(hosts), over: true };
    if ([...left.values()].includes('play-ended')) break;
  }
  return { out, over: false };
}

async function runBatch(
  number: number,
  play: Play,
  steps: Steps,
  batch: Batch,
  around: Surroundings,
): Promise<ReadonlyMap<string, Leave>> {
  const tasks = [...play.sections.flatMap((items) => [...tasksOf(items)]), ...play.handlers];
  const lockstep =
    play.anyErrorsFatal ||
    play.maxFailPercentage !== undefined ||
    // Who is asked whether to go on must see what came of all that stands before.
    around.ask !== undefined ||
    tasks.some((task) => task.anyErrorsFatal || task.module === 'pause');
  const gate = makeGate(around.forks);
  const throttles = new Map<Task, Gate>();
  const left = new Map<string, Leave>();

  const walkOf = (host: string): HostWalk => ({
    host,
    play,
    steps,
    batch,
    lockstep,
    check: around.check,
    forceHandlers: around.forceHandlers || play.forceHandlers,
    ready: (item, inside) => ready(item, host, play, batch.hosts, inside, around),
    scope: (item, { locals }) =>
      around.scopeOf(host, play, item.scope).with('batch', inBatch(play, batch)).with('loop', locals),
    context: (task, inside, way) => contextOf(task, host, play, batch, inside, way, around),
    pending: handlersNamed(play, around.pending(host, play)),
    note: async (is, by, handlers) => {
      if (!isCheck(by, around.scopeOf(host, play, by.scope), around.check))
        await around.note({ is, host, ...notified(play, handlers) });
    },
    emit: (spot, result) => around.emit({ event: 'task_result', play: number, step: spot.at(-1) ?? 0, spot, result }),
    admit: async (task, throttle, work) => {
      if (around.ask && !(await around.ask(task, host))) return { changed: false, failed: false, unreachable: false };
      const throttled = throttles.get(task) ?? (throttle > 0 ? makeGate(throttle) : undefined);
      if (throttled) throttles.set(task, throttled);
      const once = lockstep ? () => gate(work) : work;
      return throttled ? throttled(once) : once();
    },
    clashes: async () => {
      const work = async () => clashesOn(around.hostNamed(host), await claimsOf(host, play, around));
      return lockstep ? gate(work) : work();
    },
    clearFacts: () => around.hostNamed(host).forget(),
    failed: (task) => {
      batch.fail(host);
      const limit = play.maxFailPercentage;
      const tooMany = limit !== undefined && batch.failedShare * 100 > limit;
      if (tooMany || play.anyErrorsFatal || task?.anyErrorsFatal) batch.stopped = true;
    },
  });
  const run = async (host: string): Promise<void> => {
    try {
      const leave = await runHost(walkOf(host));
      left.set(host, leave);
      await around.left(host, leave);
    } finally {
      batch.leave(host);
    }
  };
  const settled = await Promise.allSettled(batch.hosts.map((host) => (lockstep ? run(host) : gate(() => run(host)))));
  const bug = settled.find((one) => one.status === 'rejected');
  if (bug) throw bug.reason;
  return left;
}

/** A hand that first lets somebody look at what it is given. */
const underWatch = (hand: Hand, watch: Watch, about: Watched): Hand => ({
  ...hand,
  make: async (changes, eyes, module, params) => {
    const problem = watch(about, changes, module);
    return problem ? { problem } : hand.make(changes, eyes, module, params);
  },
});

/** What those tasks ask that are to agree with each other. */
async function claimsOf(host: string, play: Play, around: Surroundings): Promise<readonly Claim[]> {
  const all = play.sections.flatMap((items) => [...tasksOf(items)]);
  const names = new Set(all.map(({ module }) => module));
  const modules = await Promise.all([...names].map(findModule));
  const checked = modules.flatMap((module) => (module?.crossChecked ? [module.name] : []));
  if (checked.length === 0) return [];
  const identity = (task: Task, scope: Scope) => identityOf(task.become, around.flags, scope);
  for (const task of all) if (checked.includes(task.module)) await ready(task, host, play, [], { locals: {} }, around);
  const tasks = await lookAhead(
    play,
    (item) => around.scopeOf(host, play, item.scope),
    (task, scope) => checked.includes(task.module) && identity(task, scope) !== undefined,
  );
  return tasks.map((one) => ({ ...one, identity: identity(one.task, one.scope) }));
}

function contextOf(
  task: Task,
  host: string,
  play: Play,
  batch: Batch,
  { rescued, locals: outer, labels }: Inside,
  { told, once, emit }: Parameters<HostWalk['context']>[2],
  around: Surroundings,
): TaskContext {
  const scope: TaskContext['scope'] = (locals) =>
    around
      .scopeOf(host, play, task.scope)
      .with('batch', inBatch(play, batch))
      .with('loop', { ...outer, ...locals });
  const title = isHidden(task, scope({})) ? String(task.name.value) : titleOf(task, scope({}));
  const labelled = (result: Result) => (labels.length === 0 ? result : { ...result, item: labelsOf(result, labels) });
  return {
    host,
    title,
    ready: () => ready(task, host, play, batch.hosts, { locals: outer }, around),
    hostNamed: around.hostNamed,
    scope,
    hand: (target, identity, { check, noLog }) => {
      const about = { host, on: target, task: title, module: task.module, source: showAt(task.at), secret: noLog };
      const watched = (hand: Hand) => (around.watch ? underWatch(hand, around.watch, about) : hand);
      // A task that decides by itself what counts as a change notifies when it is done.
      const notifies = told.length > 0 && task.changedWhen.length === 0 && { notifies: notified(play, told) };
      if (!check)
        return watched(
          apply(around.ledger(target, task, identity, { task: title, ...notifies }, noLog), (how) =>
            around.hostNamed(target).comeBack(identity, how),
          ),
        );
      // In a run that acts, a task with `check_mode: true` must not make the others see what is not there.
      return around.check ? watched(foretell(title)) : tell;
    },
    identity: (one, scope) => identityOf(one.become, around.flags, scope),
    maxImpact: around.maxImpact,
    operator: around.operator,
    otherwise: around,
    rescued,
    emit: (result, { noLog }) => emit(noLog ? censored(result) : labelled(result)),
    remember: (values) => {
      for (const one of once ? batch.hosts : [host]) around.remember(one, values);
    },
  };
}

/**
 * Read the facts that something may look at, where they have not been or are not to be trusted any more. Gives what there
 * is to say instead of doing it, where the host cannot be asked.
 */
async function ready(
  item: Item,
  host: string,
  play: Play,
  batch: readonly string[],
  { locals }: Pick<Inside, 'locals'>,
  { factsUsed, flags, hostNamed, scopeOf }: Surroundings,
): Promise<Attempt | undefined> {
  const { own, others } = factsUsed.by(item);
  const read = async (name: string, names: ReadonlySet<string>): Promise<void> => {
    const known = hostNamed(name);
    if (!factsToRead(known, names)) return;
    const scope = scopeOf(name, play, item.scope).with('loop', locals);
    const eyes = await known.eyes(identityOf(item.kind === 'task' ? item.become : play.become, flags, scope));
    const job = factsToRead(known, names);
    if (job) await eyes.see(job.module, job.params);
  };
  // A host may look at itself through hostvars, too.
  const asked = others.size > 0 ? batch : [];
  try {
    if (own.size > 0) await read(host, own);
    // Of one that does not answer nothing is known: whoever looks at it is told so.
    await Promise.all(asked.map((name) => read(name, others).catch(unlessUnreachable)));
    return undefined;
  } catch (error) {
    return unreachable(error) ?? failure(error);
  }
}

function unlessUnreachable(error: unknown): void {
  if (!unreachable(error)) throw error;
}

/** Without `serial` they are all of the play's, which every scope knows. */
const inBatch = (play: Play, { hosts }: Batch): Readonly<Record<string, unknown>> =>
  play.serial.length > 0 ? { play_hosts: hosts, ansible_play_batch: hosts } : {};

const handlersNamed = (play: Play, names: readonly string[]): readonly Task[] =>
  play.handlers.filter((handler) => names.includes(String(handler.name.value)));

const notified = (play: Play, handlers: readonly Task[]): Notified => ({
  playbook: play.at.file,
  play: hideSecrets(play.name),
  handlers: handlers.map(({ name }) => String(name.value)),
});

/** One loop's label stands alone. */
function labelsOf({ item }: Result, outer: readonly unknown[]): unknown {
  const labels = item === undefined ? outer : [...outer, item];
  return labels.length === 1 ? labels[0] : labels;
}
