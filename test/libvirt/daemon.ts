import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a libvirt of these tests' own runs. Plain data, so that tests in other processes can be told. */
export interface Address {
  /** The first process of its namespaces, as seen from outside. */
  readonly pid: number;
  readonly directory: string;
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Libvirt extends Address {
  /** Runs a shell command beside libvirtd. */
  sh(command: string, input?: string): Ran;
  /** What a command prints, trimmed. Throws when it fails. */
  read(command: string, input?: string): string;
}

/** The command that runs another beside libvirtd. The certificates of this machine may not be there. */
export const besideOf = ({ pid }: Address): string[] => [
  ...['nsenter', '-t', String(pid), '-m', '-p', '-r'],
  ...['env', '-u', 'NODE_EXTRA_CA_CERTS'],
];

export function attach(address: Address): Libvirt {
  const sh = (command: string, input = ''): Ran => {
    const [program = '', ...argv] = [...besideOf(address), 'sh', '-c', command];
    // Of itself virsh looks for libvirtd alone. kvmplay is not told.
    const env = { ...process.env, LIBVIRT_DEFAULT_URI: 'qemu:///system' };
    const { status, stdout, stderr } = spawnSync(program, argv, { input, env, encoding: 'utf8', timeout: 60_000 });
    return { status: status ?? 255, stdout, stderr };
  };
  return {
    ...address,
    sh,
    read(command, input) {
      const { status, stdout, stderr } = sh(command, input);
      if (status !== 0) throw new Error(`${command}: status ${status}: ${stderr.trim()}`);
      return stdout.trim();
    },
  };
}

/** Whose daemon, and the tree that it and its guests run in. */
export interface Kind {
  readonly daemon: 'libvirtd' | 'virtqemud';
  readonly root: string;
}

/** Beside a daemon kvmplay runs as it does here. */
const SHOWN = [process.execPath, join(import.meta.dirname, '../..')];

/** Starts Debian's libvirt with the machine's cgroups, but with mounts and processes of its own. */
export async function startLibvirt({ daemon, root }: Kind): Promise<Address & { stop(): void }> {
  const directory = mkdtempSync(join(tmpdir(), 'kvmplay-libvirt.'));
  const script = join(import.meta.dirname, 'inside.sh');
  const unshare = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', script, directory, daemon, root, ...SHOWN],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } },
  );
  let words = '';
  unshare.stderr.on('data', (chunk: Buffer) => {
    words += chunk;
  });
  const endNow = () => unshare.kill('SIGKILL');
  process.once('exit', endNow);
  const limit = Date.now() + 30_000;
  while (!existsSync(join(directory, 'ready'))) {
    if (unshare.exitCode !== null || Date.now() > limit) {
      endNow();
      throw new Error(`${daemon} did not start:\n${words}`);
    }
    await sleep(100);
  }
  const pid = Number(readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim().split(' ')[0]);
  const address = { pid, directory };
  return {
    ...address,
    stop() {
      // By libvirt itself, so that no control group of a guest's is left.
      attach(address).sh('for guest in $(virsh -q list --name); do virsh -q destroy $guest; done');
      process.off('exit', endNow);
      endNow();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
