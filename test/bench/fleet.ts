import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../../src/lab/machine.ts';
import { layoutOf, layTree } from '../../src/lab/tree.ts';
import { scratchFolder } from '../support/scratch.ts';
import { makeKey, type Sshd, startSshd } from '../support/sshd.ts';

export interface Fleet {
  readonly folder: string;
  readonly hosts: readonly { readonly name: string; readonly port: number; readonly root: string }[];
  /** In Ansible's INI form, for kvmplay and Ansible alike. */
  readonly inventory: string;
  /** What ssh(1) needs to be let in, without the port. */
  readonly sshArguments: readonly string[];
  stop(): Promise<void>;
}

/** `count` real sshd on loopback, each for a host with a tree of its own. */
export async function startFleet(count: number, machine: Machine): Promise<Fleet> {
  const folder = scratchFolder('kvmplay-bench');
  const servers: Sshd[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    mkdirSync(join(folder, 'keys'));
    const key = makeKey(join(folder, 'keys'), 'ed25519');
    const layout = layoutOf(machine);
    const hosts = [];
    for (let index = 0; index < count; index += 1) {
      const server = await startSshd({ authorizedKeys: [key.publicKey] });
      servers.push(server);
      const name = `h${String(index + 1).padStart(3, '0')}`;
      const root = join(folder, 'hosts', name);
      layTree(root, layout);
      hosts.push({ name, port: server.port, root });
    }
    const knownHosts = join(folder, 'known_hosts');
    writeFileSync(knownHosts, servers.map((server) => server.knownHosts).join(''));
    const common = `-F none -o UserKnownHostsFile=${knownHosts} -o GlobalKnownHostsFile=none -o IdentitiesOnly=yes -o IdentityAgent=none`;
    const inventory = join(folder, 'inventory.ini');
    const lines = hosts.map(({ name, port, root }) => `${name} ansible_port=${port} kvmplay_root=${root}`);
    const shared = [
      'ansible_host=127.0.0.1',
      'ansible_user=root',
      'ansible_become=false',
      `ansible_ssh_private_key_file=${key.path}`,
      `ansible_ssh_common_args='${common}'`,
    ];
    writeFileSync(inventory, [...lines, '[all:vars]', ...shared, ''].join('\n'));
    const sshArguments = [...common.split(' '), '-i', key.path, '-l', 'root', '-o', 'BatchMode=yes'];
    return { folder, hosts, inventory, sshArguments, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
