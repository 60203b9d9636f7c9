import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/vm/**', 'test/libvirt/**', 'test/container/**', 'test/bench/**'],
    // Most of them wait for a program that they have started.
    maxWorkers: '100%',
    globalSetup: 'test/support/temporary.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
