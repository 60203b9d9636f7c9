import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the real inputs of other people's making are, or undefined where they were not handed over. */
export function sharedFixtures(name: string): string | undefined {
  const shared = process.env.KVMPLAY_SHARED ?? join(dirname(checkout), 'shared');
  const path = join(shared, 'fixtures', name);
  return existsSync(path) ? path : undefined;
}
