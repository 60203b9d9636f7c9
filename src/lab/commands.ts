import { type Command, NotEmulated, type Output } from '../laws/fake-command.ts';
import { FAKE_COMMANDS } from '../laws/fake-commands.ts';
import { FileError, type HostFiles } from '../laws/fake-files.ts';
import { poke } from '../laws/fake-kernel.ts';
import type { Family } from './distribution.ts';
import { settleGuests } from './running-guests.ts';
import { LIBVIRT, labVirsh } from './virsh.ts';

/** What a write to a kernel's file goes by, in place of a command's name. */
export const KERNEL = '.kernel';

type Answer = (argv: readonly string[], files: HostFiles, stdin: string) => string | Output;

const daemon: Answer = ([name]) => `/usr/sbin/${name} (libvirt) ${LIBVIRT}\n`;

/** Scripts that modules have a shell do. Others would have to be run, and there is nothing here but files to run them on. */
const shell: Answer = (argv, files) => {
  if (!/^"\$@" && exit;|env printf|shutdown "\$1"/.test(argv[2] ?? ''))
    throw new NotEmulated('no shell scripts run in the lab');
  const output = runFake('sh', argv, files);
  settleGuests(files);
  return output;
};

const OWN: Readonly<Record<string, Answer>> = {
  sh: shell,
  virsh: labVirsh,
  uname: () => 'x86_64\n',
  udevadm: () => ({ status: 1, stdout: '', stderr: 'Unknown device: No such device\n' }),
  'systemd-tmpfiles': () => '',
};

const COMMON = ['modprobe', 'irqbalance', 'systemctl'];
const FAMILIES: Readonly<Record<Family, readonly string[]>> = {
  debian: ['dpkg-query', 'apt-get', 'apt-cache', 'update-grub'],
  rhel: ['rpm', 'dnf', 'grub2-mkconfig', 'tuned-adm'],
};
const DAEMONS: Readonly<Record<Family, string>> = { debian: 'libvirtd', rhel: 'virtqemud' };

/** The commands that a host of this family has in the lab. */
export const commandNames = (family: Family): string[] => [
  ...new Set([...Object.keys(OWN), ...COMMON, ...FAMILIES[family], DAEMONS[family], 'env']),
];

/** What a command says on a host with these files, and what it does to them. */
export function runCommand(argv: readonly string[], files: HostFiles, stdin: string): Output {
  try {
    const output = answerOf(argv, files, stdin);
    return typeof output === 'string' ? { status: 0, stdout: output, stderr: '' } : output;
  } catch (error) {
    if (error instanceof FileError) return refused(`kvmplay: ${error.errno}: ${error.message}`);
    if (error instanceof NotEmulated) return refused(`kvmplay lab: ${error.message}`);
    throw error;
  }
}

const refused = (why: string): Output => ({ status: 1, stdout: '', stderr: `${why}\n` });

function answerOf(argv: readonly string[], files: HostFiles, stdin: string): string | Output {
  const [name = '', ...words] = argv;
  if (name === KERNEL) {
    poke(files, words[0] ?? '', words[1] ?? '');
    return '';
  }
  if (name === 'env') {
    const at = words.findIndex((word) => !/^\w+=/.test(word));
    return at < 0 ? '' : answerOf(words.slice(at), files, stdin);
  }
  if (name in OWN) return OWN[name]?.(argv, files, stdin) ?? '';
  if (Object.values(DAEMONS).includes(name)) return daemon(argv, files, stdin);
  return runFake(name, argv, files);
}

function runFake(name: string, argv: readonly string[], files: HostFiles): string | Output {
  const fake: Command | undefined = FAKE_COMMANDS[name];
  if (fake === undefined) return { status: 127, stdout: '', stderr: `${name}: not found\n` };
  return typeof fake === 'function' ? fake(argv, files) : fake;
}
