import { sites } from './fleet.ts';

export interface LabHost {
  readonly name: string;
  readonly rack: string;
  readonly port: number;
  /** The directory that is this host's root. */
  readonly root: string;
}

interface Access {
  readonly keyFile: string;
  readonly knownHostsFile: string;
}

/** What the user has set up for real hosts, agents and keys too, stays out of it. */
const sshArguments = (knownHostsFile: string): string =>
  [
    '-F none',
    `UserKnownHostsFile=${knownHostsFile}`,
    'GlobalKnownHostsFile=none',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
  ].join(' -o ');

/** The lab as a YAML inventory: `hypervisors` with sites and racks below it, and `canary` with the first host. */
export function inventoryText(hosts: readonly LabHost[], { keyFile, knownHostsFile }: Access): string {
  const lines = [
    '# Simulated hypervisors on this machine: directories, not kernels. Written anew by each `kvmplay lab up`.',
    'hypervisors:',
    '  vars:',
    '    ansible_host: 127.0.0.1',
    '    ansible_user: lab',
    `    ansible_ssh_private_key_file: ${JSON.stringify(keyFile)}`,
    `    ansible_ssh_common_args: ${JSON.stringify(sshArguments(knownHostsFile))}`,
    '    ansible_become: false # the directories are yours: no root is needed',
    '  children:',
  ];
  for (const [site, racks] of sites) {
    const used = racks.filter((rack) => hosts.some((host) => host.rack === rack));
    if (used.length === 0) continue;
    lines.push(`    ${site}:`, '      children:');
    for (const rack of used) {
      lines.push(`        ${rack}:`, '          hosts:');
      for (const { name, port, root } of hosts.filter((host) => host.rack === rack))
        lines.push(`            ${name}: { ansible_port: ${port}, kvmplay_root: ${JSON.stringify(root)} }`);
    }
  }
  lines.push('canary:', '  hosts:', `    ${hosts[0]?.name}:`);
  return `${lines.join('\n')}\n`;
}
