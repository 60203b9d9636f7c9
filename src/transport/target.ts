import { resolve } from 'node:path';
import { type Diagnostic, mistake, type Position, UserError } from '../source/diagnostic.ts';
import { me } from './me.ts';
import { NO_OPTIONS, parseSshArguments, type SshArguments } from './ssh/arguments.ts';

/** A password: as a function it falls out of JSON, diffs and debug prints. */
export type Secret = () => string;

/** Another user to work as, and the way there. */
export interface Become {
  readonly user: string;
  readonly method: 'sudo' | 'su';
  readonly password?: Secret;
}

/** How to reach one host and as whom to work there: its inventory variables over the command line's flags. */
export interface Target {
  /** The host's name in the inventory, for messages. */
  readonly name: string;
  readonly connection: 'ssh' | 'local';
  /** What to dial, or to look up in the ssh configuration. */
  readonly host: string;
  /** Unset: the ssh configuration's, as for `user`, `timeoutMs` and keys. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: Secret;
  readonly privateKey?: string;
  readonly sshArguments: SshArguments;
  /** For connecting, shaking hands and logging in, and for becoming another user. */
  readonly timeoutMs?: number;
  readonly acceptNewHostKeys: boolean;
  readonly become?: Become;
  /** A directory on the host to take as the root of its file system. */
  readonly root?: string;
}

/** What the command line and the play say for every host. Inventory variables win, as in Ansible. */
export interface Flags {
  readonly connection?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly become?: boolean | undefined;
  readonly becomeUser?: string | undefined;
  readonly becomeMethod?: string | undefined;
  readonly becomePassword?: string | undefined;
  /** Seconds. */
  readonly timeout?: number | undefined;
  readonly acceptNewHostKeys?: boolean | undefined;
}

type Variables = Readonly<Record<string, unknown>>;

/** One connection fact: its variables, of which the last that is set wins, as in Ansible; then what to do without. */
const NAMES = {
  connection: ['ansible_connection'],
  host: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  user: ['ansible_user', 'ansible_ssh_user'],
  password: ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'],
  privateKey: ['ansible_private_key_file', 'ansible_ssh_private_key_file'],
  timeout: ['ansible_timeout', 'ansible_ssh_timeout'],
  hostKeyChecking: ['ansible_host_key_checking', 'ansible_ssh_host_key_checking'],
  become: ['ansible_become'],
  becomeUser: ['ansible_become_user'],
  becomeMethod: ['ansible_become_method'],
  becomePassword: ['ansible_become_pass', 'ansible_become_password'],
  root: ['kvmplay_root'],
} as const satisfies Record<string, readonly string[]>;
const ARGUMENTS = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'] as const;

/**
 * What a host's variables and the flags say of reaching it.
 * @throws UserError with every value that cannot be meant: `BadConnectionVariable`, `UnsupportedConnection`,
 *   `UnsupportedBecomeMethod`, `UnsupportedSshArgument`.
 */
export function targetOf(
  name: string,
  variables: Variables,
  flags: Flags = {},
  where: (variable: string) => Position | undefined = () => undefined,
): Target {
  const wrong: Diagnostic[] = [];
  const complain = (code: string, variable: string, why: string, hint?: string) =>
    wrong.push(mistake(code, `${variable} of host ${name} ${why}`, where(variable), hint));

  const find = (fact: keyof typeof NAMES): { variable: string; value: unknown } | undefined => {
    const variable = NAMES[fact].findLast((one) => variables[one] !== undefined && variables[one] !== null);
    return variable === undefined ? undefined : { variable, value: variables[variable] };
  };
  const read = <T>(fact: keyof typeof NAMES, parse: (value: unknown) => T | undefined, expected: string) => {
    const found = find(fact);
    if (!found) return undefined;
    const parsed = parse(found.value);
    if (parsed !== undefined) return parsed;
    const shown = fact.toLowerCase().includes('password') ? 'a value of another kind' : JSON.stringify(found.value);
    complain('BadConnectionVariable', found.variable, `should be ${expected}, not ${shown}`);
    return undefined;
  };
  const word = (fact: keyof typeof NAMES, expected: string) => read(fact, wordOf, expected);

  const connection = connectionOf(word('connection', 'ssh or local') ?? flags.connection ?? 'ssh');
  if (!connection)
    complain(
      'UnsupportedConnection',
      'ansible_connection',
      `is ${JSON.stringify(find('connection')?.value ?? flags.connection)}, which kvmplay cannot do`,
      'use ssh or local',
    );
  const method = word('becomeMethod', 'sudo or su') ?? flags.becomeMethod ?? 'sudo';
  const becomeMethod = (['sudo', 'su'] as const).find((one) => method.replace(/^ansible\.builtin\./, '') === one);
  if (!becomeMethod)
    complain(
      'UnsupportedBecomeMethod',
      'ansible_become_method',
      `is ${JSON.stringify(method)}, which kvmplay cannot do`,
      'use sudo or su',
    );

  const becomeUser = read('becomeUser', accountOf, "a user's name") ?? flags.becomeUser ?? 'root';
  const becomePassword = read('becomePassword', passwordOf, 'text on one line') ?? flags.becomePassword;
  const become = read('become', truthOf, 'yes or no') ?? flags.become ?? false;
  const hostKeyChecking = read('hostKeyChecking', truthOf, 'yes or no') ?? true;
  const root = word('root', 'a directory');
  const user = read('user', accountOf, "a user's name") ?? flags.user;
  const password = read('password', passwordOf, 'text on one line') ?? flags.password;
  const privateKey = word('privateKey', "a private key's file") ?? flags.privateKey;
  const port = read('port', portOf, 'a port from 1 to 65535');
  const timeout = read('timeout', secondsOf, 'a number of seconds') ?? flags.timeout;
  const target: Target = {
    name,
    connection: connection ?? 'ssh',
    host: word('host', 'a host name or an address') ?? name,
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password: () => password }),
    ...(privateKey !== undefined && { privateKey: resolve(expandHome(privateKey)) }),
    sshArguments: sshArgumentsOf(variables, complain),
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    acceptNewHostKeys: flags.acceptNewHostKeys === true || !hostKeyChecking,
    ...(become && {
      become: {
        user: becomeUser,
        method: becomeMethod ?? 'sudo',
        ...(becomePassword !== undefined && { password: () => becomePassword }),
      },
    }),
    ...(root !== undefined && { root: connection === 'local' ? resolve(expandHome(root)) : root }),
  };
  if (target.root !== undefined && !target.root.startsWith('/'))
    complain('BadConnectionVariable', 'kvmplay_root', `should be an absolute path, not ${JSON.stringify(root)}`);
  if (wrong.length > 0) throw new UserError(wrong);
  return target;
}

type Complain = (code: string, variable: string, why: string, hint?: string) => void;

function sshArgumentsOf(variables: Variables, complain: Complain): SshArguments {
  let all: SshArguments = NO_OPTIONS;
  for (const variable of ARGUMENTS) {
    const value = variables[variable];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string') {
      complain('BadConnectionVariable', variable, `should be text, not ${JSON.stringify(value)}`);
      continue;
    }
    const parsed = parseSshArguments(value);
    if (typeof parsed === 'string')
      complain(
        'UnsupportedSshArgument',
        variable,
        parsed,
        'put what kvmplay cannot take over into ~/.ssh/config, or leave it out',
      );
    else all = { ...all, ...parsed, options: new Map([...parsed.options, ...all.options]) };
  }
  return all;
}

function connectionOf(value: string): Target['connection'] | undefined {
  const short = value.replace(/^ansible\.(builtin|netcommon)\./, '');
  if (short === 'local') return 'local';
  return ['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(short) ? 'ssh' : undefined;
}

const isLine = (value: string): boolean => !/[\0\r\n]/.test(value);

function wordOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' && isLine(text) ? text : undefined;
}

/** Whatever a user may be called, but nothing that a login shell, sudo or su could take for something else. */
function accountOf(value: unknown): string | undefined {
  const text = wordOf(value);
  return text !== undefined && /^[^\s'"`$&;|<>(){}*?[\]!#~-][^\s'"`&;|<>(){}*?[\]!#~]*$/.test(text) ? text : undefined;
}

function passwordOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && isLine(text) ? text : undefined;
}

function portOf(value: unknown): number | undefined {
  const port = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65535 ? port : undefined;
}

function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 && seconds <= 86_400 ? seconds : undefined;
}

/** Ansible's booleans. */
function truthOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = String(value).toLowerCase();
  if (['yes', 'y', 'true', 't', 'on', '1', '1.0'].includes(text)) return true;
  return ['no', 'n', 'false', 'f', 'off', '0', '0.0', ''].includes(text) ? false : undefined;
}

const expandHome = (path: string): string => path.replace(/^~(?=\/|$)/, me().home);
