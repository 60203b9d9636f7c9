import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureRoot } from './image.ts';

/** Where a dockerd of these tests' own runs. Plain data, so that tests in other processes can be told. */
export interface Address {
  /** The first process of its namespaces, as seen from outside. */
  readonly pid: number;
  readonly directory: string;
  readonly socket: string;
  /** The control group that holds all of its containers. */
  readonly cgroup: string;
}

export const IMAGE = 'kvmplay-machine';

/** Runs docker's client. Throws when it fails. */
export function docker({ socket }: Pick<Address, 'socket'>, words: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync('docker', ['-H', `unix://${socket}`, ...words], {
    input: input ?? '',
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`docker ${words.join(' ')}: status ${status}: ${stderr.trim()}`);
  return stdout.trim();
}

/** Starts Docker's daemon with mounts and processes of its own, and gives it the machines' image. */
export async function startDocker(): Promise<Address & { stop(): Promise<void> }> {
  const root = ensureRoot();
  const directory = mkdtempSync(join(tmpdir(), 'kvmplay-docker.'));
  const socket = join(directory, 'socket');
  const unshare = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', join(import.meta.dirname, 'inside.sh'), directory, socket],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let words = '';
  unshare.stderr.on('data', (chunk: Buffer) => {
    words += chunk;
  });
  const over = new Promise<void>((resolve) => unshare.once('exit', () => resolve()));
  const endNow = () => unshare.kill('SIGKILL');
  process.once('exit', endNow);
  const limit = Date.now() + 60_000;
  while (!answers(socket)) {
    if (unshare.exitCode !== null || Date.now() > limit) {
      endNow();
      throw new Error(`dockerd did not start:\n${words}`);
    }
    await sleep(100);
  }
  const [pid = 0] = childrenOf(unshare.pid ?? 0);
  const address = { pid, directory, socket, cgroup: `/kvmplay-${process.pid}` };
  const settings = ['CMD ["/sbin/kvmplay-init"]', 'ENV container=docker'].flatMap((line) => ['--change', line]);
  docker(address, ['import', ...settings, root, IMAGE]);
  return {
    ...address,
    async stop() {
      for (const name of docker(address, ['ps', '-aq']).split('\n').filter(Boolean))
        docker(address, ['rm', '-f', '-v', name]);
      process.off('exit', endNow);
      const daemon = childrenOf(pid).find((one) => readFileSync(`/proc/${one}/comm`, 'utf8').trim() === 'dockerd');
      if (daemon !== undefined) process.kill(daemon, 'SIGTERM');
      await Promise.race([over, sleep(20_000, undefined, { ref: false })]);
      endNow();
      await over;
      rmSync(directory, { recursive: true, force: true });
      removeCgroups(address.cgroup);
    },
  };
}

const answers = (socket: string): boolean =>
  existsSync(socket) && spawnSync('docker', ['-H', `unix://${socket}`, 'version']).status === 0;

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** Docker leaves the group that it put its containers into, in each of the machine's hierarchies. */
function removeCgroups(name: string): void {
  const tops = readdirSync('/sys/fs/cgroup', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of ['', ...tops.map((entry) => `/${entry.name}`)]) {
    const path = `/sys/fs/cgroup${folder}${name}`;
    if (existsSync(path)) rmdirSync(path);
  }
}
