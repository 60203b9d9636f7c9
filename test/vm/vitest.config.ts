import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/vm/**/*.test.ts'],
    globalSetup: ['test/vm/global-setup.ts'],
    // All of them use the one emulated host, and it is slow.
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 660_000,
  },
});
