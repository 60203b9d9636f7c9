import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedImage } from '../support/cached-image.ts';

/** The emulated host's files: a raw root disk to put overlays on, what boots it, and the key that opens it. */
export interface Image {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly key: string;
  /** The host key's type and blob, as in known_hosts. */
  readonly hostKey: string;
}

/** Builds the image, or finds the one that this recipe made before. Building takes one to three minutes. */
export function ensureImage(): Image {
  const directory = cachedImage(join('test', 'vm', 'image'), 'image');
  const at = (name: string) => join(directory, name);
  return {
    disk: at('disk.raw'),
    kernel: at('vmlinuz'),
    initrd: at('initrd'),
    key: at('id'),
    hostKey: readFileSync(at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ').trim(),
  };
}
