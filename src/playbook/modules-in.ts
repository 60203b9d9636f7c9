import { join } from 'node:path';
import { namesIn } from './find-file.ts';

/** A project's own modules in a directory: `wipe_disk.ts` is `wipe_disk`. Other names are files that modules import. */
export const modulesIn = (directory: string): readonly { readonly name: string; readonly file: string }[] =>
  namesIn(directory).flatMap((file) => {
    const name = /^([a-z][a-z0-9_]*)\.ts$/.exec(file)?.[1];
    return name === undefined ? [] : [{ name, file: join(directory, file) }];
  });
