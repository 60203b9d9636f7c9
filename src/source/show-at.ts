import { relative } from 'node:path';
import type { Position } from './diagnostic.ts';

/** `site.yml:12:7`, from where the user stands if that is shorter. */
export function showAt(at: Position): string {
  const near = relative(process.cwd(), at.file);
  return `${near && near.length < at.file.length ? near : at.file}:${at.line}:${at.column}`;
}
