import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFixtures } from '../support/shared.ts';

export interface Sample {
  readonly name: string;
  readonly text: string;
}

/** libvirt's own test files, each by its folder and name; none where they were not handed over. */
export function corpus(): readonly Sample[] {
  const root = sharedFixtures('domain-xml');
  if (root === undefined) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.xml'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
}
