import type { Event } from '../engine/events.ts';
import type { RunDocument } from './document.ts';

/** The whole run as one document. */
export const toJson = (document: RunDocument): string => `${JSON.stringify(document, null, 2)}\n`;

/** The same facts as they happen: one event a line. */
export function jsonlReport(write: (text: string) => void): (event: Event) => void {
  return (event) => write(`${JSON.stringify(event)}\n`);
}
