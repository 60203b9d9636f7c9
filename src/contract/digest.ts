import { createHash } from 'node:crypto';

/** By which a host tells whether a text is still what it was: SHA-256, in hex, newlines at the end left out. */
export const digestOf = (text: string): string => createHash('sha256').update(text.replace(/\n+$/, '')).digest('hex');
