import type { TestProject } from 'vitest/node';
import { tool } from '../support/tool.ts';
import { bootHost } from './boot.ts';
import type { Address } from './host.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Undefined where nothing can be emulated. */
    readonly vm: Address | undefined;
  }
}

/** One emulated host for all tests of the tier: a boot costs a minute or two. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const tools = [tool('qemu-system-x86_64', 'qemu-system-x86'), tool('mmdebstrap', 'mmdebstrap')];
  if (tools.includes(undefined)) {
    project.provide('vm', undefined);
    return undefined;
  }
  const { port, keyFile, knownHostsFile, directory, bootSeconds, stop } = await bootHost();
  console.log(`the emulated host is up after ${bootSeconds.toFixed(0)} s`);
  project.provide('vm', { port, keyFile, knownHostsFile, directory });
  return stop;
}
