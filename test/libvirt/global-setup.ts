import type { TestProject } from 'vitest/node';
import { tool } from '../support/tool.ts';
import { type Address, startLibvirt } from './daemon.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Undefined where there is no libvirt. */
    readonly libvirt: Address | undefined;
  }
}

export default async function setup(project: TestProject): Promise<(() => void) | undefined> {
  const tools = [
    tool('libvirtd', 'libvirt-daemon-system'),
    tool('virsh', 'libvirt-clients'),
    tool('qemu-system-x86_64', 'qemu-system-x86'),
  ];
  if (tools.includes(undefined)) {
    project.provide('libvirt', undefined);
    return undefined;
  }
  const { pid, directory, stop } = await startLibvirt();
  project.provide('libvirt', { pid, directory });
  return stop;
}
