import type { Diagnostic } from '../source/diagnostic.ts';

/** With a hint, where there is no better one. */
export const seeDoc = (one: Diagnostic, module: string): Diagnostic => ({ hint: `see kvmplay doc ${module}`, ...one });
