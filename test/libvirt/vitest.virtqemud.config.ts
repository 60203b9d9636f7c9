import { mergeConfig } from 'vitest/config';
import monolithic from './vitest.config.ts';

/** The same tests on libvirt's modular daemon. */
export default mergeConfig(monolithic, { test: { env: { KVMPLAY_DAEMON: 'virtqemud' } } });
