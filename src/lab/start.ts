import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandNames, KERNEL, runCommand } from './commands.ts';
import { type Clerk, openDesk } from './desk.ts';
import { membersOf } from './fleet.ts';
import { inventoryText, type LabHost } from './inventory.ts';
import { keyFor } from './keys.ts';
import type { Machine } from './machine.ts';
import { settleGuests } from './running-guests.ts';
import { type SshServer, startSshServer } from './server.ts';
import { labFolder } from './state.ts';
import { layoutOf, layTree } from './tree.ts';
import { treeFiles } from './tree-files.ts';

export interface LabOptions {
  /** Where keys, trees and the inventory are kept. Trees of an earlier lab in it are put back as they began. */
  readonly dir: string;
  readonly hosts: number;
  readonly machine: Machine;
  /** The first port to try, on 127.0.0.1; those in use are passed over. 0: any free ones. */
  readonly port: number;
}

/** A running lab. `stop` ends its servers and what runs in them; keys and trees stay, for a quicker start next time. */
export interface Lab {
  readonly hosts: readonly LabHost[];
  readonly inventoryFile: string;
  readonly knownHostsFile: string;
  readonly keyFile: string;
  stop(): Promise<void>;
}

/** Starts simulated hypervisors in this process: one SSH server and one directory tree each. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const dir = labFolder(options.dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const keys = join(dir, 'keys');
  const userKey = keyFor(keys, 'user');
  const desk = openDesk(dir);
  const servers: SshServer[] = [];
  const hosts: LabHost[] = [];
  const known: string[] = [];
  const knownHostsFile = join(dir, 'known_hosts');
  const inventoryFile = join(dir, 'inventory.yml');
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    desk.close();
    for (const path of [knownHostsFile, inventoryFile]) rmSync(path, { force: true });
  };

  try {
    let next = options.port;
    for (const { name, rack, family, own } of membersOf(options.hosts, options.machine)) {
      const root = join(dir, 'hosts', name);
      const hostKey = keyFor(keys, name);
      layTree(root, layoutOf(options.machine, own));
      const files = treeFiles(root);
      settleGuests(files);
      const clerk: Clerk = (argv, stdin) => runCommand(argv, files, stdin);
      const commands = desk.commandsFor(name, [...commandNames(family), KERNEL], clerk);
      const server = await startSshServer({ hostKey, userKey, root, commands, port: next });
      servers.push(server);
      hosts.push({ name, rack, port: server.port, root });
      known.push(`[127.0.0.1]:${server.port} ${hostKey.line}\n`);
      next = options.port === 0 ? 0 : server.port + 1;
    }
    writeFileSync(knownHostsFile, known.join(''));
    writeFileSync(inventoryFile, inventoryText(hosts, { keyFile: userKey.file, knownHostsFile }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { hosts, inventoryFile, knownHostsFile, keyFile: userKey.file, stop };
}
