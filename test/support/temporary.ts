import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** All that tests and what they start lay down for a while goes into one folder, and that away with them. */
export default function setup(): () => void {
  // Short, since sockets in it have to fit into 108 bytes; open to the users that some tests make.
  const folder = mkdtempSync(join(tmpdir(), 'kvp-'));
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
