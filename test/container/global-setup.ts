import type { TestProject } from 'vitest/node';
import { tool } from '../support/tool.ts';
import { type Address, startDocker } from './docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Undefined where there is no Docker. */
    readonly docker: Address | undefined;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const tools = [
    tool('dockerd', 'docker.io'),
    tool('docker', 'docker.io'),
    tool('mmdebstrap', 'mmdebstrap'),
    tool('nsenter', 'util-linux'),
  ];
  if (tools.includes(undefined) || !isRoot()) {
    project.provide('docker', undefined);
    return undefined;
  }
  const { pid, directory, socket, cgroup, stop } = await startDocker();
  project.provide('docker', { pid, directory, socket, cgroup });
  return stop;
}

function isRoot(): boolean {
  if (process.getuid?.() === 0) return true;
  const why = 'only root can start a dockerd';
  if (process.env.CI) throw new Error(why);
  console.warn(`skipped: ${why}`);
  return false;
}
