import { randomBytes } from 'node:crypto';
import { chown, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replace a file's contents whole or not at all, also when the machine dies meanwhile: a new file beside it, on disk
 * before it takes the name. Mode and owner stay; a new file is its owner's alone. Links are followed.
 */
export async function replaceFile(file: string, bytes: Buffer): Promise<void> {
  const path = await realpath(file).catch(() => file);
  const before = await stat(path).catch(() => undefined);
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      if (before) {
        if (before.uid !== process.getuid?.() || before.gid !== process.getgid?.())
          await chown(beside, before.uid, before.gid);
        await handle.chmod(before.mode & 0o7777);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  const folder = await open(dirname(path));
  await folder.sync().finally(() => folder.close());
}
