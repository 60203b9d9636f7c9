import { splitWords } from './words.ts';

/** ssh_config(5) options by their lower-case names. A list, since IdentityFile may be given many times. */
export type SshOptions = ReadonlyMap<string, readonly string[]>;

/** What kvmplay takes over of a command line for ssh(1). */
export interface SshArguments {
  readonly options: SshOptions;
  /** `-F`: read this instead of ~/.ssh/config and the system's. */
  readonly configFile?: string;
}

export const NO_OPTIONS: SshArguments = { options: new Map() };

/** Options that change how kvmplay connects. */
const HONOURED = new Set([
  'addressfamily',
  'bindaddress',
  'connecttimeout',
  'globalknownhostsfile',
  'hashknownhosts',
  'hostkeyalias',
  'hostname',
  'identitiesonly',
  'identityagent',
  'identityfile',
  'kbdinteractiveauthentication',
  'passwordauthentication',
  'port',
  'preferredauthentications',
  'proxycommand',
  'proxyjump',
  'pubkeyauthentication',
  'serveralivecountmax',
  'serveraliveinterval',
  'stricthostkeychecking',
  'user',
  'userknownhostsfile',
]);
/** Options without which kvmplay's connections are the same, or safer. */
const NEEDLESS =
  /^(batchmode|checkhostip|compression|control(master|path|persist)|escapechar|forward(agent|x11|x11trusted)|gssapi.*|ipqos|loglevel|permitlocalcommand|requesttty|sendenv|tcpkeepalive|updatehostkeys|visualhostkey)$/;
const NEEDLESS_FLAGS = /^-[qvCaAxXYTtnkM]+$/;
const SHORT: Readonly<Record<string, string>> = {
  J: 'proxyjump',
  i: 'identityfile',
  l: 'user',
  p: 'port',
  b: 'bindaddress',
};

/**
 * The options in arguments for ssh(1), such as `ansible_ssh_common_args` holds. The first value of an option counts, as
 * ssh has it. A string is what is wrong with them, to stand behind the variable's name.
 */
export function parseSshArguments(text: string): SshArguments | string {
  const words = splitWords(text);
  if (!words) return 'leaves a quote open';
  const read = readArguments(words);
  if (typeof read === 'string') return read;
  return read.operands.length > 0 ? `has ${JSON.stringify(read.operands[0])}, which is no option of ssh` : read.parsed;
}

interface Read {
  readonly parsed: SshArguments;
  readonly operands: readonly string[];
  /** `-W HOST:PORT`. */
  readonly forward?: string;
}

function readArguments(words: readonly string[]): Read | string {
  const options = new Map<string, readonly string[]>();
  const operands: string[] = [];
  let configFile: string | undefined;
  let forward: string | undefined;
  const set = (name: string, value: string): string | undefined => {
    if (!HONOURED.has(name)) return NEEDLESS.test(name) ? undefined : `has the option ${name}, which kvmplay cannot do`;
    if (name === 'proxycommand' && typeof parseProxyCommand(value) === 'string')
      return `has a ProxyCommand that kvmplay cannot do: ${parseProxyCommand(value)}`;
    if (name === 'proxyjump' && !parseJumps(value)) return `has a ProxyJump that is no list of hosts: ${value}`;
    const before = options.get(name);
    if (name === 'identityfile') options.set(name, [...(before ?? []), value]);
    else if (!before) options.set(name, [value]);
    return undefined;
  };

  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--' || !word.startsWith('-') || word === '-') {
      if (word !== '--') operands.push(word);
      continue;
    }
    if (NEEDLESS_FLAGS.test(word)) continue;
    if (word === '-4' || word === '-6') {
      set('addressfamily', word === '-4' ? 'inet' : 'inet6');
      continue;
    }
    const letter = word.charAt(1);
    const value = word.length > 2 ? word.slice(2) : words[++at];
    if (value === undefined) return `ends with ${word}, which wants a value`;
    const name = SHORT[letter];
    let trouble: string | undefined;
    if (letter === 'F') configFile = value;
    else if (letter === 'W') forward = value;
    else if (letter === 'o') {
      const [, key = '', rest = ''] = /^\s*(\w+)\s*(?:=|\s)\s*(.*)$/s.exec(value) ?? [];
      if (key === '') return `has -o ${value}, which is no NAME=VALUE`;
      trouble = set(key.toLowerCase(), rest);
    } else if (name) trouble = set(name, value);
    else trouble = `has ${word}, which kvmplay cannot do`;
    if (trouble) return trouble;
  }
  return {
    parsed: { options, ...(configFile !== undefined && { configFile }) },
    operands,
    ...(forward !== undefined && { forward }),
  };
}

/** One server to go through, as somebody wrote it. */
export interface Jump {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** What ProxyCommand's own ssh is told. */
  readonly ssh?: SshArguments;
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`, by commas; undefined when it is no such list. */
export function parseJumps(text: string): readonly Jump[] | undefined {
  const jumps: Jump[] = [];
  for (const one of text.split(',')) {
    const [, user, bracketed, plain, port] =
      /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(?:\[([^\]\s]+)\]|([^:@/\s[\]]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*))(?::(\d+))?\/?$/.exec(
        one.trim(),
      ) ?? [];
    const host = bracketed ?? plain;
    if (host === undefined || host.startsWith('-')) return undefined;
    jumps.push({ host, ...(user !== undefined && { user }), ...(port !== undefined && { port: Number(port) }) });
  }
  return jumps;
}

/**
 * The server that `ssh -W %h:%p [options] [user@]host` goes through; the one form of ProxyCommand that kvmplay can do
 * itself. A string says why another cannot be.
 */
export function parseProxyCommand(text: string): Jump | string {
  const words = splitWords(text.replace(/^\s*exec\s+/, ''));
  const form = 'only the form "ssh -W %h:%p [options] [user@]host" is known';
  if (!words || !/^(.*\/)?ssh$/.test(words[0] ?? '')) return form;
  const read = readArguments(words.slice(1));
  if (typeof read === 'string') return `it ${read}`;
  if (read.operands.length !== 1 || !/^(%h|\[%h\]):%p$/.test(read.forward ?? '')) return form;
  const [jump] = parseJumps(read.operands[0] ?? '') ?? [];
  return jump ? { ...jump, ssh: read.parsed } : form;
}
