import { defineConfig } from 'vitest/config';
import others from './vitest.config.ts';

/** Tests that need KVM inside the emulated host, which a machine without threads alone has: a boot of their own. */
export default defineConfig({
  test: { ...others.test, include: ['test/vm/kvm/*.test.ts'], env: { KVMPLAY_MACHINE: 'kvm' } },
});
