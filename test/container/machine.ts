import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kvmplay, kvmplayOn } from '../support/kvmplay.ts';
import { makeKey } from '../support/sshd.ts';
import { type Address, docker, IMAGE } from './docker.ts';

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container that is a machine: systemd, sshd on its own loopback, package managers. */
export interface Machine {
  /** kvmplay over ssh, from inside its network. */
  readonly kvmplay: Kvmplay;
  /** Where kvmplay's playbook is, with `files` and `templates` beside it. */
  readonly folder: string;
  /** Runs a shell command in it by docker, never through kvmplay. */
  sh(command: string, input?: string): Ran;
  /** What a command prints, trimmed. Throws when it fails. */
  read(command: string, input?: string): string;
}

/** What systemd and mounts need. Not `--privileged`: the kernel's own settings are the machine's below, and stay as they are. */
const CAPABILITIES = ['SYS_ADMIN', 'NET_ADMIN', 'SYS_NICE', 'SYS_PTRACE', 'SYS_MODULE'];

/** Starts one, in a few seconds. `prepare` is a shell command run in it before it is said to be there. */
export async function startMachine(address: Address, name: string, prepare = 'true'): Promise<Machine> {
  docker(address, [
    ...['run', '-d', '--name', name, '--hostname', name, '--network=none', '--cgroupns=private'],
    ...['--cgroup-parent', address.cgroup, '--stop-signal=SIGRTMIN+3'],
    ...CAPABILITIES.flatMap((one) => ['--cap-add', one]),
    ...['seccomp', 'apparmor'].flatMap((one) => ['--security-opt', `${one}=unconfined`]),
    ...['/run:exec,mode=755', '/run/lock', '/tmp:exec'].flatMap((one) => ['--tmpfs', one]),
    IMAGE,
  ]);
  const sh = (command: string, input = ''): Ran => {
    const words = ['-H', `unix://${address.socket}`, 'exec', '-i', name, 'sh', '-c', command];
    const { status, stdout, stderr } = spawnSync('docker', words, {
      input,
      encoding: 'utf8',
      timeout: 120_000,
      maxBuffer: 1 << 28,
    });
    return { status: status ?? 255, stdout, stderr };
  };
  const read = (command: string, input?: string): string => {
    const { status, stdout, stderr } = sh(command, input);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const limit = Date.now() + 60_000;
  while (sh('systemctl is-active --quiet ssh && systemctl is-system-running --quiet').status !== 0) {
    if (Date.now() > limit)
      throw new Error(`${name} did not come up:\n${sh('systemctl --failed; journalctl -b').stdout}`);
    await sleep(200);
  }
  read(prepare);
  const folder = join(address.directory, name);
  return { kvmplay: kvmplayBeside(address, name, folder, read), folder, sh, read };
}

/** Its loopback is reached from its own network namespace alone; the files are the machine's below. */
function kvmplayBeside(address: Address, name: string, folder: string, read: Machine['read']): Kvmplay {
  const inner = docker(address, ['inspect', '-f', '{{.State.Pid}}', name]);
  const beside = ['nsenter', '-t', String(address.pid), '-m', '-p', 'nsenter', '-t', inner, '-n'];
  mkdirSync(folder, { recursive: true });
  const { path, publicKey } = makeKey(folder, 'ed25519');
  read('umask 077; cat >/root/.ssh/authorized_keys', `${publicKey}\n`);
  const knownHosts = join(folder, 'known_hosts');
  writeFileSync(knownHosts, `127.0.0.1 ${read('cut -d" " -f1,2 /etc/ssh/key.pub')}\n`);
  return kvmplayOn({
    folder,
    beside,
    vars: {
      ansible_host: '127.0.0.1',
      ansible_user: 'root',
      ansible_ssh_private_key_file: path,
      ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${knownHosts}`,
    },
  });
}
