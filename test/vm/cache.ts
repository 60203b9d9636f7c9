import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where images are kept between runs: $KVMPLAY_CACHE, else the user's cache directory. */
export function cacheDirectory(): string {
  return process.env.KVMPLAY_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kvmplay');
}
