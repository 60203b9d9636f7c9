import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { saidReady } from './console.ts';

/** Where an emulated host answers. Plain data, so that tests in other processes can be told. */
export interface Address {
  readonly port: number;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** Holds its console's text, its disks and the ssh connection that all share. */
  readonly directory: string;
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Host extends Address {
  /** Runs a shell command as root over the system's own ssh, never through kvmplay. */
  ssh(command: string, input?: string): Ran;
  /** What a command prints, trimmed. Throws when it fails. */
  read(command: string): string;
  /** What each of many prints, trimmed, in one go; of one that fails, its status too. */
  readAll(commands: readonly string[]): string[];
  /** A real reboot of the running machine: what is on disk stays, the rest is lost. */
  reboot(): Promise<void>;
  /** The same by what GRUB's menu says first, which qemu does not boot. `more` is added to it. */
  bootByMenu(more: string): Promise<void>;
}

/** Has kexec load what GRUB would, its words put together as GRUB's `linux` command does it: those with blanks in quotes. */
const LOAD_MENU = String.raw`
entry() { sed -nE "s/^\s+$1\s+//p" /boot/grub/grub.cfg | head -n 1; }
eval "set -- $(entry linux)"
kernel=$1 line=BOOT_IMAGE=$1
shift
for word; do case $word in *' '*) line="$line \"$word\"" ;; *) line="$line $word" ;; esac; done
kexec -l "$kernel" --initrd="$(entry initrd)" --append="$line $MORE"`;

export function attachHost(address: Address): Host {
  const sshArguments = sshArgumentsOf(address);
  const ssh = (command: string, input = ''): Ran => {
    const { status, stdout, stderr } = spawnSync('ssh', [...sshArguments, command], {
      input,
      encoding: 'utf8',
      timeout: 300_000,
      maxBuffer: 1 << 28,
    });
    return { status: status ?? 255, stdout, stderr };
  };
  return {
    ...address,
    ssh,
    read(command) {
      const { status, stdout, stderr } = ssh(command);
      if (status !== 0) throw new Error(`${command}: status ${status}: ${stderr.trim()}`);
      return stdout.trim();
    },
    readAll(commands) {
      const each = commands.map((command) => `(${command}\n) </dev/null; printf '\\036%s\\037' $?`);
      const parts = ssh('bash -s', each.join('\n')).stdout.split('\u001f');
      return commands.map((_, at) => {
        const [text = '', status = 'none'] = parts[at]?.split('\u001e') ?? [];
        return status === '0' ? text.trim() : `${text.trim()} (status ${status})`;
      });
    },
    async reboot() {
      await saidReady(join(address.directory, 'console'), () => ssh('systemctl reboot'));
    },
    async bootByMenu(more) {
      this.read(`MORE='${more}'${LOAD_MENU}`);
      await saidReady(join(address.directory, 'console'), () => ssh('systemctl kexec'));
    },
  };
}

/** A login costs seconds under TCG: one connection serves all commands. */
export function sshArgumentsOf({ port, keyFile, knownHostsFile, directory }: Address): string[] {
  return [
    ...['-F', 'none', '-i', keyFile, '-p', String(port), '-o', `UserKnownHostsFile=${knownHostsFile}`],
    ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=240', '-o', 'LogLevel=ERROR'],
    ...['-o', `ControlPath=${join(directory, 'ssh')}`, '-o', 'ControlMaster=auto', '-o', 'ControlPersist=600'],
    'root@127.0.0.1',
  ];
}
