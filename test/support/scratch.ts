import { existsSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';
const ENOUGH = 1 << 30;

/**
 * A new folder for tens of thousands of small files, to be removed by whoever asked for it. In memory where there is
 * room: a disk takes a minute to remove them, and ext4 as long to give out their inodes again.
 */
export function scratchFolder(prefix: string): string {
  const room = existsSync(SHARED_MEMORY) ? statfsSync(SHARED_MEMORY) : undefined;
  const place = room && room.bavail * room.bsize >= ENOUGH ? SHARED_MEMORY : tmpdir();
  return mkdtempSync(join(place, `${prefix}-`));
}
