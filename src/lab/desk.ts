import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Output } from '../laws/fake-command.ts';

/** Answers commands: what is run, and what it is given on stdin. */
export type Clerk = (argv: readonly string[], stdin: string) => Output;

/** Where commands of the lab's hosts ask this process what to say. */
export interface Desk {
  /** Makes a folder of commands for a host. Names that begin with a dot are found by nobody who looks for a command. */
  commandsFor(host: string, names: readonly string[], clerk: Clerk): string;
  close(): void;
}

/**
 * A command is a script of a few lines, with few processes: a start of Node for each would take longer than the rest of an audit.
 * It leaves what it was called with in a file, says so in the one FIFO of the lab, and waits at one of its own, which is taken away
 * once it is open at both ends.
 */
const script = (folder: string, host: string): string => `#!/bin/sh
# Asks the lab what this command says on ${host}.
ask=${folder}/${host}/asked/$$
mkfifo "$ask" || exit 126
exec 3<>"$ask"
printf '%s\\0' "\${0##*/}" "$@" >"$ask.argv"
case " $* " in *' /dev/stdin '*) cat >"$ask.stdin" ;; esac
printf '%s\\n' "${host}/$$" >${folder}/ask
read -r status said <&3
case $said in ?*) cat "$ask.stdout"; cat "$ask.stderr" >&2; rm -f "$ask.stdout" "$ask.stderr" ;; esac
exit "$status"
`;

/** Where a host of the lab in a directory has its commands. */
export const commandsOf = (dir: string, host: string): string => join(dir, 'commands', host, 'bin');

export function openDesk(dir: string): Desk {
  const folder = join(dir, 'commands');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const clerks = new Map<string, Clerk>();
  execFileSync('mkfifo', ['-m', '600', join(folder, 'ask')]);
  // Open both ways, so that it never ends, and opening it waits for nobody.
  const fd = openSync(join(folder, 'ask'), constants.O_RDWR | constants.O_NONBLOCK);
  const asked = new Socket({ fd, readable: true, writable: false });
  let rest = '';
  asked.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) serve(folder, line, clerks);
  });
  return {
    commandsFor(host, names, clerk) {
      const own = dirname(commandsOf(dir, host));
      mkdirSync(join(own, 'asked'), { recursive: true });
      writeFileSync(join(own, '.ask'), script(folder, host), { mode: 0o755 });
      const bin = commandsOf(dir, host);
      mkdirSync(bin);
      for (const name of names) symlinkSync('../.ask', join(bin, name));
      clerks.set(host, clerk);
      return bin;
    },
    close: () => asked.destroy(),
  };
}

function serve(folder: string, line: string, clerks: ReadonlyMap<string, Clerk>): void {
  const [host = '', number = ''] = line.split('/');
  const ask = join(folder, host, 'asked', number);
  try {
    const argv = readFileSync(`${ask}.argv`, 'utf8').split('\0').slice(0, -1);
    const { status, stdout, stderr } = answered(clerks.get(host), argv, stdinOf(ask));
    const says = stdout !== '' || stderr !== '';
    if (says) {
      writeFileSync(`${ask}.stdout`, stdout);
      writeFileSync(`${ask}.stderr`, stderr);
    }
    const done = openSync(ask, constants.O_WRONLY | constants.O_NONBLOCK);
    for (const file of [ask, `${ask}.argv`, `${ask}.stdin`]) rmSync(file, { force: true });
    writeSync(done, says ? `${status} said\n` : `${status}\n`);
    closeSync(done);
  } catch (error) {
    // Whoever asked was ended, and its folder may be gone.
    if (!['ENOENT', 'ENXIO', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function answered(clerk: Clerk | undefined, argv: readonly string[], stdin: string): Output {
  try {
    return clerk?.(argv, stdin) ?? { status: 127, stdout: '', stderr: 'kvmplay lab: no such host\n' };
  } catch (error) {
    // A mistake of the lab's is this command's, and not the end of every host.
    return { status: 70, stdout: '', stderr: `kvmplay lab: ${(error as Error).stack}\n` };
  }
}

function stdinOf(ask: string): string {
  try {
    return readFileSync(`${ask}.stdin`, 'utf8');
  } catch {
    return '';
  }
}
