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

/** A file as a user wrote it, and what libvirt makes of it. */
interface Pair {
  readonly name: string;
  readonly written: string;
  readonly kept: string;
}

/** In one folder is what goes into libvirt, in another what comes out: by the same name, or with an architecture behind it. */
const FOLDERS = [
  ['qemuxml2argvdata', 'qemuxml2xmloutdata'],
  ['genericxml2xmlindata', 'genericxml2xmloutdata'],
] as const;

export function writtenAndKept(samples: readonly Sample[]): readonly Pair[] {
  return FOLDERS.flatMap(([into, out]) =>
    samples
      .filter(({ name }) => name.startsWith(`${out}/`))
      .flatMap(({ name, text: kept }): Pair[] => {
        const short = name.slice(out.length + 1);
        const stems = [short.replace(/\.xml$/, ''), short.replace(/\.[^.]+\.xml$/, '')];
        const written = samples.find((one) => stems.some((stem) => one.name === `${into}/${stem}.xml`));
        return written ? [{ name: short, written: written.text, kept }] : [];
      }),
  );
}
