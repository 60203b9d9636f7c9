import { join } from 'node:path';
import { type Kvmplay, kvmplayOn } from '../support/kvmplay.ts';
import type { Address } from './host.ts';

/** kvmplay over ssh to an emulated host, as a user who may become root by a password. */
export const kvmplayOver = ({ port, keyFile, knownHostsFile, directory }: Address): Kvmplay =>
  kvmplayOn({
    folder: join(directory, 'project'),
    vars: {
      ansible_host: '127.0.0.1',
      ansible_port: port,
      ansible_user: 'ops',
      // A login takes seconds under TCG, more beside guests.
      ansible_timeout: 60,
      ansible_become: true,
      ansible_become_password: 'ops-password',
      ansible_ssh_private_key_file: keyFile,
      // Beside guests it may say nothing for longer than a host that is alive.
      ansible_ssh_common_args: `-F none -o ServerAliveInterval=60 -o UserKnownHostsFile=${knownHostsFile}`,
    },
  });
