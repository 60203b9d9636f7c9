import { join, resolve } from 'node:path';
import { HOME } from '../source/home.ts';
import { namesIn } from './find-file.ts';

/**
 * A project's own modules in a directory: `wipe_disk.ts` is `wipe_disk`. Other names are files that modules import. The modules
 * that kvmplay comes with are nobody's own, also where its folder is the project's.
 */
export function modulesIn(directory: string): readonly { readonly name: string; readonly file: string }[] {
  if (resolve(directory) === join(HOME, 'modules')) return [];
  return namesIn(directory).flatMap((file) => {
    const name = /^([a-z][a-z0-9_]*)\.ts$/.exec(file)?.[1];
    return name === undefined ? [] : [{ name, file: join(directory, file) }];
  });
}
