import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { cachedImage } from '../support/cached-image.ts';
import { tool } from '../support/tool.ts';
import { type Address, type Kind, startLibvirt } from './daemon.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Undefined where there is no libvirt. */
    readonly libvirt: Address | undefined;
  }
}

/** One daemon for all tests of the tier: this machine's libvirtd, or the virtqemud of a Debian that is newer. */
export default async function setup(project: TestProject): Promise<(() => void) | undefined> {
  const kind = project.config.env.KVMPLAY_DAEMON === 'virtqemud' ? modular() : monolithic();
  if (!kind) {
    project.provide('libvirt', undefined);
    return undefined;
  }
  const { pid, directory, stop } = await startLibvirt(kind);
  project.provide('libvirt', { pid, directory });
  return stop;
}

function monolithic(): Kind | undefined {
  const tools = [
    tool('libvirtd', 'libvirt-daemon-system'),
    tool('virsh', 'libvirt-clients'),
    tool('qemu-system-x86_64', 'qemu-system-x86'),
  ];
  return tools.includes(undefined) ? undefined : { daemon: 'libvirtd', root: '/' };
}

function modular(): Kind | undefined {
  if (tool('mmdebstrap', 'mmdebstrap') === undefined) return undefined;
  const folder = cachedImage(join('test', 'libvirt', 'modular'), 'virtqemud tree');
  return { daemon: 'virtqemud', root: join(folder, 'root') };
}
