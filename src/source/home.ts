import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that kvmplay is installed in, whether run from source or built. */
export const HOME: string = homeOf(dirname(fileURLToPath(import.meta.url)));

export const VERSION: string = JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8')).version;

function homeOf(from: string): string {
  try {
    if (JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')).name === 'kvmplay') return from;
  } catch {
    // Not here: look further up.
  }
  if (dirname(from) === from) throw new Error('kvmplay does not find its own package.json');
  return homeOf(dirname(from));
}
