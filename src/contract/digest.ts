import { createHash } from 'node:crypto';

/** By which a host tells whether a text is still what it was: SHA-256, in hex, newlines at the end left out. */
export const digestOf = (text: string): string => createHash('sha256').update(text.replace(/\n+$/, '')).digest('hex');

/** What sha1sum(1) says of these bytes. */
export const sha1Of = (bytes: string | Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

/** What sha256sum(1) says of these bytes. */
export const sha256Of = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
