import type { TestProject } from 'vitest/node';
import { tool } from '../support/tool.ts';
import { type BootOptions, bootHost } from './boot.ts';
import type { Address } from './host.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Undefined where nothing can be emulated. */
    readonly vm: Address | undefined;
  }
}

/** Booted as the kernel's command line that `hugepages` and `kernel_cmdline` write would have it. */
const WITH_KVM: BootOptions = { machine: '2s2n-amd', append: 'hugepagesz=1G hugepages=1:1' };

/** One emulated host for all tests of a run: a boot costs a minute or two. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const tools = [tool('qemu-system-x86_64', 'qemu-system-x86'), tool('mmdebstrap', 'mmdebstrap')];
  if (tools.includes(undefined)) {
    project.provide('vm', undefined);
    return undefined;
  }
  const { port, keyFile, knownHostsFile, directory, bootSeconds, stop } = await bootHost(
    project.config.env.KVMPLAY_MACHINE === 'kvm' ? WITH_KVM : {},
  );
  console.log(`the emulated host is up after ${bootSeconds.toFixed(0)} s`);
  project.provide('vm', { port, keyFile, knownHostsFile, directory });
  return stop;
}
