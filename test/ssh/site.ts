import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reading, Remote } from '../../src/contract/index.ts';
import { connect } from '../../src/transport/connect.ts';
import { type Flags, targetOf } from '../../src/transport/target.ts';
import type { Ui } from '../../src/transport/ui.ts';
import { makeKey, type Sshd, type SshdOptions, startSshd } from '../support/sshd.ts';

/** A person's side of ssh: a folder with a key, a configuration and known hosts of its own; and servers to go to. */
export interface Site {
  readonly folder: string;
  readonly key: { readonly path: string; readonly publicKey: string };
  /** Starts a server that lets the key in. Its host keys become known unless `unknown` is set. */
  server(options?: SshdOptions & { unknown?: boolean }): Promise<Sshd>;
  know(lines: string): void;
  /** What would stand in ~/.ssh/config. */
  configure(text: string): void;
  /** Inventory variables for a server: as root, by the key. */
  variables(sshd: Sshd, more?: Record<string, unknown>): Record<string, unknown>;
  readonly knownHosts: string;
  close(): Promise<void>;
}

export function openSite(): Site {
  const folder = mkdtempSync(join(tmpdir(), 'kvmplay-ssh-'));
  const key = makeKey(folder, 'ed25519');
  const servers: Sshd[] = [];
  const knownHosts = join(folder, 'known_hosts');
  const config = join(folder, 'config');
  let known = '';
  const know = (lines: string) => {
    known += lines;
    writeFileSync(knownHosts, known);
  };
  // Nothing of whoever runs the tests: not their agent, keys or known hosts.
  const configure = (text: string) =>
    writeFileSync(
      config,
      `${text}\nHost *\n  UserKnownHostsFile ${knownHosts}\n  GlobalKnownHostsFile none\n  IdentityAgent none\n`,
    );
  know('');
  configure('');
  return {
    folder,
    key,
    knownHosts,
    know,
    configure,
    server: async ({ unknown, ...options } = {}) => {
      const sshd = await startSshd({
        ...options,
        authorizedKeys: [key.publicKey, ...(options.authorizedKeys ?? [])],
      });
      servers.push(sshd);
      if (!unknown) know(sshd.knownHosts);
      return sshd;
    },
    variables: (sshd, more) => ({
      ansible_host: sshd.addresses[0],
      ansible_port: sshd.port,
      ansible_user: 'root',
      ansible_ssh_private_key_file: key.path,
      ansible_ssh_args: `-F ${config}`,
      // The servers share this machine with the tests.
      ansible_ssh_timeout: 60,
      ...more,
    }),
    close: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Nobody at the terminal, and every question noted. */
export function nobody(answers: readonly string[] = []): Ui & { asked: string[]; notices: string[] } {
  const asked: string[] = [];
  const notices: string[] = [];
  return {
    asked,
    notices,
    askPassword: async (prompt) => {
      asked.push(prompt);
      return answers[asked.length - 1];
    },
    notice: (message) => notices.push(message),
  };
}

/** Connects, runs a command, and closes. */
export async function run(
  variables: Record<string, unknown>,
  argv: readonly string[] = ['id', '-un'],
  { ui = nobody(), flags = {}, name = 'kvm1' }: { ui?: Ui; flags?: Flags; name?: string } = {},
): Promise<string> {
  const remote = await connect(targetOf(name, variables, flags), ui);
  try {
    return outputOf(await ask(remote, argv));
  } finally {
    await remote.close();
  }
}

export async function ask(remote: Remote, argv: readonly string[]): Promise<Reading | undefined> {
  const { readings } = await remote.exchange({ actions: [], probes: [{ kind: 'command', argv }] });
  return readings[0];
}

const outputOf = (reading: Reading | undefined): string =>
  reading?.is === 'output' ? reading.stdout : JSON.stringify(reading);
