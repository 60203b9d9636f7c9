import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { mistake, UserError } from '../source/diagnostic.ts';
import type { LabHost } from './inventory.ts';

/** What a running lab writes down of itself, in `lab.json` in its directory. */
export interface LabState {
  readonly pid: number;
  /** When that process began, in the system's own words: a pid alone may by now be another's. */
  readonly began: string;
  readonly machine: string;
  /** Undefined while it is still starting. */
  readonly hosts?: readonly LabHost[];
}

/** `$XDG_STATE_HOME/kvmplay/NAME`, or `~/.local/state/kvmplay/NAME`. */
export function stateFolder(name: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'kvmplay', name);
}

/** A directory for a lab, as an absolute path. Throws `UserError` `LabDirectory` where ssh could not be told of it. */
export function labFolder(given: string): string {
  const dir = resolve(given);
  if (!/[\s"'\\%$]/.test(dir)) return dir;
  const why = `the lab's directory ${JSON.stringify(dir)} has a blank, quote, backslash, % or $ in it, which ssh's options cannot carry`;
  throw new UserError([mistake('LabDirectory', why, undefined, 'choose another with --dir')]);
}

/** The lab that runs in this directory. What a killed one left behind counts for nothing. */
export function runningLab(dir: string): LabState | undefined {
  const state = readState(dir);
  return state && stillRuns(state) ? state : undefined;
}

export const stillRuns = ({ pid, began }: LabState): boolean => processBegan(pid) === began;

/** Takes the directory for this process. Returns the lab that has it already, if one has. */
export function claimLab(dir: string, machine: string): LabState | undefined {
  const other = runningLab(dir);
  if (other) return other;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  forgetLab(dir);
  const mine = ownState(machine);
  const draft = writeDraft(dir, mine);
  try {
    linkSync(draft, stateFile(dir)); // Fails where another one was quicker by a moment.
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return runningLab(dir) ?? mine;
    throw error;
  } finally {
    rmSync(draft);
  }
}

/** Says that the lab is up, with these hosts. */
export function publishLab(dir: string, machine: string, hosts: readonly LabHost[]): void {
  renameSync(writeDraft(dir, { ...ownState(machine), hosts }), stateFile(dir));
}

export function forgetLab(dir: string): void {
  rmSync(stateFile(dir), { force: true });
}

const stateFile = (dir: string): string => join(dir, 'lab.json');

function writeDraft(dir: string, state: LabState): string {
  const draft = `${stateFile(dir)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  return draft;
}

const ownState = (machine: string): LabState => ({
  pid: process.pid,
  began: processBegan(process.pid) ?? '',
  machine,
});

function readState(dir: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(stateFile(dir), 'utf8')) as LabState;
  } catch {
    return undefined; // None, or torn by a crash: the same to us.
  }
}

/** When a process began, as text to compare, or undefined where there is none, or only its exit status. */
function processBegan(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the second field is in brackets and may hold anything. Behind it the state, and as field 22 the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    if (process.platform === 'linux') return undefined;
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}
