import { join } from 'node:path';
import { cachedImage } from '../support/cached-image.ts';

/** The containers' root as a tar, for `docker import`. Built in about a minute, or found as this recipe made it before. */
export const ensureRoot = (): string =>
  join(cachedImage(join('test', 'container', 'image'), 'container image'), 'root.tar');
