import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureImage, type Image } from './image.ts';
import { lockMachine } from './lock.ts';
import { DISKS, deviceArguments, type MachineName, machineArguments } from './machines.ts';

const READY = 'KVMPLAY-VM-READY';

interface HostOptions {
  readonly machine?: MachineName;
  /** More kernel arguments: `isolcpus=managed_irq,domain,3,7`. */
  readonly append?: string;
  /** Seconds after which the machine is ended, whatever its user does. Default 1200. */
  readonly lifetime?: number;
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Host {
  readonly port: number;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** Seconds from start to the first answer. */
  readonly bootSeconds: number;
  /** Runs a shell command as root over the system's own ssh, never through kvmplay. */
  ssh(command: string, input?: string): Ran;
  /** What a command prints, trimmed; throws when it fails. */
  read(command: string): string;
  /** A real reboot of the running machine: the disk stays, the rest is lost. */
  reboot(): Promise<void>;
  stop(): Promise<void>;
}

/** Boots an emulated hypervisor on a throw-away overlay and waits until sshd answers. One at a time: TCG takes all CPUs. */
export async function bootHost(options: HostOptions = {}): Promise<Host> {
  const { machine = '2s2n', append = '', lifetime = 1200 } = options;
  const image = ensureImage();
  const directory = mkdtempSync(join(tmpdir(), 'kvmplay-vm.'));
  const lock = await lockMachine(lifetime);
  const port = await freePort();
  const started = Date.now();
  const qemu = spawnMachine(image, machine, append, lifetime, port, directory);
  lock.heldBy(qemu.pid);
  const endNow = () => qemu.kill('SIGTERM');
  process.once('exit', endNow);

  const knownHostsFile = join(directory, 'known_hosts');
  writeFileSync(knownHostsFile, `[127.0.0.1]:${port} ${image.hostKey}\n`);
  const sshArguments = [
    ...['-F', 'none', '-i', image.key, '-p', String(port), '-o', `UserKnownHostsFile=${knownHostsFile}`],
    ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=60', '-o', 'LogLevel=ERROR'],
    // A login costs seconds under TCG: one connection serves all commands.
    ...['-o', `ControlPath=${directory}/ssh`, '-o', 'ControlMaster=auto', '-o', 'ControlPersist=120'],
    'root@127.0.0.1',
  ];
  const ssh = (command: string, input = ''): Ran => {
    const { status, stdout, stderr } = spawnSync('ssh', [...sshArguments, command], {
      input,
      encoding: 'utf8',
      timeout: 300_000,
      maxBuffer: 1 << 28,
    });
    return { status: status ?? 255, stdout, stderr };
  };
  const read = (command: string): string => {
    const { status, stdout, stderr } = ssh(command);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const stop = async () => {
    process.off('exit', endNow);
    spawnSync('ssh', ['-O', 'exit', ...sshArguments], { stdio: 'ignore' });
    await ended(qemu);
    lock.release();
    rmSync(directory, { recursive: true, force: true });
  };
  const ready = async (boots: number) => {
    try {
      await saidReady(qemu, join(directory, 'console'), boots);
    } catch (error) {
      await stop();
      throw error;
    }
  };

  await ready(1);
  let boots = 1;
  return {
    port,
    keyFile: image.key,
    knownHostsFile,
    bootSeconds: (Date.now() - started) / 1000,
    ssh,
    read,
    stop,
    async reboot() {
      ssh('systemctl reboot');
      boots++;
      await ready(boots);
    },
  };
}

function spawnMachine(
  image: Image,
  machine: MachineName,
  append: string,
  lifetime: number,
  port: number,
  directory: string,
): ChildProcess {
  const overlay = join(directory, 'root.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', overlay]);
  for (const [name, size] of Object.entries(DISKS)) {
    closeSync(openSync(join(directory, name), 'w'));
    truncateSync(join(directory, name), size);
  }
  const argv = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none'],
    ...['-serial', `file:${directory}/console`],
    ...machineArguments(machine),
    ...['-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', `root=/dev/vda rw console=ttyS0 loglevel=4 ${append}`.trim()],
    ...['-drive', `if=none,id=root,file=${overlay},cache=unsafe`],
    ...['-device', 'virtio-blk-pci,drive=root,num-queues=2,addr=0x3'],
    ...['-netdev', `user,id=n0,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...['-device', 'virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,addr=0x4'],
    ...['-device', 'virtio-rng-pci,addr=0x5'],
    ...deviceArguments(machine, directory),
  ];
  // timeout(1) holds the limit even when this process is killed.
  const complaints = openSync(join(directory, 'qemu.log'), 'w');
  const qemu = spawn('timeout', ['-k', '5', String(lifetime), 'qemu-system-x86_64', ...argv], {
    stdio: ['ignore', complaints, complaints],
  });
  closeSync(complaints);
  return qemu;
}

async function saidReady(qemu: ChildProcess, console: string, times: number): Promise<void> {
  const limit = Date.now() + 400_000;
  for (;;) {
    const text = readIfThere(console);
    if (text.split(READY).length > times) return;
    const why = hasEnded(qemu) ? 'qemu ended' : Date.now() > limit ? 'no answer in 400 s' : undefined;
    if (why)
      throw new Error(`the emulated host did not boot: ${why}\n${readIfThere(console.replace('console', 'qemu.log'))}
${text.split('\n').slice(-15).join('\n')}`);
    await sleep(250);
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
