import { z } from 'zod';
import {
  type Change,
  file,
  type Impact,
  type Module,
  nameNow,
  Problem,
  planOf,
  probeKey,
  type Reading,
  type Reboot,
  type Seen,
  thingProbe,
  Unreachable,
} from '../contract/index.ts';
import { findModule } from '../registry/index.ts';
import { type Armed, type Confirm, type ConfirmOptions, makeConfirm } from './confirm.ts';
import { confirmHosts } from './confirm-hosts.ts';
import type { Emit, Mode, Result } from './events.ts';
import { makeGate } from './gate.ts';
import { type Dial, type Host, makeHost } from './host.ts';
import type { JournalRecord } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { shownChange, shownError } from './outcome.ts';
import { renamed } from './renamed.ts';
import { apply, foretell, runModule } from './run-module.ts';
import { makeTally } from './tally.ts';
import { inverse, type Undoing, undoingsOf } from './undo-plan.ts';

export interface Rollback {
  /** The run to take back. */
  readonly records: readonly JournalRecord[];
  readonly name: string;
  readonly wanted: (host: string) => boolean;
  readonly dial: Dial;
  readonly ledger: (undoing: Undoing, confirm?: Confirm) => Ledger;
  /** Undo on the hosts themselves what no new connection confirms. */
  readonly confirm?: ConfirmOptions;
  readonly note: (record: JournalRecord) => Promise<void>;
  readonly check: boolean;
  readonly diff: boolean;
  readonly maxImpact: Impact;
  readonly forks: number;
  readonly start: { readonly run_id: string; readonly kvmplay_version: string };
  readonly emit: Emit;
}

/**
 * Take back what a run changed, the last change first, host by host. What is back already is left; what somebody else
 * has changed since is not touched, and stops that host. By the same road as a run: journal, act, read again.
 */
export async function rollback(job: Rollback): Promise<number> {
  const undoings = undoingsOf(job.records).filter(({ host }) => job.wanted(host));
  const names = [...new Set(undoings.map(({ host }) => host))].sort();
  const tally = makeTally(names, job.emit);
  const mode: Mode = 'rollback';
  const started = new Date().toISOString();
  tally.emit({ event: 'run_start', schema: 'kvmplay.run/1', mode, ...job.start, git: null, started, playbooks: [] });
  const steps = undoings.map(({ task, module, source }) => ({
    play: job.name,
    name: task,
    module,
    source,
    handler: false,
  }));
  tally.emit({ event: 'play_start', play: 0, name: job.name, hosts: names, steps });
  tally.emit({ event: 'batch_start', play: 0, hosts: names });

  const confirm = job.confirm && !job.check ? makeConfirm(job.start.run_id, job.confirm) : undefined;
  const dial: Dial = async (name, identity, seconds) => {
    const remote = await job.dial(name, identity, seconds);
    return confirm ? confirm.alive(name, identity, remote) : remote;
  };
  const gate = makeGate(job.forks);
  const trips: Record<string, number> = {};
  const one = async (name: string): Promise<void> => {
    const host = makeHost(name, dial);
    for (const [step, undoing] of undoings.entries()) {
      if (undoing.host !== name) continue;
      const result = await undo(undoing, host, job, confirm);
      tally.emit({ event: 'task_result', play: 0, step, spot: [step], result });
      tally.emit({ event: 'host_past', play: 0, host: name, step: step + 1 });
      if (result.status === 'failed' || result.status === 'unreachable') break;
    }
    await host.close();
    trips[name] = host.roundTrips;
    tally.emit({ event: 'host_past', play: 0, host: name, step: steps.length });
  };
  await Promise.all(names.map((name) => gate(() => one(name))));
  tally.emit({ event: 'batch_end', play: 0 });
  const armed = confirm?.armed() ?? [];
  if (confirm && armed.length > 0) {
    const dialNew = ({ host, identity }: Armed) => job.dial(host, identity);
    const { seconds } = confirm;
    const more = await confirmHosts({ armed, seconds, dial: dialNew, note: job.note, emit: tally.emit, play: 1 });
    for (const [host, count] of more) trips[host] = (trips[host] ?? 0) + count;
  }
  const exit_code = tally.exitCode(false);
  const finished = new Date().toISOString();
  tally.emit({ event: 'run_end', finished, exit_code, hosts: tally.counts(), round_trips: trips });
  return exit_code;
}

async function undo(undoing: Undoing, host: Host, job: Rollback, confirm?: Confirm): Promise<Result> {
  const started = Date.now();
  const base = { host: undoing.host, diff: job.diff };
  try {
    const module = undoModule(undoing, await findModule(undoing.module));
    const comeBack = (how: Reboot) => host.comeBack(undoing.identity, how);
    const hand = job.check ? foretell(undoing.task) : apply(job.ledger(undoing, confirm), comeBack);
    const outcome = await runModule(module, {}, await host.eyes(undoing.identity), hand, job.maxImpact);
    const ms = Date.now() - started;
    if (outcome.is === 'unknown') return { ...base, status: 'unknown', reason: outcome.because, changes: [], ms };
    const changes = (outcome.plan?.changes ?? []).map(shownChange);
    const notes = outcome.plan?.notes && { notes: outcome.plan.notes };
    if (outcome.is === 'failed') return { ...base, status: 'failed', error: shownError(outcome.problem), changes, ms };
    return { ...base, status: changes.length > 0 ? 'changed' : 'ok', changes, ...notes, ms };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const { code, message, hint } = error;
    const shown = { code, message, ...(hint !== undefined && { hint }) };
    return { ...base, status: 'unreachable', error: shown, changes: [], ms: Date.now() - started };
  }
}

const UPTIME = '/proc/uptime';

/** When the host was booted, by this clock, in milliseconds; long ago where it does not tell. */
function bootOf(seen: Seen): number {
  const reading = seen.raw(UPTIME);
  const uptime = reading.is === 'text' ? Number.parseFloat(reading.text) : Number.NaN;
  return Number.isNaN(uptime) ? Number.NEGATIVE_INFINITY : Date.now() - uptime * 1000;
}

/** What takes a task back, as a module: so that it is seen, planned, done and proved as everything else is. */
function undoModule({ changes, task, at }: Undoing, module: Module | undefined): Module {
  const states = changes.filter((change) => !change.once);
  const things = states.flatMap(({ thing }) => thing ?? []);
  const hasRebooted = (seen: Seen) => bootOf(seen) > Date.parse(at);
  /** The changes, of each thing by the name that it has now. */
  const asNow = (seen: Seen): { found: readonly Change[]; lost: readonly Change[] } => {
    const told = [UPTIME, ...things.map(({ tells }) => tells)].every((name) => seen.has(name));
    if (things.length === 0 || !told || !hasRebooted(seen)) return { found: states, lost: [] };
    const names = states.map(({ thing }) => (thing ? nameNow(thing, seen) : ''));
    return {
      found: states.flatMap((change, at) => {
        const name = names[at];
        if (name === undefined) return [];
        return change.thing ? [renamed(change, change.thing, name)] : [change];
      }),
      lost: states.filter((_, at) => names[at] === undefined),
    };
  };
  return {
    name: `undo ${task}`,
    summary: 'Take back what a run changed.',
    params: z.unknown(),
    // What a boot may have called something else is known when the host has told how long it is up, and what it has now.
    reads: (_, seen) => ({
      [UPTIME]: file(UPTIME),
      ...Object.fromEntries(things.map((thing) => [thing.tells, thingProbe(thing)])),
      ...Object.fromEntries([...states, ...asNow(seen).found].map(({ target }) => [probeKey(target), target])),
    }),
    plan: (_, seen) => {
      const rebooted = hasRebooted(seen);
      const { found, lost } = asNow(seen);
      const now = new Map<string, Reading>();
      const back: Change[] = [];
      const notes = lost.map(({ summary }) => `${summary}: what it was about is not here any more`);
      for (const change of found) {
        const key = probeKey(change.target);
        const reading = now.get(key) ?? seen.raw(key);
        if (reading.is === 'unknown') throw new Problem('Unknown', reading.because);
        const undone = inverse(change, reading, module, rebooted);
        if (undone === 'gone') notes.push(`${change.summary}: went with the reboot, there is nothing to take back`);
        else if (undone) back.push(undone);
        now.set(key, change.undone ?? change.before);
      }
      return planOf(back, [], notes);
    },
    examples: [],
  };
}
