import { hostname } from 'node:os';
import { Unreachable } from '../../contract/index.ts';
import { me } from '../me.ts';
import type { Secret } from '../target.ts';
import { type Jump, parseJumps, parseProxyCommand, type SshArguments, type SshOptions } from './arguments.ts';
import type { Settings } from './settings.ts';
import { splitWords } from './words.ts';

/** What somebody asks of one login: all that is unset is the ssh configuration's. */
export interface Login {
  /** What to call it in messages: `kvm3`, `jump host bastion`. */
  readonly label: string;
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  readonly password?: Secret;
  readonly privateKey?: string;
  readonly sshArguments: SshArguments;
  readonly timeoutMs?: number;
  readonly acceptNewHostKeys: boolean;
}

/** One ssh server to log in to, with everything settled. */
export interface Hop {
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly family: 0 | 4 | 6;
  readonly bindAddress?: string;
  readonly timeoutMs: number;
  readonly keepaliveMs: number;
  readonly keepaliveCount: number;
  readonly hostKeys: HostKeyRules;
  readonly credentials: Credentials;
  /** Servers to go through, the nearest first. */
  readonly jumps: readonly Jump[];
  readonly configFile?: string;
}

export interface HostKeyRules {
  /** What known_hosts may call it, the proper name first. */
  readonly names: readonly string[];
  readonly userFiles: readonly string[];
  readonly globalFiles: readonly string[];
  readonly hash: boolean;
  /** Take an unknown key as it comes and note it down. A changed key is refused all the same. */
  readonly acceptNew: boolean;
}

export interface Credentials {
  readonly methods: readonly string[];
  /** Keys that were asked for by name: they have to be there, and are tried first. */
  readonly chosen: readonly string[];
  /** Keys that the configuration names, or that ssh would try by itself. */
  readonly usual: readonly string[];
  readonly onlyThose: boolean;
  /** The agent's socket. */
  readonly agent?: string;
  readonly password?: Secret;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_KEEPALIVE_MS = 15_000;
const DEFAULT_KEY = /\/\.ssh\/id_(rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss)$/;

/** Settles a login by the ssh configuration: what was asked for wins over it. */
export async function resolveHop(login: Login, settings: Settings): Promise<Hop> {
  const { options, configFile } = login.sshArguments;
  const config = await settings({
    host: login.host,
    ...(login.user !== undefined && { user: login.user }),
    ...(login.port !== undefined && { port: login.port }),
    ...(configFile !== undefined && { configFile }),
  });
  const first = (name: string): string | undefined => options.get(name)?.[0] ?? config.get(name)?.[0];
  const number = (name: string): number => Number(first(name)) || 0;

  const host = options.get('hostname')?.[0] ?? config.get('hostname')?.[0] ?? login.host;
  const port = login.port ?? (number('port') || 22);
  const user = login.user ?? first('user') ?? me().name;
  const expand = expander({ host, port, user, name: login.host, alias: first('hostkeyalias') });
  const bindAddress = first('bindaddress');
  const family = first('addressfamily');
  return {
    label: login.label,
    host,
    port,
    user,
    family: family === 'inet' ? 4 : family === 'inet6' ? 6 : 0,
    ...(bindAddress !== undefined && bindAddress !== 'none' && { bindAddress }),
    timeoutMs: login.timeoutMs ?? (number('connecttimeout') * 1000 || DEFAULT_TIMEOUT_MS),
    keepaliveMs: number('serveraliveinterval') * 1000 || DEFAULT_KEEPALIVE_MS,
    keepaliveCount: number('serveralivecountmax') || 3,
    hostKeys: {
      names: namesOf(host, port, first('hostkeyalias')),
      userFiles: filesOf(first('userknownhostsfile'), expand),
      globalFiles: filesOf(first('globalknownhostsfile'), expand),
      hash: first('hashknownhosts') === 'yes',
      acceptNew:
        login.acceptNewHostKeys || ['no', 'off', 'false', 'accept-new'].includes(first('stricthostkeychecking') ?? ''),
    },
    credentials: credentialsOf(login, config, first, expand),
    jumps: jumpsOf(login.label, options, config),
    ...(configFile !== undefined && { configFile }),
  };
}

/** OpenSSH looks for `[host]:port` first, and takes what it knows of the port 22 for any other if that fits. */
function namesOf(host: string, port: number, alias: string | undefined): readonly string[] {
  if (alias !== undefined) return [alias.toLowerCase()];
  const name = host.toLowerCase();
  return port === 22 ? [name] : [`[${name}]:${port}`, name];
}

function credentialsOf(
  login: Login,
  config: SshOptions,
  first: (name: string) => string | undefined,
  expand: (value: string) => string,
): Credentials {
  const named = [...(login.privateKey === undefined ? [] : [login.privateKey])];
  const chosen = [...named, ...(login.sshArguments.options.get('identityfile') ?? []).filter(isFile).map(expand)];
  const configured = (config.get('identityfile') ?? []).filter(isFile).map(expand);
  const agent = agentOf(first('identityagent'), expand);
  const isOff = (name: string) => ['no', 'false'].includes(first(name) ?? '');
  const preferred = first('preferredauthentications')?.split(',') ?? ['publickey', 'password', 'keyboard-interactive'];
  return {
    methods: preferred.filter(
      (method) =>
        !(
          (method === 'publickey' && isOff('pubkeyauthentication')) ||
          (method === 'password' && isOff('passwordauthentication')) ||
          (method === 'keyboard-interactive' && isOff('kbdinteractiveauthentication'))
        ),
    ),
    chosen,
    // ssh tries its default keys only where none is named.
    usual: configured.filter((file) => !chosen.includes(file) && !(chosen.length > 0 && DEFAULT_KEY.test(file))),
    onlyThose: first('identitiesonly') === 'yes',
    ...(agent !== undefined && { agent }),
    ...(login.password && { password: login.password }),
  };
}

function agentOf(setting: string | undefined, expand: (value: string) => string): string | undefined {
  if (setting === 'none') return undefined;
  if (setting === undefined || setting === 'SSH_AUTH_SOCK') return process.env.SSH_AUTH_SOCK || undefined;
  return setting.startsWith('$') && !setting.startsWith('${') ? process.env[setting.slice(1)] : expand(setting);
}

function jumpsOf(label: string, given: SshOptions, config: SshOptions): readonly Jump[] {
  const source = given.has('proxyjump') || given.has('proxycommand') ? given : config;
  const list = source.get('proxyjump')?.[0] ?? 'none';
  const command = source.get('proxycommand')?.[0] ?? 'none';
  if (list !== 'none') {
    const jumps = parseJumps(list);
    if (!jumps) throw new Unreachable('JumpFailed', `${label}: ProxyJump is no list of hosts: ${list}`);
    return jumps;
  }
  if (command === 'none') return [];
  const jump = parseProxyCommand(command);
  if (typeof jump === 'string')
    throw new Unreachable('JumpFailed', `${label}: kvmplay cannot do the ProxyCommand "${command}": ${jump}`);
  return [jump];
}

const filesOf = (value: string | undefined, expand: (one: string) => string): readonly string[] =>
  (splitWords(value ?? '') ?? []).filter(isFile).map(expand);

const isFile = (file: string): boolean => file !== 'none';

interface Tokens {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly name: string;
  readonly alias: string | undefined;
}

/** ssh_config(5) TOKENS, `~` and `${VARIABLE}`. */
function expander(known: Tokens): (value: string) => string {
  const { name: self, home } = me();
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: home,
    h: known.host,
    i: String(process.getuid?.()),
    k: known.alias ?? known.name,
    l: hostname(),
    L: hostname().split('.')[0] ?? '',
    n: known.name,
    p: String(known.port),
    r: known.user,
    u: self,
  };
  return (value) =>
    value
      .replace(/^~(?=\/|$)/, home)
      .replace(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? '')
      .replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole);
}
