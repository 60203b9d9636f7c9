import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LAST = '/kernel-cmdline.test.ts';

/** In whatever order, but what leaves the host booted with other arguments is the last one. */
class WithLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(a.moduleId.endsWith(LAST)) - Number(b.moduleId.endsWith(LAST)));
  }
}

export default defineConfig({
  test: {
    include: ['test/vm/*.test.ts'],
    globalSetup: ['test/vm/global-setup.ts'],
    env: { KVMPLAY_MACHINE: 'threads' },
    // All of them use the one emulated host, and it is slow.
    fileParallelism: false,
    sequence: { sequencer: WithLast },
    testTimeout: 600_000,
    hookTimeout: 660_000,
  },
});
