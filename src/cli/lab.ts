import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadMachine } from '../lab/machine.ts';
import {
  claimLab,
  forgetLab,
  type LabState,
  labFolder,
  publishLab,
  runningLab,
  stateFolder,
  stillRuns,
} from '../lab/state.ts';
import { HOME } from '../source/home.ts';
import { CouldNot } from './exit.ts';

/** The flags of `kvmplay lab …`. */
export interface LabFlags {
  readonly dir?: string;
}

export interface LabUpFlags extends LabFlags {
  readonly hosts: number;
  readonly topology: string;
  readonly port: number;
  readonly foreground?: boolean;
}

/** `lab up`: exit code 0 once every host answers, also where the lab is up already. */
export async function labUp(flags: LabUpFlags): Promise<number> {
  const dir = folder(flags);
  const running = runningLab(dir);
  if (running) return say(`The lab is up already. ${describe(dir, running)}`);
  if (flags.foreground) return serve(dir, flags);

  loadMachine(flags.topology); // A wrong name is told here, not in a log.
  const child = detach(dir, flags);
  const failure = await answerOf(child);
  const started = runningLab(dir);
  if (failure === undefined && started) return say(describe(dir, started));
  throw new CouldNot(`the lab did not start: ${failure ?? 'its process says no more'}`, `see ${join(dir, 'lab.log')}`);
}

/** `lab down`: ends the one process that serves the lab. */
export async function labDown(flags: LabFlags): Promise<number> {
  const dir = folder(flags);
  const running = runningLab(dir);
  if (!running) {
    forgetLab(dir);
    return say('No lab is up.');
  }
  process.kill(running.pid, 'SIGTERM');
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await pause(20))
    if (!stillRuns(running)) return say(`The lab is down: ${running.hosts?.length ?? 0} simulated hypervisors ended.`);
  throw new CouldNot(`the lab's process ${running.pid} has not ended within 30 s of SIGTERM`);
}

/** `lab status`: exit code 0 where a lab is up, else 1. */
export async function labStatus(flags: LabFlags): Promise<number> {
  const dir = folder(flags);
  const running = runningLab(dir);
  if (running) return say(describe(dir, running));
  say('No lab is up. To start one: kvmplay lab up');
  return 1;
}

/** `lab inventory`: the running lab's inventory, on stdout. */
export async function labInventory(flags: LabFlags): Promise<number> {
  const dir = folder(flags);
  if (!runningLab(dir)?.hosts) throw new CouldNot('no lab is up, so it has no inventory', 'kvmplay lab up starts one');
  process.stdout.write(readFileSync(join(dir, 'inventory.yml')));
  return 0;
}

/** The lab itself, in this process, until it is told to end. Tells the one who started it in the background how it went. */
async function serve(dir: string, { hosts, port, topology: machine }: LabUpFlags): Promise<number> {
  const tell = async (word: Answer): Promise<void> =>
    new Promise((told) => (process.send ? process.send(word, () => told(process.disconnect())) : told()));
  try {
    const { startLab } = await import('../lab/start.ts');
    const end = new Promise((stop) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
    });
    const captured = loadMachine(machine);
    const other = claimLab(dir, machine);
    if (other) throw new CouldNot(`process ${other.pid} has a lab in ${dir}`);
    try {
      const lab = await startLab({ dir, hosts, port, machine: captured });
      publishLab(dir, machine, lab.hosts);
      say(describe(dir, { pid: process.pid, began: '', machine, hosts: lab.hosts }));
      await tell({});
      await end;
      await lab.stop();
    } finally {
      forgetLab(dir);
    }
    return 0;
  } catch (error) {
    await tell({ failure: (error as Error).message });
    throw error;
  }
}

interface Answer {
  readonly failure?: string;
}

/** This very command once more, in the background, with its words going to a log. */
function detach(dir: string, { hosts, port, topology }: LabUpFlags): ChildProcess {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const log = openSync(join(dir, 'lab.log'), 'w', 0o600);
  const flags = ['--dir', dir, '--hosts', String(hosts), '--port', String(port), '--topology', topology];
  const command = [join(HOME, 'bin', 'kvmplay.js'), 'lab', 'up', '--foreground', ...flags];
  const child = spawn(process.execPath, command, { detached: true, stdio: ['ignore', log, log, 'ipc'], cwd: dir });
  closeSync(log);
  return child;
}

/** Why the lab did not come up, or undefined once it is. */
async function answerOf(child: ChildProcess): Promise<string | undefined> {
  const failure = await new Promise<string | undefined>((settle) => {
    child.once('message', (message: Answer) => settle(message.failure));
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) => settle(`its process ended with ${signal ?? code}`));
  });
  child.unref();
  return failure;
}

function describe(dir: string, { pid, machine, hosts }: LabState): string {
  if (!hosts) return `Process ${pid} is still starting it.`;
  const ports = hosts.map((host) => host.port);
  return [
    `${hosts.length} simulated hypervisors answer SSH on 127.0.0.1, ports ${Math.min(...ports)} to ${Math.max(...ports)} (machine ${machine}, process ${pid}).`,
    'Each is a directory, not a kernel: files of a captured machine, and stand-ins for virsh, systemctl, apt or dnf.',
    `Try: kvmplay audit playbooks/site.yml -i ${join(dir, 'inventory.yml')}`,
  ].join('\n');
}

const folder = (flags: LabFlags): string => labFolder(flags.dir ?? stateFolder('lab'));

function say(text: string): 0 {
  console.log(text);
  return 0;
}
