import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program of this machine is, or undefined, said aloud, so that its tests are skipped. In CI it must be there. */
export function tool(name: string, debianPackage: string): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  const why = `${name} is not installed (Debian's package ${debianPackage})`;
  if (process.env.CI) throw new Error(why);
  console.warn(`skipped: ${why}`);
  return undefined;
}
