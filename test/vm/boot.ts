import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saidReady } from './console.ts';
import { type Address, attachHost, type Host, sshArgumentsOf } from './host.ts';
import { ensureImage, type Image } from './image.ts';
import { lockMachine } from './lock.ts';
import { DISKS, deviceArguments, type MachineName, machineArguments } from './machines.ts';

/**
 * What any boot of it needs to be told of and to be done in time: page tables of the kernel's own (PTI) have TCG forget
 * all it knows of pages at each system call, and it translates a program anew at each address that it is loaded to (ASLR):
 * without either, starting a process takes a fourth of the time.
 */
export const CHEAP = 'console=ttyS0 systemd.show_status=0 mitigations=off norandmaps';

export interface BootOptions {
  readonly machine?: MachineName;
  /** More kernel arguments: `isolcpus=managed_irq,domain,3,7`. */
  readonly append?: string;
  /** Seconds after which the machine is ended, whatever its user does. Default 2400. */
  readonly lifetime?: number;
}

interface BootedHost extends Host {
  /** From start to the first answer. */
  readonly bootSeconds: number;
  stop(): Promise<void>;
}

/** Boots an emulated hypervisor on a throw-away overlay and waits until sshd answers. One at a time: TCG takes all CPUs. */
export async function bootHost(options: BootOptions = {}): Promise<BootedHost> {
  const { machine = '2s2n', append = '', lifetime = 2400 } = options;
  const image = ensureImage();
  const lock = await lockMachine(lifetime);
  const address = await newAddress(image);
  const { directory } = address;
  const argv = [...bootArguments(image, append, address), ...machineArguments(machine)];
  makeDisks(image, directory);

  const started = Date.now();
  const log = openSync(join(directory, 'qemu.log'), 'w');
  // timeout(1) holds the limit even when this process is killed.
  const qemu = spawn(
    'timeout',
    ['-k', '5', String(lifetime), 'qemu-system-x86_64', ...argv, ...deviceArguments(machine, directory)],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  lock.heldBy(qemu.pid);
  const endNow = () => qemu.kill('SIGTERM');
  process.once('exit', endNow);

  const stop = async () => {
    spawnSync('ssh', ['-O', 'exit', ...sshArgumentsOf(address)], { stdio: 'ignore' });
    await ended(qemu);
    process.off('exit', endNow);
    lock.release();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await saidReady(
      join(directory, 'console'),
      () => undefined,
      () => hasEnded(qemu),
    );
  } catch (error) {
    const words = readFileSync(join(directory, 'qemu.log'), 'utf8');
    await stop();
    throw new Error(`${(error as Error).message}\n${words}`);
  }
  return { ...attachHost(address), bootSeconds: (Date.now() - started) / 1000, stop };
}

function bootArguments(image: Image, append: string, { port, directory }: Address): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none'],
    ...['-serial', `file:${directory}/console`],
    ...['-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', `root=/dev/vda rw loglevel=4 ${CHEAP} ${append}`.trim()],
    ...['-drive', `if=none,id=root,file=${directory}/root.qcow2,cache=unsafe`],
    ...['-device', 'virtio-blk-pci,drive=root,num-queues=2,addr=0x3'],
    ...['-netdev', `user,id=n0,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...['-device', 'virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,addr=0x4'],
    ...['-device', 'virtio-rng-pci,addr=0x5'],
  ];
}

function makeDisks(image: Image, directory: string): void {
  const overlay = join(directory, 'root.qcow2');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', overlay]);
  for (const [name, size] of Object.entries(DISKS)) {
    closeSync(openSync(join(directory, name), 'w'));
    truncateSync(join(directory, name), size);
  }
}

async function newAddress(image: Image): Promise<Address> {
  const directory = mkdtempSync(join(tmpdir(), 'kvmplay-vm.'));
  const port = await freePort();
  const knownHostsFile = join(directory, 'known_hosts');
  writeFileSync(knownHostsFile, `[127.0.0.1]:${port} ${image.hostKey}\n`);
  return { port, keyFile: image.key, knownHostsFile, directory };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
