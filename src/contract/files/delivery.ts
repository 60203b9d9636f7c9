import type { Source } from '../module.ts';
import type { WantedFile } from './write.ts';

/** A file to be brought to a host, as `copy` and `template` ask for it. `source` is what the engine found for `src`. */
export interface Delivery extends Omit<WantedFile, 'path' | 'content'> {
  readonly dest: string;
  readonly content?: string | undefined;
  readonly source?: Source | undefined;
  readonly force: boolean;
  /** Of directories that are made. */
  readonly directory_mode?: string | undefined;
}
