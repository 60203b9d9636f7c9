import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SSHD = '/usr/sbin/sshd';

/** Why OpenSSH's own sshd cannot be started here, or undefined when it can. Under CI it has to be. */
export function noSshd(): string | undefined {
  const why = !existsSync(SSHD)
    ? 'sshd is not installed (openssh-server)'
    : process.getuid?.() !== 0
      ? 'only root can start an sshd that others log in to'
      : undefined;
  if (why !== undefined && process.env.CI) throw new Error(`CI has to run these tests: ${why}`);
  return why;
}

export interface SshdOptions {
  /** Loopback addresses to listen on, 16 at most. Default 127.0.0.1. */
  readonly addresses?: readonly string[];
  readonly hostKeyTypes?: readonly string[];
  /** Public keys that may log in, as whoever they like. */
  readonly authorizedKeys?: readonly string[];
  /** The command that runs another where the server is to run: `ip netns exec NAME`. */
  readonly beside?: readonly string[];
  /** Lines of sshd_config, which stand in for those of the same name that it would have. */
  readonly config?: readonly string[];
}

export interface Sshd {
  readonly port: number;
  readonly addresses: readonly string[];
  /** Type → the public key, as in its .pub file. */
  readonly hostKeys: Readonly<Record<string, string>>;
  /** Lines for a known_hosts file that name this server by all of its addresses. */
  readonly knownHosts: string;
  /** What it has logged so far. */
  log(): string;
  /** Ends the sessions, as a crash would; the server goes on. */
  killSessions(): void;
  /** Stops the sessions dead, with their connections left open. */
  freezeSessions(): void;
  stop(): Promise<void>;
}

/** A real sshd on loopback, with a folder, host keys and a configuration of its own. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const {
    addresses = ['127.0.0.1'],
    hostKeyTypes = ['ed25519'],
    authorizedKeys = [],
    config = [],
    beside = [],
  } = options;
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-sshd-'));
  const port = await freePort();
  const hostKeys: Record<string, string> = {};
  for (const type of hostKeyTypes) hostKeys[type] = makeKey(folder, type, { name: `host_${type}` }).publicKey;
  writeFileSync(join(folder, 'authorized_keys'), authorizedKeys.map((key) => `${key.trim()}\n`).join(''));
  // The folder is in /tmp and private to root, but users' sshd reads their keys as them.
  execFileSync('chmod', ['0755', folder]);
  const defaults = [
    `Port ${port}`,
    ...addresses.map((address) => `ListenAddress ${address}`),
    ...hostKeyTypes.map((type) => `HostKey ${join(folder, `host_${type}`)}`),
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM yes',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'MaxStartups 200',
    'PrintMotd no',
    'UseDNS no',
  ];
  writeFileSync(
    join(folder, 'config'),
    [...defaults.filter((line) => !config.some((own) => own.split(' ')[0] === line.split(' ')[0])), ...config, ''].join(
      '\n',
    ),
  );

  const [program = SSHD, ...words] = [...beside, SSHD, '-D', '-e', '-f', join(folder, 'config')];
  const server = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let logged = '';
  const over = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk: Buffer) => {
      logged += chunk.toString();
      if (logged.split('Server listening on').length > addresses.length) resolve();
    });
    void over.then(() => {
      rmSync(folder, { recursive: true, force: true });
      reject(new Error(`sshd did not start: ${logged}`));
    });
  });
  const signalSessions = (signal: NodeJS.Signals) => {
    for (const pid of server.pid === undefined ? [] : childrenOf(server.pid)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself just now.
      }
    }
  };
  const names = addresses.map((address) => `[${address}]:${port}`).join(',');
  return {
    port,
    addresses,
    hostKeys,
    knownHosts: Object.values(hostKeys)
      .map((key) => `${names} ${key.split(' ').slice(0, 2).join(' ')}\n`)
      .join(''),
    log: () => logged,
    killSessions: () => signalSessions('SIGKILL'),
    freezeSessions: () => signalSessions('SIGSTOP'),
    stop: async () => {
      signalSessions('SIGKILL');
      server.kill();
      await over;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A key pair made by ssh-keygen. `format`: PEM or PKCS8 for the old ways to write the private one. */
export function makeKey(
  folder: string,
  type: string,
  options: { name?: string; passphrase?: string; format?: string } = {},
): { path: string; publicKey: string } {
  const path = join(folder, options.name ?? `id_${type}_${readdirSync(folder).length}`);
  const format = options.format === undefined ? [] : ['-m', options.format];
  const bits = type === 'rsa' ? ['-b', '2048'] : [];
  // Few rounds of bcrypt, which ssh2 computes in JavaScript.
  const rounds = options.passphrase === undefined || options.format !== undefined ? [] : ['-a', '2'];
  execFileSync(
    'ssh-keygen',
    ['-q', '-t', type, ...bits, ...format, ...rounds, '-N', options.passphrase ?? '', '-C', 'kvmplay test', '-f', path],
    { stdio: 'pipe' },
  );
  return { path, publicKey: readFileSync(`${path}.pub`, 'utf8').trim() };
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** A port that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
