import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/libvirt/**/*.test.ts'],
    globalSetup: ['test/libvirt/global-setup.ts'],
    env: { KVMPLAY_DAEMON: 'libvirtd' },
    // All of them use the one daemon.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
