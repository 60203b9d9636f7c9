import { Conflict, Unreachable } from '../contract/index.ts';
import type { Task } from '../playbook/types.ts';
import type { Eyes } from './eyes.ts';
import type { Host, Identity } from './host.ts';
import { titleOf } from './loop.ts';
import { foretell, type Hand, runModule } from './run-module.ts';
import type { Ahead } from './survey.ts';

/** A task that is to agree with others, and who it is to be done as. */
export interface Claim extends Ahead {
  readonly identity: Identity;
}

type Known = Claim & { readonly job: NonNullable<Claim['job']> };

export interface Clash {
  readonly task: Task;
  readonly problem: Conflict;
}

/**
 * What tasks of a play cannot both have on a host, found before any of them acts and out of what is read ahead anyway.
 * All are foretold in turn and then looked at once more, since one may contradict what comes after it. A task that may
 * not be done, or whose failure the play takes lightly, fails in its own turn.
 */
export async function clashesOn(host: Host, all: readonly Claim[]): Promise<readonly Clash[]> {
  // Behind a task of which nothing can be told yet, nothing can be.
  const mystery = all.findIndex(({ job }) => job === undefined);
  const claims = all.slice(0, mystery < 0 ? all.length : mystery).filter((claim): claim is Known => !!claim.job);
  if (!claims.some(({ sure }) => sure)) return [];
  const eyes = await eyesFor(host, claims);
  if (!eyes) return [];
  const found = new Map<Known, Conflict>();
  for (const pass of [1, 2]) {
    let moved = false;
    for (const claim of claims) {
      const seen = eyes.get(JSON.stringify(claim.identity));
      if (!seen) continue;
      const title = titleOf(claim.task, claim.scope);
      const hand = claim.sure ? foretell(title) : waver(title);
      const outcome = await runModule(claim.job.module, claim.job.params, seen, hand, 'reboot');
      moved ||= outcome.is !== 'failed' && !(outcome.is === 'planned' && outcome.plan.changes.length === 0);
      const lenient = claim.rescued || claim.task.ignoreErrors !== false;
      if (outcome.is === 'failed' && outcome.problem instanceof Conflict && claim.sure && !lenient)
        found.set(claim, outcome.problem);
    }
    if (pass === 1 && !moved) break;
  }
  const clashes = new Map([...found].map(([{ task }, problem]) => [task, problem]));
  return [...clashes].map(([task, problem]) => ({ task, problem }));
}

/** Undefined where the host cannot be reached, which its first task will tell. */
async function eyesFor(host: Host, claims: readonly Known[]): Promise<ReadonlyMap<string, Eyes> | undefined> {
  const mind = host.imagine();
  const eyes = new Map<string, Eyes>();
  try {
    for (const { identity } of claims.filter(({ sure }) => sure)) {
      const key = JSON.stringify(identity);
      const own = claims.filter((claim) => claim.told && JSON.stringify(claim.identity) === key);
      const jobs = own.map(({ job }) => job);
      if (!eyes.has(key)) eyes.set(key, await mind.eyes(identity, jobs));
    }
    return eyes;
  } catch (error) {
    if (error instanceof Unreachable) return undefined;
    throw error;
  }
}

/** It may be done and it may not: what it would change is in doubt. */
const waver = (task: string): Hand => {
  const because = `${task} may change it`;
  return {
    make: async (changes, eyes) => {
      eyes.doubt(
        changes.flatMap(({ target, disturbs = [] }) => [target, ...disturbs]),
        because,
      );
      return {};
    },
    doubt: (probes, eyes) => eyes.doubt(probes, because),
  };
};
